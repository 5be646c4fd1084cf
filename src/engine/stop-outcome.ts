import type { Clock } from "../base/clock.ts";
import type { Execution } from "../model/execution.ts";
import type { StopOutcome } from "../model/operations.ts";
import type { ActiveRun } from "./active-run.ts";

/** What became of a stop, read from the execution as it stands. */
export function outcomeOf(execution: Execution): StopOutcome {
  switch (execution.status) {
    case "CANCEL":
      return { kind: "stopped", execution };
    case "SUCCESS":
    case "FAIL":
    case "SKIPPED":
      return { kind: "finished-by-itself", execution };
    case "QUEUED":
    case "RUNNING": {
      const proof = execution.proof ?? {
        level: "recorded",
        at: execution.stop?.requestedAt ?? execution.queuedAt,
        note: "the stop is recorded; its first look at the source is not over",
      };
      return { kind: "not-proven", execution, proof };
    }
  }
}

/** The ended execution, or null if the wait is over first. The run is not touched by that. */
export async function endedWithin(
  run: ActiveRun,
  waitMs: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<Execution | null> {
  const done = new AbortController();
  const both = signal === undefined ? done.signal : AbortSignal.any([signal, done.signal]);
  const over = clock.sleep(waitMs, { signal: both }).then(
    () => null,
    () => null,
  );
  const first = await Promise.race([run.ended.promise, over]);
  done.abort();
  await over;
  return first;
}
