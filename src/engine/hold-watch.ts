import type { Clock } from "../base/clock.ts";
import { newId } from "../base/ids.ts";
import type { DataPool } from "../model/definitions.ts";
import { errorLine } from "../model/errors.ts";
import type { Hold } from "../model/hold.ts";
import { runOf } from "../model/remote-team.ts";
import type { StateStore } from "../model/state-store.ts";
import type { TeamJob } from "../model/team.ts";
import { isActive } from "./relayed-team.ts";
import type { Relays } from "./relays.ts";
import type { ServerActs } from "./server-acts.ts";

export interface HoldWatchParts {
  state: StateStore;
  relays: Relays;
  clock: Clock;
  acts: Pick<ServerActs, "stopUnderHold">;
  report: (line: string) => void;
}

const usualEveryMs = 5000;
/** A run that does not end is told again after this long. */
const againMs = 30_000;

/**
 * Holds on pools of other teams. The teams hold nothing themselves, so this looks again and again while one is in
 * force, and stops what has started since it was laid.
 */
export class HoldWatch {
  readonly #parts: HoldWatchParts;
  readonly #closing = new AbortController();
  /** By run: when it was told to stop, monotonic. */
  readonly #told = new Map<string, number>();
  /** By pool: what kept the last look away, so that it is reported once. */
  readonly #trouble = new Map<string, string>();
  #loop: Promise<void> = Promise.resolve();

  constructor(parts: HoldWatchParts) {
    this.#parts = parts;
  }

  start(everyMs = usualEveryMs): void {
    this.#loop = this.#run(everyMs);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
  }

  async #run(everyMs: number): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#round().catch((error: unknown) => {
        this.#note("", errorLine(error));
      });
      await this.#parts.clock.sleep(everyMs, { signal }).catch(() => undefined);
    }
  }

  async #round(): Promise<void> {
    const { state, clock } = this.#parts;
    const pools = (await state.pools()).filter((pool) => pool.team !== undefined);
    await Promise.all(
      pools.map(async (pool) => {
        const holds = await state.holds(pool.id, clock.now());
        if (holds.length === 0) return;
        try {
          await this.#look(pool, holds);
          this.#trouble.delete(pool.id);
        } catch (error) {
          this.#note(pool.id, `pool ${pool.id} of ${pool.team?.name ?? ""}: ${errorLine(error)}`);
        }
      }),
    );
  }

  async #look(pool: DataPool, holds: Hold[]): Promise<void> {
    const { state, relays } = this.#parts;
    const { signal } = this.#closing;
    const { end, reads } = await relays.of(pool);
    const ask = (options: { signal: AbortSignal }) => end.jobs(pool.id, options);
    const { value: jobs } = await reads.read(`${pool.id} jobs`, ask, { signal });
    for (const hold of holds) {
      const spared = new Set(await state.spared(hold.id));
      const covered = (job: TeamJob): boolean => hold.scope === "pool" || hold.objectId === job.id;
      const started = jobs.filter((job) => isActive(job) && covered(job) && !spared.has(runOf(job)));
      for (const job of started) await this.#stop(pool, hold, job);
    }
  }

  async #stop(pool: DataPool, hold: Hold, job: TeamJob): Promise<void> {
    const { state, relays, clock, acts } = this.#parts;
    const run = runOf(job);
    const now = clock.monotonic();
    if (now - (this.#told.get(run) ?? -Infinity) < againMs) return;
    for (const [old, at] of this.#told) if (now - at > againMs) this.#told.delete(old);
    this.#told.set(run, now);
    const facts = { jobId: job.id, executionId: run, requestId: newId() };
    await acts.stopUnderHold(hold, { ...facts, outcome: null });
    const { keyName, because } = hold;
    const { startedAt } = job;
    const stop = { poolId: pool.id, jobId: job.id, executionId: run, requestedAt: clock.now(), startedAt };
    await state.noteRelayedStop({ ...stop, keyName, because });
    const { end } = await relays.of(pool);
    const { executionId } = job;
    let outcome = "NOT PROVEN: asked of the team";
    try {
      const order = { poolId: pool.id, jobId: job.id, executionId, reason: because };
      const answer = await end.stop(order, { signal: this.#closing.signal });
      if (answer === "other-execution") outcome = "OTHER EXECUTION";
    } catch (error) {
      outcome = `NOT PROVEN: ${errorLine(error)}`;
    }
    await acts.stopUnderHold(hold, { ...facts, outcome });
  }

  #note(poolId: string, line: string): void {
    if (this.#closing.signal.aborted || this.#trouble.get(poolId) === line) return;
    this.#trouble.set(poolId, line);
    this.#parts.report(`relay: what is held there cannot be watched, ${line}`);
  }
}
