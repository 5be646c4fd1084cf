import type { Clock } from "../base/clock.ts";
import { covers, type Hold, type Waiting } from "../model/hold.ts";
import type { QueueMoment, StateStore } from "../model/state-store.ts";

/** What waits to start, as a person asks for it. Who starts is decided elsewhere, by the claim. */
export class Queue {
  readonly #store: StateStore;
  readonly #clock: Clock;
  readonly #mostRunning: number;

  constructor(store: StateStore, clock: Clock, mostRunning: number) {
    this.#store = store;
    this.#clock = clock;
    this.#mostRunning = mostRunning;
  }

  /** What the end of these holds lets start, at once or when a place is free, in order; as it is or will be without them. */
  async freedBy(poolId: string, ended: readonly Hold[]): Promise<Waiting[]> {
    return this.freedIn(await this.#store.queueAt(poolId, this.#clock.now()), poolId, ended);
  }

  /** As `freedBy`, as of the moment of a release. */
  freedIn(moment: QueueMoment, poolId: string, ended: readonly Hold[]): Waiting[] {
    const ids = ended.map(({ id }) => id);
    return this.#waitingIn(moment, poolId, ids).filter(({ execution, when }) => {
      const of = { ...execution, dataSourceId: execution.plan.dataSource?.id ?? null };
      return when !== "held" && ended.some((hold) => covers(hold, of));
    });
  }

  /** Everything of the pool that waits, in order. */
  async of(poolId: string): Promise<Waiting[]> {
    return this.#waitingIn(await this.#store.queueAt(poolId, this.#clock.now()), poolId, []);
  }

  /** As it would be without the holds `ended`. */
  #waitingIn({ active, holds }: QueueMoment, poolId: string, ended: readonly string[]): Waiting[] {
    let free = this.#mostRunning - active.filter(({ status }) => status === "RUNNING").length;
    const waiting: Waiting[] = [];
    for (const execution of active) {
      if (execution.status !== "QUEUED") continue;
      const of = { ...execution, dataSourceId: execution.plan.dataSource?.id ?? null };
      const heldBy = holds.filter((hold) => !ended.includes(hold.id) && covers(hold, of));
      const when = heldBy.length > 0 ? "held" : free > 0 ? "now" : "when a place is free";
      if (when === "now") free -= 1;
      if (execution.poolId === poolId) waiting.push({ execution, when, heldBy });
    }
    return waiting;
  }
}
