/** Windows of this length are counted each for itself. */
const windowMs = 60_000;
/** Of one address in a window; more are summed up. */
const mostOfAddress = 5;
/** Of all addresses together: a flood may come from many. */
const mostOfAll = 30;
/** Addresses that get a sum of their own; all others share one. */
const mostSums = 10;

/** Attempts of a window that got no record of their own. */
export interface Sum {
  /** null: of several addresses. */
  address: string | null;
  times: number;
}

/**
 * Decides which failed attempts to sign in are recorded one by one, so that whoever has no key cannot fill the
 * disk: at most 41 records a minute, however many attempts from however many addresses. None goes uncounted.
 */
export class FailedAttempts {
  #window = 0;
  #recorded = 0;
  #recordedOf = new Map<string | null, number>();
  #summed = new Map<string | null, number>();

  /** True: record this one. False: it is counted. Call `over` before. */
  admit(address: string | null): boolean {
    const ofAddress = this.#recordedOf.get(address) ?? 0;
    if (ofAddress < mostOfAddress && this.#recorded < mostOfAll) {
      this.#recorded += 1;
      this.#recordedOf.set(address, ofAddress + 1);
      return true;
    }
    const own = this.#summed.has(address) || this.#summed.size < mostSums ? address : null;
    this.#summed.set(own, (this.#summed.get(own) ?? 0) + 1);
    return false;
  }

  /** What was counted in a window that is over at `now` (epoch ms); then counting begins anew. */
  over(now: number): Sum[] {
    const window = Math.floor(now / windowMs);
    if (window === this.#window) return [];
    this.#window = window;
    return this.rest();
  }

  /** All that was counted and not handed out. */
  rest(): Sum[] {
    const sums = [...this.#summed].map(([address, times]) => ({ address, times }));
    this.#recorded = 0;
    this.#recordedOf = new Map();
    this.#summed = new Map();
    return sums;
  }
}
