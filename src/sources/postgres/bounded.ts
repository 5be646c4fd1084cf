/** The time for a piece of work was up. */
export class TimeLimitError extends Error {
  constructor(limitMs: number) {
    super(`no answer within ${String(limitMs / 1000)} s`);
    this.name = "TimeLimitError";
  }
}

/**
 * Runs `work` with an end from outside: when `signal` aborts or `limitMs` are over, `end` is called, which must
 * make `work` settle. Both are waited for before this rejects, with the signal's reason or a TimeLimitError.
 */
export async function bounded<T>(
  work: () => Promise<T>,
  { end, limitMs, signal }: { end: () => Promise<void>; limitMs?: number; signal: AbortSignal },
): Promise<T> {
  signal.throwIfAborted();
  const ended: { because: unknown; done: Promise<void> }[] = [];
  const stop = (because: unknown): void => {
    if (ended.length === 0) ended.push({ because, done: end() });
  };
  const onAbort = (): void => {
    stop(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  const limit =
    limitMs === undefined
      ? undefined
      : setTimeout(() => {
          stop(new TimeLimitError(limitMs));
        }, limitMs);
  const endOrGoOn = async (): Promise<void> => {
    clearTimeout(limit);
    signal.removeEventListener("abort", onAbort);
    for (const { because, done } of ended) {
      await done;
      throw because;
    }
  };
  try {
    const result = await work();
    await endOrGoOn();
    return result;
  } catch (error) {
    await endOrGoOn();
    throw error;
  }
}
