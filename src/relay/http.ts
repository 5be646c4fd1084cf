import type { IncomingHttpHeaders, IncomingMessage, RequestOptions } from "node:http";
import type { LookupFunction } from "node:net";
import { guardAddress } from "../base/reach.ts";
import type { FetchAnswer, FetchInit, FetchLike } from "../sdk/index.ts";
import type { Proxy } from "./proxy.ts";

export interface HttpLimits {
  /** Until the connection stands, TLS included. */
  connectMs: number;
  /** From the start to the last byte of an answer. */
  answerMs: number;
  /** Most bytes of a body. */
  mostBytes: number;
}

const usual: HttpLimits = { connectMs: 5000, answerMs: 30_000, mostBytes: 16 * 1024 * 1024 };

/** How an address is reached; null: directly. */
type ProxyFor = (url: URL) => Proxy | null;

/**
 * A fetch over node:http and node:https: it starts in half the time of the global one. Certificates are
 * always verified, redirects never followed, every answer is read whole and within limits. A proxy sees no more of
 * HTTPS than the host's name.
 * @param waitMs how long a change (not a GET) may be answered later than usual.
 * @param lookup of the names on a direct way, for a caller who is directed by others (`guardedLookup`); then an address
 *   in the place of a name is held to the same rule. Absent: the system's own, and any address.
 */
export function httpFetch({
  waitMs = 0,
  proxy = () => null,
  lookup,
  ...limits
}: Partial<HttpLimits> & { waitMs?: number; proxy?: ProxyFor; lookup?: LookupFunction } = {}): FetchLike {
  const within = { ...usual, ...limits };
  return async (url, init) => {
    const answerMs =
      init.method === "GET" ? within.answerMs : Math.max(within.answerMs, waitMs + within.connectMs);
    const to = new URL(url);
    if (lookup !== undefined) guardAddress(to.hostname);
    const way = await wayTo(to, init, within, proxy(to));
    return send(to, init, { ...within, answerMs }, lookup === undefined ? way : { ...way, lookup });
  };
}

/** What of a request says how it gets there. */
type Way = Omit<RequestOptions, "headers"> & {
  headers?: Record<string, string>;
  rejectUnauthorized?: boolean;
};

/** Directly, through a proxy that is told the whole address, or through a tunnel that stands when this resolves. */
async function wayTo(url: URL, init: FetchInit, limits: HttpLimits, proxy: Proxy | null): Promise<Way> {
  const secure = url.protocol === "https:";
  // A connection of its own: one that was kept could be closed at the other end while a stop is written to it.
  if (proxy === null) return { agent: false, ...(secure ? { rejectUnauthorized: true } : {}) };
  if (!secure) {
    const { url: by, authorization } = proxy;
    if (by.protocol !== "http:") throw new Error(`the proxy ${by.host} carries https addresses only`);
    return {
      agent: false,
      hostname: by.hostname.replace(/^\[|\]$/g, ""),
      port: by.port || 80,
      path: url.href,
      headers: {
        host: url.host,
        ...(authorization === null ? {} : { "proxy-authorization": authorization }),
      },
    };
  }
  const { openTunnel } = await import("./tunnel.ts");
  const late = new AbortController();
  const why = `no connection to ${url.host} through the proxy ${proxy.url.host} within ${String(limits.connectMs / 1000)} s`;
  const timer = setTimeout(() => late.abort(), limits.connectMs);
  try {
    const ending = AbortSignal.any([late.signal, ...(init.signal === undefined ? [] : [init.signal])]);
    const socket = await openTunnel(url, proxy, ending);
    // Without an agent the request takes the connection that it is given.
    return { createConnection: () => socket };
  } catch (error) {
    throw late.signal.aborted ? new Error(why, { cause: error }) : error;
  } finally {
    clearTimeout(timer);
  }
}

async function send(url: URL, init: FetchInit, limits: HttpLimits, way: Way): Promise<FetchAnswer> {
  const secure = url.protocol === "https:";
  const { request } = secure ? await import("node:https") : await import("node:http");
  const length = String(Buffer.byteLength(init.body ?? ""));
  const options: Way = {
    method: init.method,
    ...way,
    headers: { ...init.headers, ...way.headers, "content-length": length },
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
      if (way.createConnection !== undefined) clearTimeout(connecting);
      else socket.once(secure ? "secureConnect" : "connect", () => clearTimeout(connecting));
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
