import type { Clock } from "../base/clock.ts";
import type { FetchAnswer, FetchInit, FetchLike } from "../sdk/index.ts";

/** How the relay says who it is. */
export type UpstreamCredentials =
  | { scheme: "AppKey" | "Bearer"; secret: string }
  | { scheme: "OAuth"; clientId: string; scope: string | null; secret: string };

/** A read that failed on the way, or was told to come again, is asked this often in all. */
const mostReads = 3;
const pauseMs = 250;
/** Not of a team that took so long: whoever waits should rather hear it. */
const mostMs = 3000;
const comeAgain: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** A token is not used in its last seconds. */
const tokenMarginMs = 30_000;
/** Where the answer names no life of a token. */
const usualTokenSeconds = 300;

/**
 * A fetch that sends to one origin alone and puts the credentials of its team on each request. Reads are repeated
 * where that is harmless, anything else never is. No secret is in what comes back, whatever the team sends.
 */
export function upstreamFetch(
  fetch: FetchLike,
  { origin, credentials, clock }: { origin: string; credentials: UpstreamCredentials; clock: Clock },
): FetchLike {
  let token: { text: string; until: number } | null = null;

  async function authorization(signal: AbortSignal | undefined): Promise<string> {
    if (credentials.scheme !== "OAuth") return `${credentials.scheme} ${credentials.secret}`;
    if (token === null || token.until <= clock.monotonic()) {
      token = await newToken(fetch, { origin, credentials, clock }, signal);
    }
    return `Bearer ${token.text}`;
  }

  async function once(url: string, init: FetchInit): Promise<FetchAnswer> {
    const headers = { ...init.headers, authorization: await authorization(init.signal) };
    const answer = await fetch(url, { ...init, headers, redirect: "manual" });
    // A token may be taken back before its time: the next call asks for another one.
    const tokenSent = token?.text ?? null;
    if (answer.status === 401) token = null;
    return without(answer, [credentials.secret, ...(tokenSent === null ? [] : [tokenSent])]);
  }

  return async (url, init) => {
    if (new URL(url).origin !== origin) throw new Error("the relay sends to the address of its team alone");
    if (init.method !== "GET") return once(url, init);
    const since = clock.monotonic();
    for (let reads = 1; ; reads += 1) {
      const last = (): boolean => reads === mostReads || clock.monotonic() - since > mostMs;
      try {
        const answer = await once(url, init);
        const again =
          comeAgain.has(answer.status) || (answer.status === 401 && credentials.scheme === "OAuth");
        if (!again || last()) return answer;
      } catch (error) {
        if (init.signal?.aborted === true || last()) throw error;
      }
      await clock.sleep(pauseMs * reads, init.signal === undefined ? {} : { signal: init.signal });
    }
  };
}

/** Secrets are taken out of what the team sends: it may well say a key back. */
function without(answer: FetchAnswer, secrets: string[]): FetchAnswer {
  return {
    status: answer.status,
    headers: answer.headers,
    text: async () => {
      let text = await answer.text();
      for (const secret of secrets) text = text.replaceAll(secret, "***");
      return text;
    },
  };
}

/** Client credentials at `/oauth2/token`, the secret in the header. @throws Error that holds no secret. */
async function newToken(
  fetch: FetchLike,
  parts: { origin: string; credentials: UpstreamCredentials & { scheme: "OAuth" }; clock: Clock },
  signal: AbortSignal | undefined,
): Promise<{ text: string; until: number }> {
  const { origin, credentials, clock } = parts;
  const { clientId, secret, scope } = credentials;
  const client = [clientId, secret].map(encodeURIComponent).join(":");
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    ...(scope === null ? {} : { scope }),
  });
  const answer = await fetch(`${origin}/oauth2/token`, {
    method: "POST",
    headers: {
      accept: "application/json",
      authorization: `Basic ${Buffer.from(client, "utf8").toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: form.toString(),
    redirect: "manual",
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`the team gives no token: HTTP ${String(answer.status)}`);
  let body: { access_token?: unknown; expires_in?: unknown } | null;
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    // The parser's message would quote the answer.
    body = null;
  }
  const { access_token: access, expires_in: seconds = usualTokenSeconds } = body ?? {};
  if (typeof access !== "string" || !/^[\x21-\x7e]+$/.test(access) || typeof seconds !== "number") {
    throw new Error("the team's answer to the request for a token is not understood");
  }
  return { text: access, until: clock.monotonic() + seconds * 1000 - tokenMarginMs };
}
