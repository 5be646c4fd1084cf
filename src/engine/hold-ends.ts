import type { Clock } from "../base/clock.ts";
import type { StateStore } from "../model/state-store.ts";
import type { Queue } from "./queue.ts";
import type { ServerActs } from "./server-acts.ts";

/** Records each hold that ended by its time, once. That it is in force no longer does not wait for it. */
export class HoldEnds {
  readonly #store: StateStore;
  readonly #clock: Clock;
  readonly #queue: Queue;
  readonly #acts: ServerActs;
  /** Recorded, but not noted yet: a state that cannot be written must not be recorded again at every try. */
  readonly #recorded = new Set<string>();

  constructor(store: StateStore, clock: Clock, queue: Queue, acts: ServerActs) {
    this.#store = store;
    this.#clock = clock;
    this.#queue = queue;
    this.#acts = acts;
  }

  /** Before the claims that follow from it, so that it says what it lets start. */
  async record(): Promise<void> {
    for (const hold of await this.#store.holdsOver(this.#clock.now())) {
      if (!this.#recorded.has(hold.id)) {
        const freed = await this.#queue.freedBy(hold.poolId, [hold]);
        // First the record: a kill in between repeats it, the other way round would lose it.
        await this.#acts.holdOver(
          hold,
          freed.map(({ execution }) => execution.id),
        );
        this.#recorded.add(hold.id);
      }
      await this.#store.noteHoldOver(hold.id);
      this.#recorded.delete(hold.id);
    }
  }
}
