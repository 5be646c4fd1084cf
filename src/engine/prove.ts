import type { Clock } from "../base/clock.ts";
import { errorLine } from "../model/errors.ts";
import { sourceTag, type RunPlan, type SourceSessionId } from "../model/execution.ts";
import type { Source, SourceAccess, SourceControl, SessionList } from "../model/source.ts";
import type { Proof, ProofLevel } from "../model/stop.ts";

/** When it looks again, after its first look at once; the last one repeats. A session closed by us is gone in milliseconds. */
const lookAgainMs = [10, 40, 100, 100, 250, 500, 1000, 2000, 3000];
/** Without a stop, sessions are first given these looks to end by themselves. */
const patientLooks = 4;
/** From here on sessions are terminated instead of asked: user SQL can swallow a cancel. */
export const terminateAfterMs = 5000;
/** From here on the pool's process is killed if the run in it has not ended. */
export const killAfterMs = 15_000;

/** The execution to be ended, as far as the proof needs to know it. */
export interface Ending {
  plan: RunPlan;
  /** Sessions it was seen to have; read anew at every look, more may come. */
  sessions: () => readonly SourceSessionId[];
  /** False only if no connect was ever begun. */
  touched: () => boolean;
  /** The worker's own word, once it is gone: no session was ever opened. Counts only where the source cannot be read. */
  neverOpened: () => boolean;
  /** True when a stop was asked for: sessions are then cancelled without waiting. */
  stopAsked: () => boolean;
  /** True when nothing of it is left in its pool's process. */
  workerGone: () => boolean;
  /** Tells the run to end, again. */
  abort: () => void;
  kill: () => void;
  /** Resolves at the next change worth a look: the worker gone, a stop asked for. */
  changed: (options: { signal: AbortSignal }) => Promise<void>;
  record: (proof: Proof) => Promise<void>;
}

export interface ProveParts {
  clock: Clock;
  /** Null for a job without a connection. */
  source: Source | null;
  /** How to look, asked for at every new connection: a password may be put right meanwhile. A rejection is "unknown". */
  access: () => Promise<SourceAccess | null>;
}

/**
 * The one way an execution ends: a loop until nothing of it runs, at the source and in the pool. It begins
 * when a stop was asked for or the worker is gone.
 *
 * Each turn: tell the worker to end; read over the server's own second connection which sessions carry the
 * execution's tag; cancel them, after 5 s terminate them; after 15 s kill a worker that did not end; look
 * again. A list that cannot be read is unknown, never empty: the loop goes on until it can.
 * Returns the proof, level `source idle`. Rejects only when `signal` aborts (the server itself ends).
 */
export async function endUntilProven(
  ending: Ending,
  { clock, source, access }: ProveParts,
  { signal }: { signal: AbortSignal },
): Promise<Proof> {
  let control: SourceControl | null = null;
  const began = clock.monotonic();
  let said = "";
  const record = async (level: ProofLevel, note: string): Promise<Proof> => {
    const proof = { level, at: clock.now(), note };
    if (`${level} ${note}` !== said) await ending.record(proof);
    said = `${level} ${note}`;
    return proof;
  };
  try {
    for (let turn = 0; ; turn += 1) {
      signal.throwIfAborted();
      const asked = ending.stopAsked();
      const elapsed = clock.monotonic() - began;
      if (asked && !ending.workerGone()) {
        if (elapsed >= killAfterMs) ending.kill();
        else ending.abort();
      }

      // Before the look: a worker that is gone now cannot open a session after it.
      const workerGone = ending.workerGone();
      const level = workerGone ? "worker gone" : "recorded";
      const touched = source !== null && ending.touched();
      if (workerGone && !touched) {
        return await record("source idle", "no session at the source was ever opened");
      }
      if (!touched) await record(level, "the pool's process has not ended it yet");
      else {
        let list: SessionList | null = null;
        try {
          control ??= await connect(source, access, { signal });
          list = await control.sessions(sourceTag(ending.plan.executionId), [...ending.sessions()], {
            signal,
          });
        } catch (error) {
          signal.throwIfAborted();
          await control?.close();
          control = null;
          if (workerGone && ending.neverOpened()) {
            return await record(
              "source idle",
              "no session at the source was ever opened; it cannot be read now",
            );
          }
          await record(level, `the list of sessions at the source cannot be read: ${errorLine(error)}`);
        }
        if (list !== null && list.sessions.length === 0) {
          if (workerGone) {
            return await record(
              "source idle",
              `the source's list of sessions, read at ${list.readAt}, holds none of this execution`,
            );
          }
          if (asked)
            await record(
              level,
              "none of its sessions is at the source; the pool's process has not ended it yet",
            );
        } else if (list !== null && (asked || turn >= patientLooks)) {
          await endSessions(control, list, elapsed, { signal });
          await record(level, waitingFor(list, elapsed));
        }
      }
      await pause(ending, clock, lookAgainMs[Math.min(turn, lookAgainMs.length - 1)] ?? 3000, { signal });
    }
  } finally {
    await control?.close();
  }
}

async function connect(
  source: Source,
  access: ProveParts["access"],
  options: { signal: AbortSignal },
): Promise<SourceControl> {
  const known = await access();
  if (known === null) throw new Error("how to connect is not known");
  return source.control(known, options);
}

function waitingFor(list: SessionList, elapsed: number): string {
  const names = list.sessions.map(
    ({ pid, state, waits }) => `${String(pid)} (${state}${waits === "" ? "" : `, waits for ${waits}`})`,
  );
  const how = elapsed >= terminateAfterMs ? "terminated" : "cancelled";
  return `still at the source: session ${names.join(", ")}; ${how} and not gone yet`;
}

async function endSessions(
  control: SourceControl | null,
  list: SessionList,
  elapsed: number,
  options: { signal: AbortSignal },
): Promise<void> {
  for (const session of list.sessions) {
    try {
      if (elapsed >= terminateAfterMs) await control?.terminate(session, options);
      else await control?.cancel(session, options);
    } catch {
      // Whether it helped is seen at the next look; a session that cannot be ended stays on the list.
    }
  }
}

/** Waits `ms`, but not past the next change. */
async function pause(
  ending: Ending,
  clock: Clock,
  ms: number,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const done = new AbortController();
  const both = AbortSignal.any([signal, done.signal]);
  const ends = [ending.changed({ signal: both }), clock.sleep(ms, { signal: both })];
  try {
    await Promise.race(ends);
  } finally {
    done.abort();
    await Promise.allSettled(ends);
  }
  signal.throwIfAborted();
}
