import type { Clock } from "../base/clock.ts";
import { covers, type Hold, type Waiting } from "../model/hold.ts";
import type { StateStore } from "../model/state-store.ts";

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

  /** Everything of the pool that waits, in order, as it would be without the holds `ended`. */
  async of(poolId: string, ended: readonly string[] = []): Promise<Waiting[]> {
    const active = await this.#store.activeExecutions();
    const now = this.#clock.now();
    const inForce = new Map<string, Hold[]>();
    let free = this.#mostRunning - active.filter(({ status }) => status === "RUNNING").length;
    const waiting: Waiting[] = [];
    for (const execution of active) {
      if (execution.status !== "QUEUED") continue;
      const known = inForce.get(execution.poolId) ?? (await this.#store.holds(execution.poolId, now));
      inForce.set(execution.poolId, known);
      const of = { ...execution, dataSourceId: execution.plan.dataSource?.id ?? null };
      const heldBy = known.filter((hold) => !ended.includes(hold.id) && covers(hold, of));
      const when = heldBy.length > 0 ? "held" : free > 0 ? "now" : "when a place is free";
      if (when === "now") free -= 1;
      if (execution.poolId === poolId) waiting.push({ execution, when, heldBy });
    }
    return waiting;
  }
  /** Those that nothing holds any more once these are released. */
  async startedBy(poolId: string, released: readonly Hold[]): Promise<Waiting[]> {
    const waiting = await this.of(
      poolId,
      released.map(({ id }) => id),
    );
    return waiting.filter(({ execution, when }) => {
      const of = { ...execution, dataSourceId: execution.plan.dataSource?.id ?? null };
      return when !== "held" && released.some((one) => covers(one, of));
    });
  }
}
