import type { DeskNight } from "../src/contract/index.ts";

/** Silence after which the connection counts as lost, ms: the server says something every second. */
const longestSilenceMs = 4000;
const firstPauseMs = 300;
const longestPauseMs = 3000;

export interface Watcher {
  /** The whole state; `at` is `performance.now()` when it came. */
  night(night: DeskNight): void;
  /** Nothing comes any more; it goes on trying. */
  lost(): void;
  /** The server lets us in no more; it has given up. */
  refused(status: 401 | 403 | 404): void;
}

/**
 * Follows a pool until `signal` aborts or the server refuses. Not an EventSource, which does not say why it has no
 * connection, and takes its time until it says so.
 */
export async function watchPool(poolId: string, watcher: Watcher, signal: AbortSignal): Promise<void> {
  const path = `/desk/v1/pools/${encodeURIComponent(poolId)}/events`;
  for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const attempt = new AbortController();
    const stop = (): void => attempt.abort();
    signal.addEventListener("abort", stop);
    window.addEventListener("offline", stop);
    let silence = setTimeout(stop, longestSilenceMs);
    try {
      const response = await fetch(path, {
        signal: attempt.signal,
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
      });
      const { status, body } = response;
      if (status === 401 || status === 403 || status === 404) {
        watcher.refused(status);
        return;
      }
      if (!response.ok || body === null) throw new Error(`status ${String(status)}`);
      let events = 0;
      for await (const data of eventsIn(body.getReader())) {
        const night = nightIn(data);
        clearTimeout(silence);
        silence = setTimeout(stop, longestSilenceMs);
        pauseMs = firstPauseMs;
        events += 1;
        if (!signal.aborted) watcher.night(night);
      }
      // One that came to its end in order is followed by the next at once, and nothing is lost yet.
      if (events > 0) continue;
      throw new Error("it ended before it began");
    } catch {
      if (!signal.aborted) watcher.lost();
    } finally {
      clearTimeout(silence);
      attempt.abort();
      signal.removeEventListener("abort", stop);
      window.removeEventListener("offline", stop);
    }
    await pause(pauseMs, signal);
  }
}

interface Reader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
}

/** The data of each event of a `text/event-stream`, however it was cut on the way. */
export async function* eventsIn(reader: Reader): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text = (text + decoder.decode(value, { stream: true })).replaceAll("\r\n", "\n");
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
      if (data.length > 0) yield data.join("\n");
    }
  }
}

/** @throws Error for what is no event of ours: something on the way answers in the server's place. */
export function nightIn(data: string): DeskNight {
  const night = JSON.parse(data) as Partial<DeskNight> | null;
  const understood =
    typeof night?.poolName === "string" &&
    typeof night.sentAt === "number" &&
    typeof night.partial === "boolean" &&
    typeof night.verdict?.word === "string" &&
    typeof night.verdict.code === "number" &&
    (night.jobs === null || Array.isArray(night.jobs));
  if (!understood) throw new Error("not an event of a Nightdesk");
  return night as DeskNight;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      done();
    });
  });
}
