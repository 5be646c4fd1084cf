import type { Clock } from "../base/clock.ts";
import type { SessionList, SourceSessionView } from "../model/source.ts";
import type { StopReason } from "../model/stop.ts";
import type { ActiveRun } from "./active-run.ts";

export interface RunLimits {
  /** Longest time (ms) without a row, and without activity of its sessions at the source; null: no limit. */
  noProgressMs: number | null;
  /** Longest time (ms) of one execution; null: no limit. */
  executionMs: number | null;
}

export interface WatchParts {
  clock: Clock;
  /** The execution's sessions as the source lists them now. Rejects when the list cannot be read: no sign of life. */
  look: (run: ActiveRun, options: { signal: AbortSignal }) => Promise<SessionList>;
  /** Asks for its stop, durably. */
  stop: (run: ActiveRun, reason: StopReason) => Promise<void>;
}

/**
 * Watches over one run and stops it, by the one protocol, when it exceeds a limit. Both limits are kept
 * outside the session and outside the worker: neither user SQL nor a hung process can switch them off.
 * Resolves when the run is stopped by it, or when `signal` aborts.
 */
export async function watchRun(
  run: ActiveRun,
  limits: RunLimits,
  parts: WatchParts,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const watches = [
    watchTime(limits, parts, { signal: both }),
    watchProgress(run, limits, parts, { signal: both }),
  ];
  // The first with a reason; without one both end with `signal`.
  const reason = await new Promise<StopReason | null>((resolve) => {
    for (const watch of watches) void watch.then((found) => found !== null && resolve(found));
    void Promise.all(watches).then(() => {
      resolve(null);
    });
  });
  over.abort();
  await Promise.all(watches);
  if (reason !== null && !signal.aborted) await parts.stop(run, reason);
}

/** The reason to stop, or null when there is none any more. */
async function watchTime(
  { executionMs }: RunLimits,
  { clock }: WatchParts,
  { signal }: { signal: AbortSignal },
): Promise<StopReason | null> {
  if (executionMs === null || !(await slept(clock, executionMs, signal))) return null;
  return { by: "timeout", afterMs: executionMs };
}

/**
 * Without progress for half the limit it begins to look at the source. What counts as activity there: a
 * session that computes (waits for nothing), or whose state or wait has changed since the last look. One
 * that waits for us, for a lock or for a timer does nothing, however long it is called active.
 */
async function watchProgress(
  run: ActiveRun,
  { noProgressMs }: RunLimits,
  { clock, look }: WatchParts,
  { signal }: { signal: AbortSignal },
): Promise<StopReason | null> {
  if (noProgressMs === null) return null;
  let last = clock.monotonic();
  let seen: string | null = null;
  run.onProgress = () => {
    last = clock.monotonic();
    seen = null;
  };
  while (await slept(clock, Math.max(20, noProgressMs / 8), signal)) {
    const quiet = clock.monotonic() - last;
    if (quiet < noProgressMs / 2) continue;
    if (run.openSessions === 0) {
      // It works in the pool, which is no business of the source's.
      last = clock.monotonic();
      continue;
    }
    const now = await look(run, { signal }).then(
      ({ sessions }) => sessions,
      () => null,
    );
    // What cannot be read is no sign of life; nor is it one that it can be read again.
    const signs: string | null = now?.map(signOf).join() ?? seen;
    const computes = now?.some(({ state, waits }) => state === "active" && waits === "") === true;
    if (computes || (seen !== null && signs !== seen)) last = clock.monotonic();
    else if (quiet >= noProgressMs) return { by: "no-progress", afterMs: noProgressMs };
    seen = signs;
  }
  return null;
}

function signOf({ pid, state, waits }: SourceSessionView): string {
  return `${String(pid)} ${state} ${waits}`;
}

/** False as soon as `signal` aborts. */
async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, { signal });
    return true;
  } catch {
    return false;
  }
}
