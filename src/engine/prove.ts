import type { Clock } from "../base/clock.ts";
import type { RunPlan, SourceSessionId } from "../model/execution.ts";
import type { SessionList, SourceControl, SourceSessionView } from "../model/source.ts";
import type { EndStep, Proof, ProofLevel } from "../model/stop.ts";
import type { SecondConnection } from "./second-connection.ts";

/** Pauses between looks; the last one repeats. A session closed by us is gone in milliseconds. */
const lookAgainMs = [0, 2, 8, 40, 100, 100, 250, 500, 1000, 1500, 1500, 2000];
/** The pause while the list cannot be read and `longAfterMs` have passed: it may take a night. */
const unreadableMs = 10_000;
const longAfterMs = 30_000;
/** Looks so close to each other that nothing is written between them: the source comes first. */
const quickLooks = 3;
/** When a session is asked again to give up its statement, from its first sight: a cancel can be lost without an error. */
const cancelAtMs = [0, 250, 500, 1000, 2000];
/** Without a stop, sessions are first given these looks to end by themselves. */
const patientLooks = 6;
/** From here on sessions are terminated instead of asked: user SQL can swallow a cancel. */
export const terminateAfterMs = 5000;
/** From here on the pool's process is killed if the run in it has not ended. */
export const killAfterMs = 15_000;
/** The same while a COMMIT is under way. It is not interrupted, and decides by itself; one that takes longer hangs. */
const killInCommitAfterMs = 60_000;

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
  /** True while a COMMIT of it is under way in the pool. */
  committing: () => boolean;
  /** Aborts when a person declares it over; the reason is that one line. Believed only once the worker is gone. */
  declared: AbortSignal;
  /** Tells the run to end, again. False when there is nobody to tell: its server died. */
  abort: () => boolean;
  /** Kills its pool's process; false as above. */
  kill: () => boolean;
  /** Resolves at the next change worth a look: the worker gone, a stop asked for. */
  changed: (options: { signal: AbortSignal }) => Promise<void>;
  record: (proof: Proof) => Promise<void>;
  /** What was done or seen, for the receipt. */
  step: (step: EndStep) => Promise<void>;
}

export interface ProveParts {
  clock: Clock;
  /** Over which it looks; null for a job without a connection. */
  second: SecondConnection | null;
}

/**
 * The one way an execution ends: a loop until nothing of it runs, at the source and in the pool. It begins
 * when a stop was asked for or the worker is gone.
 *
 * Each turn: tell the worker to end, and kill it after 15 s (in a COMMIT after 60); read over the server's own second connection
 * which sessions carry the execution's tag; cancel them, again at 0.25, 0.5, 1 and 2 s, terminate what runs no
 * statement or waits for its client, and everything from 5 s on; look again. A list that cannot be read is unknown, never empty: the loop goes on until it can, or
 * until a person declares the execution over.
 * Returns the proof, `source idle` or `declared`. Rejects only when `signal` aborts (the server itself ends).
 */
export async function endUntilProven(
  ending: Ending,
  { clock, second }: ProveParts,
  { signal }: { signal: AbortSignal },
): Promise<Proof> {
  const looking = AbortSignal.any([signal, ending.declared]);
  const trace = new Trace(ending, clock);
  const press = new Pressure(ending, clock, trace);
  try {
    for (let turn = 0; ; turn += 1) {
      signal.throwIfAborted();
      press.worker();
      // Before the look: a worker that is gone now cannot open a session after it.
      const workerGone = ending.workerGone();
      if (workerGone) trace.once("worker gone", "nothing of it is left in the pool's process");
      if (workerGone && ending.declared.aborted) return await trace.declared(String(ending.declared.reason));
      const level = workerGone ? "worker gone" : "recorded";
      if (second === null || !ending.touched()) {
        if (workerGone) return await trace.idle("no session at the source was ever opened");
        await trace.reached(level, "the pool's process has not ended it yet");
        await pause(ending, clock, pauseAfter(turn), { signal });
        continue;
      }
      const look = await second.look(ending.plan.executionId, ending.sessions(), { signal: looking });
      signal.throwIfAborted();
      if (ending.declared.aborted) continue;
      if ("unknown" in look) {
        if (workerGone && ending.neverOpened())
          return await trace.idle("no session at the source was ever opened; it cannot be read now");
        trace.once("source unknown", look.unknown);
        await trace.reached(level, `the list of sessions at the source cannot be read: ${look.unknown}`);
      } else if (look.list.sessions.length > 0) {
        const pids = look.list.sessions.map(({ pid }) => pid);
        trace.once("source read", `its list holds session ${pids.join(", ")} of this execution`);
        if (ending.stopAsked() || turn >= patientLooks) {
          await press.sessions(look.control, look.list, { signal: looking });
          if (turn >= quickLooks)
            await trace.reached(level, `still at the source: ${press.waitsFor(look.list)}`);
        }
      } else if (workerGone) {
        return await trace.idle(
          `the source's list of sessions, read at ${look.list.readAt}, holds none of this execution`,
        );
      } else if (ending.stopAsked()) {
        await trace.reached(
          level,
          "none of its sessions is at the source; the pool's process has not ended it yet",
        );
      }
      if (turn >= quickLooks) await trace.write();
      const unknownForLong = "unknown" in look && press.elapsedMs >= longAfterMs;
      await pause(ending, clock, unknownForLong ? unreadableMs : pauseAfter(turn), { signal });
    }
  } finally {
    await second?.close();
  }
}

