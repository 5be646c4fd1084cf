import type { Clock } from "../base/clock.ts";
import { UserError } from "../model/errors.ts";
import type { Source, SourceAccess } from "../model/source.ts";
import type { StateStore } from "../model/state-store.ts";
import type { Settlement } from "../model/stop.ts";
import type { ActiveRun } from "./active-run.ts";
import { jobLine } from "./log.ts";
import { SecondConnection } from "./second-connection.ts";
import type { ServerActs } from "./server-acts.ts";

const outcomes = { busy: "still at the source, terminated", idle: "source idle" } as const;

/** Pauses between looks at a source that could not be read; the last one repeats. */
const lookAgainMs = [1000, 2000, 5000, 10_000, 30_000];

export interface SettledParts {
  store: StateStore;
  clock: Clock;
  source: (type: string) => Source;
  acts: ServerActs;
  access: (executionId: string) => Promise<SourceAccess | null>;
  onChange: (poolId: string) => void;
}

/**
 * Refuses to let a person declare over what can be known: a run that nobody stopped, a worker that lives, a
 * source that answers.
 * @throws UserError "conflict" saying which, and what to do instead.
 */
export async function mayBeSettled(
  run: ActiveRun,
  { source, access }: Pick<SettledParts, "source" | "access">,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const { id, plan } = run.execution;
  const refuse = (message: string, next: string): never => {
    throw new UserError("conflict", message, { operation: `settle execution ${id}`, next });
  };
  if (run.stop === null && !run.workerGone) refuse("it runs, and nobody asked it to stop", "stop it");
  if (!run.workerGone) {
    refuse(
      "the process of its pool has not ended it yet; it is killed 15 s after the stop",
      "ask again when its proof says that the worker is gone",
    );
  }
  if (plan.dataSource === null || !run.touched)
    refuse("it never touched a source", "wait: it ends by itself");
  const { type } = plan.dataSource ?? { type: "" };
  // The one that the loop reads over may still be let in where a new one is not.
  const second = run.second ?? new SecondConnection(source(type), () => access(id));
  try {
    const look = await second.look(id, run.sessions, { signal });
    // A look that was given up says nothing.
    signal.throwIfAborted();
    if ("unknown" in look) return;
    const there = look.list.sessions.map(({ pid }) => pid);
    refuse(
      there.length === 0
        ? "the source can be read and holds nothing of it"
        : `the source can be read, and session ${there.join(", ")} of it is still there`,
      there.length === 0
        ? "wait: it ends by itself, with proof"
        : "end the session at the source; the stop goes on",
    );
  } finally {
    if (second !== run.second) await second.close();
  }
}

/**
 * After a declaration: looks at the source until it can be read, ends what is left there of the execution, and
 * closes the case when there is nothing. The declaration stands for ever; only what the source said is added.
 * Resolves when the case is closed or `signal` aborts.
 */
export async function followSettlement(
  { executionId, poolId }: Settlement,
  { store, clock, source, acts, access, onChange }: SettledParts,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const execution = await store.execution(executionId);
  const type = execution?.plan.dataSource?.type;
  if (execution === null || type === undefined) return;
  const second = new SecondConnection(source(type), () => access(executionId));
  let said = "";
  /** False when it could not be written: then it is said again at the next look. */
  const note = async (seen: Settlement["seen"], words: string): Promise<boolean> => {
    if (said === `${seen} ${words}`) return true;
    try {
      if (seen !== "unknown") await store.appendLog([jobLine(execution, clock.now(), "WARNING", words)]);
      await store.noteSettlement(executionId, seen, clock.now(), words);
    } catch {
      return false;
    }
    said = `${seen} ${words}`;
    onChange(poolId);
    if (seen !== "unknown") await acts.sawDeclared(execution, outcomes[seen]);
    return true;
  };
  try {
    for (let turn = 0; !signal.aborted; turn += 1) {
      const look = await second.look(executionId, execution.sessions, { signal });
      if (signal.aborted) return;
      if ("unknown" in look) await note("unknown", look.unknown);
      else if (look.list.sessions.length === 0) {
        const words = `Declared over before; the source's list of sessions, read at ${look.list.readAt}, holds none of this execution`;
        if (await note("idle", words)) return;
      } else {
        const pids = look.list.sessions.map(({ pid }) => pid).join(", ");
        await note(
          "busy",
          `Declared over, but session ${pids} of it is at the source; it is being terminated`,
        );
        for (const session of look.list.sessions) {
          // Whether it helped is seen at the next look.
          await look.control.terminate(session, { signal }).catch(() => undefined);
        }
      }
      await clock
        .sleep(lookAgainMs[Math.min(turn, lookAgainMs.length - 1)] ?? 30_000, { signal })
        .catch(() => undefined);
    }
  } finally {
    await second.close();
  }
}
