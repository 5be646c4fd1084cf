import { TooMany, Unauthenticated } from "./errors.ts";

/** How many places there are of something, for each of those who take them. */
export class Quota {
  readonly most: number;
  readonly #taken = new Map<string, number>();

  constructor(most: number) {
    this.most = most;
  }

  isFull(who: string): boolean {
    return (this.#taken.get(who) ?? 0) >= this.most;
  }

  /** Gives the place back; harmless twice. null: all of them are taken. */
  take(who: string): (() => void) | null {
    if (this.isFull(who)) return null;
    this.#taken.set(who, (this.#taken.get(who) ?? 0) + 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const left = (this.#taken.get(who) ?? 0) - 1;
      if (left > 0) this.#taken.set(who, left);
      else this.#taken.delete(who);
    };
  }
}

/** A wait of a request: for how long it may be, and what ends it. */
export interface Wait {
  waitMs: number;
  /** Aborts when the client has gone, or its key is taken back. */
  signal: AbortSignal;
}

/**
 * What one key may have open at the server at once, so that no key, be it a stolen one, shuts the others out of the
 * server's connections.
 */
export class KeyPlaces {
  readonly #requests = new Quota(250);
  readonly #waits = new Quota(50);
  /** By key: ends its waits. */
  readonly #waiting = new Map<string, Set<AbortController>>();

  /** The key is taken back: what waits by it has its answer at once. */
  revoked(keyId: string): void {
    for (const wait of this.#waiting.get(keyId) ?? []) wait.abort(new Unauthenticated(false));
  }

  /** A place for a request of the key; given back by what it returns. @throws TooMany */
  enter(keyId: string): () => void {
    const leave = this.#requests.take(keyId);
    if (leave === null) {
      const words = `${String(this.#requests.most)} requests of this key are being answered`;
      throw new TooMany(`${words}: nothing was asked or done`);
    }
    return leave;
  }

  /**
   * A place for a wait of the key, if there is need of one; `over` hears how it is given back. Without a place it is
   * not waited: a stop is done all the same. @throws TooMany where `refuse`: of a look that waits nothing is left.
   */
  wait(
    keyId: string,
    { waitMs, signal, refuse }: Wait & { refuse: boolean },
    over: (leave: () => void) => void,
  ): Wait {
    const leave = waitMs > 0 ? this.#waits.take(keyId) : null;
    if (leave === null) {
      if (waitMs > 0 && refuse) throw new TooMany(`${String(this.#waits.most)} waits of this key are open`);
      return { waitMs: 0, signal };
    }
    const ends = new AbortController();
    const all = this.#waiting.get(keyId) ?? new Set();
    this.#waiting.set(keyId, all.add(ends));
    over(() => {
      leave();
      all.delete(ends);
      if (all.size === 0) this.#waiting.delete(keyId);
    });
    return { waitMs, signal: AbortSignal.any([signal, ends.signal]) };
  }
}