function pauseAfter(turn: number): number {
  return lookAgainMs[Math.min(turn, lookAgainMs.length - 1)] ?? 2000;
}

/** What is done to make it end, harder as time passes. */
class Pressure {
  readonly #ending: Ending;
  readonly #clock: Clock;
  readonly #trace: Trace;
  readonly #began: number;
  /** By session: when it was first seen (monotonic ms), and how often it was asked. */
  readonly #asked = new Map<string, { since: number; times: number }>();

  constructor(ending: Ending, clock: Clock, trace: Trace) {
    this.#ending = ending;
    this.#clock = clock;
    this.#trace = trace;
    this.#began = clock.monotonic();
  }

  get elapsedMs(): number {
    return this.#clock.monotonic() - this.#began;
  }

  worker(): void {
    const { stopAsked, workerGone, committing, abort, kill } = this.#ending;
    if (!stopAsked() || workerGone()) return;
    const limitMs = committing() ? killInCommitAfterMs : killAfterMs;
    if (this.elapsedMs < limitMs) {
      if (abort()) this.#trace.once("told the worker", "to abort the run and close its sessions");
    } else if (kill()) {
      this.#trace.once("killed the worker", `it had not ended after ${String(limitMs / 1000)} s`);
    }
  }

  async sessions(
    control: SourceControl,
    { sessions }: SessionList,
    options: { signal: AbortSignal },
  ): Promise<void> {
    for (const session of sessions) {
      try {
        if (isDeafToCancel(session) || this.elapsedMs >= terminateAfterMs) {
          await control.terminate(session, options);
          this.#trace.once("terminated at the source", `session ${String(session.pid)}`);
        } else if (this.#isDue(session)) {
          await control.cancel(session, options);
          this.#trace.add("cancelled at the source", `session ${String(session.pid)}`);
        }
      } catch {
        // Whether it helped is seen at the next look; a session that cannot be ended stays on the list.
      }
    }
  }

  #isDue({ pid, startedAt }: SourceSessionId): boolean {
    const key = `${String(pid)} ${startedAt}`;
    const now = this.#clock.monotonic();
    const asked = this.#asked.get(key) ?? { since: now, times: 0 };
    this.#asked.set(key, asked);
    const due = cancelAtMs[asked.times];
    if (due === undefined || now - asked.since < due) return false;
    asked.times += 1;
    return true;
  }

  waitsFor(list: SessionList): string {
    const how = this.elapsedMs >= terminateAfterMs ? "terminated" : "cancelled";
    return `${sessionsAt(list)}; ${how} and not gone yet`;
  }
}

/**
 * One that runs nothing, or is held back in sending to its client, gives nothing up on a cancel: it has only to
 * go, and its worker may be too busy to say goodbye.
 */
function isDeafToCancel({ state, waits }: SourceSessionView): boolean {
  return state.startsWith("idle") || waits.startsWith("Client:");
}

function sessionsAt({ sessions }: SessionList): string {
  const described = ({ pid, state, waits }: SourceSessionView): string =>
    `${String(pid)} (${state}${waits === "" ? "" : `, waits for ${waits}`})`;
  return `session ${sessions.map(described).join(", ")}`;
}

/**
 * The written trace: the level reached, and each step towards it, neither twice in the same words. Steps are
 * written where the loop waits anyway: a durable write in between would keep the source waiting.
 */
class Trace {
  readonly #ending: Ending;
  readonly #clock: Clock;
  readonly #known = new Set<string>();
  readonly #steps: EndStep[] = [];
  #said = "";

  constructor(ending: Ending, clock: Clock) {
    this.#ending = ending;
    this.#clock = clock;
  }

  add(step: EndStep["step"], note: string): void {
    this.#steps.push({ at: this.#clock.now(), step, note });
  }

  once(step: EndStep["step"], note: string): void {
    const text = `${step} ${note}`;
    if (this.#known.has(text)) return;
    this.#known.add(text);
    this.add(step, note);
  }

  async write(): Promise<void> {
    for (const step of this.#steps.splice(0)) await this.#ending.step(step);
  }

  async reached(level: ProofLevel, note: string): Promise<Proof> {
    await this.write();
    const proof = { level, at: this.#clock.now(), note };
    if (`${level} ${note}` !== this.#said) await this.#ending.record(proof);
    this.#said = `${level} ${note}`;
    return proof;
  }

  async idle(note: string): Promise<Proof> {
    this.add("source idle", note);
    return this.reached("source idle", note);
  }

  async declared(because: string): Promise<Proof> {
    this.add("declared", because);
    return this.reached("declared", because);
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
