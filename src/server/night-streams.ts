import type { Clock } from "../base/clock.ts";
import { UnavailableError } from "../model/errors.ts";
import { TooMany } from "./errors.ts";
import { Quota } from "./places.ts";

/** A fresh read at least this often: a page takes the silence of several of them for a lost connection. */
const everyMs = 1000;
/** One look may be followed by the next: a run that writes all the time must not make the server read all the time. */
const leastMs = 100;
/** Open at once; each is a connection and a read a second. Of one key fewer: the others want to look too. */
const mostStreams = 200;
const mostOfOneKey = 20;

const encoder = new TextEncoder();

export interface NightStream {
  keyId: string;
  poolId: string;
  /** What an event says; never rejects for what is wrong with the pool. */
  look: () => Promise<object>;
  mayStill: () => Promise<boolean>;
  /** How long it goes on, ms; at least one event is sent. */
  forMs: number;
  signal: AbortSignal;
}

/** Answers that go on: an event a second, and one at once when something of the pool changes. */
export class NightStreams {
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  #open = 0;
  readonly #ofKeys = new Quota(mostOfOneKey);
  /** By pool: aborts at its next change. */
  readonly #changes = new Map<string, AbortController>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something of the pool is another than it was. */
  changed(poolId: string): void {
    const change = this.#changes.get(poolId);
    this.#changes.delete(poolId);
    change?.abort();
  }

  /** Ends all of them, and opens no other. */
  close(): void {
    this.#ending.abort();
  }

  /**
   * The body of an answer. It reads only when the other end has taken what was read before: whoever is slow gets
   * fewer events, never old ones. Ends when rights, time, server or client do.
   * @throws TooMany when the key has too many open; UnavailableError when all together have.
   */
  open({ keyId, poolId, look, mayStill, forMs, signal }: NightStream): ReadableStream<Uint8Array> {
    if (this.#ofKeys.isFull(keyId)) {
      throw new TooMany(`${String(mostOfOneKey)} streams of events of this key are open`);
    }
    if (this.#open >= mostStreams) {
      throw new UnavailableError(`${String(mostStreams)} are open`, {
        operation: "open a stream of events",
        next: "close pages that nobody looks at, or ask for the status instead",
      });
    }
    const clock = this.#clock;
    const over = new AbortController();
    const alive = AbortSignal.any([signal, this.#ending.signal, over.signal]);
    const beganAt = clock.monotonic();
    let began = false;
    let leave: (() => void) | null = null;
    const end = (): void => {
      if (began && !over.signal.aborted) this.#open -= 1;
      leave?.();
      over.abort();
    };
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          if (began) await this.#due(poolId, alive);
          else {
            // Counted from here: what nobody reads is not cancelled either.
            this.#open += 1;
            leave = this.#ofKeys.take(keyId);
            alive.addEventListener("abort", end, { once: true });
          }
          const isOver = began && clock.monotonic() - beganAt >= forMs;
          began = true;
          if (!isOver && !alive.aborted && (await mayStill())) {
            controller.enqueue(encoder.encode(`data: ${JSON.stringify(await look())}\n\n`));
            return;
          }
          end();
          controller.close();
        },
        cancel: end,
      },
      { highWaterMark: 0 },
    );
  }

  /** Resolves after a while, at a change of the pool, or when `alive` aborts. */
  async #due(poolId: string, alive: AbortSignal): Promise<void> {
    const pause = (ms: number, signal: AbortSignal): Promise<void> =>
      this.#clock.sleep(ms, { signal }).catch(() => undefined);
    const change = this.#changeOf(poolId);
    await pause(leastMs, alive);
    await pause(everyMs - leastMs, AbortSignal.any([alive, change]));
  }

  #changeOf(poolId: string): AbortSignal {
    let change = this.#changes.get(poolId);
    if (change === undefined) {
      change = new AbortController();
      this.#changes.set(poolId, change);
    }
    return change.signal;
  }
}
