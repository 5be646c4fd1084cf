import type { Clock } from "../base/clock.ts";
import type { RunPlan } from "../model/execution.ts";
import type { RunEvents } from "../model/pool-host.ts";
import type { PoolStore } from "../model/pool-store.ts";
import type { Source } from "../model/source.ts";

/** What a run needs of the process it lives in. */
export interface RunParts {
  store: PoolStore;
  source: (type: string) => Source;
  events: RunEvents;
  clock: Clock;
}

/** Work that ends in a COMMIT: the server is told when that begins and when its outcome is known. */
export async function inCommit(
  { events }: Pick<Run, "events">,
  work: (onCommit: () => void) => Promise<void>,
): Promise<void> {
  const told: Promise<void>[] = [];
  try {
    await work(() => {
      told.push(events.committing(true));
    });
  } finally {
    await Promise.all(told);
    if (told.length > 0) await events.committing(false);
  }
}

/** One run while it lives: its plan, its parts, and what it has done at the source so far. */
export interface Run extends RunParts {
  plan: RunPlan;
  password: string | null;
  signal: AbortSignal;
  /** The source may be touched only after that was recorded; recorded once a run. */
  touched: boolean;
  /** Sessions that were opened, or may have been: a connect that was cut off counts. */
  sessionsOpened: number;
}
