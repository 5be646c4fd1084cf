import type { IncomingHttpHeaders, IncomingMessage, RequestOptions } from "node:http";
import type { FetchAnswer, FetchInit, FetchLike } from "../sdk/index.ts";

export interface HttpLimits {
  /** Until the connection stands, TLS included. */
  connectMs: number;
  /** From the start to the last byte of an answer. */
  answerMs: number;
  /** Most bytes of a body. */
  mostBytes: number;
}

const usual: HttpLimits = { connectMs: 5000, answerMs: 30_000, mostBytes: 16 * 1024 * 1024 };

/**
 * A fetch over node:http and node:https: it starts in half the time of the global one. Certificates are
 * always verified, redirects never followed, every answer is read whole and within limits.
 * @param waitMs how long a change (not a GET) may be answered later than usual.
 */
export function httpFetch({
  waitMs = 0,
  ...limits
}: Partial<HttpLimits> & { waitMs?: number } = {}): FetchLike {
  const within = { ...usual, ...limits };
  return async (url, init) => {
    const answerMs =
      init.method === "GET" ? within.answerMs : Math.max(within.answerMs, waitMs + within.connectMs);
    return send(new URL(url), init, { ...within, answerMs });
  };
}

async function send(url: URL, init: FetchInit, limits: HttpLimits): Promise<FetchAnswer> {
  const secure = url.protocol === "https:";
  const { request } = secure ? await import("node:https") : await import("node:http");
  const options: RequestOptions & { rejectUnauthorized?: boolean } = {
    method: init.method,
    headers: { ...init.headers, "content-length": String(Buffer.byteLength(init.body ?? "")) },
    // A connection of its own: one that was kept could be closed at the other end while a stop is written to it.
    agent: false,
    ...(secure ? { rejectUnauthorized: true } : {}),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options);
    let failure: Error | null = null;
    let body: Promise<string> | null = null;
    let head: IncomingMessage | null = null;
    const fail = (error: Error): void => {
      failure ??= error;
      outgoing.destroy(error);
    };
    const tooLong = (what: string, ms: number): NodeJS.Timeout =>
      setTimeout(() => fail(new Error(`no ${what} ${url.host} within ${String(ms / 1000)} s`)), ms);
    const connecting = tooLong("connection to", limits.connectMs);
    const answering = tooLong("whole answer of", limits.answerMs);
    const onAbort = (): void => fail(new Error("the call was ended"));

    outgoing.once("socket", (socket) => {
      socket.once(secure ? "secureConnect" : "connect", () => clearTimeout(connecting));
    });
    outgoing.once("response", (incoming) => {
      head = incoming;
      body = readBody(incoming, limits.mostBytes);
      body.catch((error: unknown) => fail(error instanceof Error ? error : new Error(String(error))));
    });
    outgoing.on("error", (error) => (failure ??= error));
    // Only when the connection is gone, so that nothing of a call that failed is still on its way.
    outgoing.once("close", () => {
      clearTimeout(connecting);
      clearTimeout(answering);
      init.signal?.removeEventListener("abort", onAbort);
      const lost = (cause?: unknown): void =>
        reject(
          failure ?? new Error(`${url.host} closed the connection before the end of its answer`, { cause }),
        );
      if (head === null || body === null) return lost();
      const { statusCode = 0, headers } = head;
      body.then((text) => (failure === null ? resolve(answerOf(statusCode, headers, text)) : lost()), lost);
    });
    if (init.signal?.aborted === true) onAbort();
    else init.signal?.addEventListener("abort", onAbort, { once: true });
    outgoing.end(init.body);
  });
}

function answerOf(status: number, headers: IncomingHttpHeaders, text: string): FetchAnswer {
  const get = (name: string): string | null => {
    const value = headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(", ") : (value ?? null);
  };
  return { status, headers: { get }, text: () => Promise.resolve(text) };
}

async function readBody(incoming: IncomingMessage, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error(`the answer is longer than ${String(mostBytes)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
