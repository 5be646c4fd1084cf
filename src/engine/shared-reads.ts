import type { Clock } from "../base/clock.ts";

/** A read by others, or by oneself: what came, and when it began. */
export interface Shared<T> {
  value: T;
  /** Epoch ms. */
  readAt: number;
  /** From the beginning of the read until it was handed over, ms. */
  ageMs: number;
}

interface Read {
  /** Monotonic, and epoch ms. */
  began: number;
  readAt: number;
  answer: Promise<unknown>;
}

/** A read that takes longer (ms) is waited for by those who began it alone. */
const usualTurnMs = 2000;

/**
 * Reads of a team far away, so that many who look cost it hardly more than one: while one is on its way, all who ask
 * wait for the next one, together. So every answer rests on a read that began after it was asked for, and none is
 * kept. A read belongs to nobody: who leaves leaves the others theirs, and its own limit of time ends it.
 */
export class SharedReads {
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  readonly #longestTurnMs: number;
  readonly #going = new Map<string, Read>();
  readonly #next = new Map<string, Promise<Read>>();

  /** @param longestTurnMs Infinity: a read that is on its way is always waited for, as its own limit of time ends it. */
  constructor(
    clock: Clock,
    closing: AbortSignal,
    { longestTurnMs = usualTurnMs }: { longestTurnMs?: number } = {},
  ) {
    this.#clock = clock;
    this.#closing = closing;
    this.#longestTurnMs = longestTurnMs;
  }

  /** `what`: names the read, its pool in it. */
  async read<T>(
    what: string,
    ask: (options: { signal: AbortSignal }) => Promise<T>,
    { signal }: { signal: AbortSignal },
  ): Promise<Shared<T>> {
    const turn = this.#next.get(what) ?? this.#turn(what, ask);
    const { readAt, began, answer } = await endingWith(turn, signal);
    const value = (await endingWith(answer, signal)) as T;
    return { value, readAt, ageMs: Math.round(this.#clock.monotonic() - began) };
  }

  #turn<T>(what: string, ask: (options: { signal: AbortSignal }) => Promise<T>): Promise<Read> {
    const going = this.#going.get(what);
    if (going === undefined) return Promise.resolve(this.#begin(what, ask));
    const turn = this.#over(going).then(() => {
      this.#next.delete(what);
      return this.#begin(what, ask);
    });
    this.#next.set(what, turn);
    return turn;
  }

  #begin<T>(what: string, ask: (options: { signal: AbortSignal }) => Promise<T>): Read {
    const answer = ask({ signal: this.#closing });
    const read = { began: this.#clock.monotonic(), readAt: this.#clock.now(), answer };
    this.#going.set(what, read);
    void answer
      .catch(() => undefined)
      .then(() => {
        if (this.#going.get(what) === read) this.#going.delete(what);
      });
    return read;
  }

  /** The read is over, or takes too long to be waited for. Never rejects. */
  async #over({ answer }: Read): Promise<void> {
    if (this.#longestTurnMs === Infinity) return void (await answer.catch(() => undefined));
    const waited = new AbortController();
    const sleep = this.#clock.sleep(this.#longestTurnMs, { signal: waited.signal }).catch(() => undefined);
    await Promise.race([answer.catch(() => undefined), sleep]);
    waited.abort();
  }
}

/** Settles as `work`, or with the signal's reason as soon as it aborts; the work goes on then. */
export async function endingWith<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let leave: () => void = () => undefined;
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason as Error);
    signal.addEventListener("abort", leave, { once: true });
  });
  try {
    return await Promise.race([work, left]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
