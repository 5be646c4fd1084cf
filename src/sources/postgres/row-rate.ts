import type { Clock } from "../../base/clock.ts";
import { batchRows } from "../../model/columns.ts";
import type { PostgresConfiguration } from "../../model/definitions.ts";

/** Rows that were not used up may be caught up with for this long. */
const burstMs = 250;
/** At a low limit a batch holds this much time, so that progress is seen to move. */
const batchMs = 200;

/** The limit of rows a second that all sessions of one connection share. */
export interface RowRate {
  /** Most rows to hand over at once under this limit. */
  readonly most: number;
  /** Waits until `rows` more rows may be handed over; rejects with the signal's reason when it aborts. */
  take(rows: number, options: { signal: AbortSignal }): Promise<void>;
}

class SharedRate implements RowRate {
  readonly #clock: Clock;
  #perSecond: number;
  /** Monotonic ms at which everything handed over so far is paid for. */
  #paidAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** A changed setting of the connection reaches the sessions that are already reading. */
  set perSecond(value: number) {
    this.#perSecond = value;
  }

  get most(): number {
    return Math.max(1, Math.min(batchRows, Math.floor((this.#perSecond * batchMs) / 1000)));
  }

  async take(rows: number, { signal }: { signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted();
    const now = this.#clock.monotonic();
    this.#paidAt = Math.max(this.#paidAt, now) + (rows * 1000) / this.#perSecond;
    const wait = this.#paidAt - burstMs - now;
    if (wait > 0) await this.#clock.sleep(wait, { signal });
  }
}

/** Finds the one limit of a connection, by what it connects to. */
export function rowRates(clock: Clock): (configuration: PostgresConfiguration) => RowRate | null {
  const rates = new Map<string, SharedRate>();
  return ({ host, port, database, user, maxRowsPerSecond }) => {
    if (maxRowsPerSecond === undefined) return null;
    const key = JSON.stringify([host, port, database, user]);
    let rate = rates.get(key);
    if (rate === undefined) {
      rate = new SharedRate(clock, maxRowsPerSecond);
      rates.set(key, rate);
    }
    rate.perSecond = maxRowsPerSecond;
    return rate;
  };
}
