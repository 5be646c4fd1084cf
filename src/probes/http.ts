import { request as overHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { request as overHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { systemClock, type Clock } from "../base/clock.ts";
import { guardAddress } from "../base/reach.ts";
import { foundLines, type Probe, type ProbeLook } from "../model/probe.ts";
import { atPointer } from "./pointer.ts";

/** What stands at the pointer when nothing is there: an empty list, 0, or this text. */
export type Expected = readonly [] | 0 | string;

const mostBytes = 1024 * 1024;

/**
 * A GET whose JSON is expected to be empty at one place. Anything but a whole 200 of that form is unknown: a redirect,
 * a login page, a null, a cut or kept answer. Certificates are verified; redirects are not followed.
 * @param header sent with it; its value is in no answer, nor is a long one in the query of the url.
 * @param ca certificates in PEM that are trusted instead of the machine's.
 * @param lookup of the host's name where others have set the probe (`guardedLookup`); absent: the system's own.
 */
export function httpProbe(
  {
    url,
    pointer,
    expect,
    header,
    ca,
  }: {
    url: string;
    pointer: string;
    expect: Expected;
    header: { name: string; value: string } | null;
    ca: string | null;
  },
  { limitMs, clock = systemClock, lookup }: { limitMs: number; clock?: Clock; lookup?: LookupFunction },
): Probe {
  // Short values of a query are words of everyday, and a finding without them could not be read.
  const inQuery = [...new URL(url).searchParams.values()].filter(({ length }) => length >= 8);
  const inHeader = header === null ? [] : [header.value, ...header.value.split(" ").slice(1)];
  const secrets = [...inHeader, ...inQuery];
  const clean = (text: string): string =>
    secrets.reduce((left, secret) => (secret === "" ? left : left.replaceAll(secret, "***")), text);
  return {
    look: async ({ signal }): Promise<ProbeLook> => {
      signal.throwIfAborted();
      const at = clock.now();
      try {
        if (lookup !== undefined) guardAddress(new URL(url).hostname);
        const options: RequestOptions & { ca?: string } = {
          headers: {
            accept: "application/json",
            "cache-control": "no-cache",
            ...(header === null ? {} : { [header.name]: header.value }),
          },
          agent: false,
          ...(lookup === undefined ? {} : { lookup }),
          ...(ca === null ? {} : { ca }),
        };
        const judged = judge(await get(new URL(url), options, { limitMs, signal }), pointer, expect);
        if (!Array.isArray(judged)) return judged === "clear" ? { clear: true, at } : judged;
        return { clear: false, found: foundLines(judged.map(clean)), at };
      } catch (error) {
        signal.throwIfAborted();
        return { unknown: clean(messageOf(error)) };
      }
    },
  };
}

/** Findings; or why they cannot be told. */
function judge(body: string, pointer: string, expect: Expected): "clear" | string[] | { unknown: string } {
  let whole: unknown;
  try {
    whole = JSON.parse(body);
  } catch {
    return { unknown: "the answer is no JSON" };
  }
  const value = atPointer(whole, pointer);
  const where = pointer === "" ? "the answer" : `${pointer} of the answer`;
  if (typeof expect === "string") {
    if (typeof value !== "string") return { unknown: `${where} is no text` };
    return value === expect ? "clear" : [value];
  }
  if (expect === 0) {
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0)
      return { unknown: `${where} is no count` };
    return value === 0 ? "clear" : [`${String(value)} at ${pointer}`];
  }
  if (!Array.isArray(value)) return { unknown: `${where} is no list` };
  return value.length === 0 ? "clear" : value.map((one) => JSON.stringify(one));
}

/** The body of a 200. Rejects for anything else, when the connection is gone. */
function get(
  url: URL,
  options: RequestOptions,
  { limitMs, signal }: { limitMs: number; signal: AbortSignal },
): Promise<string> {
  const request = url.protocol === "https:" ? overHttps : overHttp;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options);
    let failure: Error | null = null;
    let body: string | null = null;
    const fail = (why: string): void => {
      failure ??= new Error(why);
      outgoing.destroy();
    };
    const limit = setTimeout(() => fail(`no whole answer within ${String(limitMs / 1000)} s`), limitMs);
    const onAbort = (): void => fail("the look was given up");
    signal.addEventListener("abort", onAbort, { once: true });
    outgoing.on("error", (error) => (failure ??= error));
    outgoing.once("response", (incoming) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const fault = faultOf(incoming);
      if (fault !== null) return fail(fault);
      incoming.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > mostBytes) fail("the answer is longer than is read");
      });
      incoming.on("error", (error) => (failure ??= error));
      incoming.once("end", () => {
        body = Buffer.concat(chunks).toString("utf8");
      });
    });
    outgoing.end();
    outgoing.once("close", () => {
      clearTimeout(limit);
      signal.removeEventListener("abort", onAbort);
      if (body !== null && failure === null) resolve(body);
      else reject(failure ?? new Error("the answer was cut"));
    });
  });
}

function faultOf({ statusCode, headers }: IncomingMessage): string | null {
  if (statusCode !== 200) return `HTTP ${String(statusCode)} where 200 is expected`;
  const age = Number(headers.age ?? 0);
  return age === 0 ? null : "the answer is an old one: something on the way keeps answers";
}

/** Node's word for a failed connection; that of a TLS failure names no secret either. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
