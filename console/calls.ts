import type {
  DeskPoolStop,
  DeskReceipt,
  DeskRelayedReceipt,
  DeskSession,
  DeskStopAnswer,
} from "../src/contract/index.ts";

/** Seconds that the answer to a stop may wait for the proof; what is not proven then is NOT PROVEN. */
const stopWaitSeconds = 10;

/** Why a call has no answer that can be used. */
export type Refusal =
  /** The key or session is over, or was none. */
  | { kind: "signed out" }
  /** The key may not do this. */
  | { kind: "denied"; text: string }
  /** No answer: whether it arrived is not known. */
  | { kind: "no answer" }
  /** Any other answer. */
  | { kind: "refused"; text: string };

export class CallRefused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.kind);
    this.refusal = refusal;
  }
}

/** A key as it was typed or pasted: also a whole line of the run-book's file, `Authorization: AppKey ndk_...`. */
export function keyIn(typed: string): string {
  return typed
    .trim()
    .replace(/^authorization:\s*/i, "")
    .replace(/^(?:appkey|bearer)\s+/i, "");
}

export function signIn(key: string): Promise<DeskSession> {
  return call("POST", "/desk/session", { authorization: `AppKey ${keyIn(key)}` });
}

export function signInByLink(link: string): Promise<DeskSession> {
  return call("POST", "/desk/session", { authorization: `Bearer ${link}` });
}

export function currentSession(): Promise<DeskSession> {
  return call("GET", "/desk/session");
}

export function signOut(token: string): Promise<void> {
  return call("DELETE", "/desk/session", { token });
}

/** This execution of the job or nothing. */
export function stopJob(
  token: string,
  { poolId, jobId, executionId }: { poolId: string; jobId: string; executionId: string },
  reason: string,
): Promise<DeskStopAnswer> {
  const query = `wait=${String(stopWaitSeconds)}&execution=${encodeURIComponent(executionId)}`;
  const path = `/desk/v1/pools/${encodeURIComponent(poolId)}/jobs/${encodeURIComponent(jobId)}/stop?${query}`;
  return call("POST", path, { token }, { reason });
}

/** Everything of the pool that runs or waits when it arrives. */
export function stopPool(token: string, poolId: string, reason: string): Promise<DeskPoolStop> {
  const path = `/desk/v1/pools/${encodeURIComponent(poolId)}/stop?wait=${String(stopWaitSeconds)}`;
  return call("POST", path, { token }, { reason });
}

export function receiptPath(executionId: string): string {
  return `/desk/v1/executions/${encodeURIComponent(executionId)}/receipt`;
}

/** Of a pool of another team with what its relay knows. */
export type AnyReceipt = DeskReceipt | DeskRelayedReceipt;

export function readReceipt(executionId: string): Promise<AnyReceipt> {
  return call("GET", receiptPath(executionId));
}

/** @throws CallRefused */
async function call<T>(
  method: string,
  path: string,
  { authorization, token }: { authorization?: string; token?: string } = {},
  body?: object,
): Promise<T> {
  const headers: Record<string, string> = {};
  if (authorization !== undefined) headers["authorization"] = authorization;
  if (token !== undefined) headers["x-nightdesk-token"] = token;
  if (body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    text = await response.text();
  } catch {
    throw new CallRefused({ kind: "no answer" });
  }
  const answer = parsed(text);
  if (response.ok && (answer !== undefined || text === "")) return answer as T;
  throw new CallRefused(refusalOf(response.status, answer));
}

/** Also the answer of something on the way that is no Nightdesk at all: HTML with a 200. */
function refusalOf(status: number, answer: unknown): Refusal {
  if (status === 401) return { kind: "signed out" };
  const text = wordsIn(answer) ?? `HTTP ${String(status)}`;
  return status === 403 ? { kind: "denied", text } : { kind: "refused", text };
}

function wordsIn(answer: unknown): string | null {
  const { detail, errors } = (answer ?? {}) as { detail?: unknown; errors?: { error?: unknown }[] };
  if (typeof detail === "string") return detail;
  const first = Array.isArray(errors) ? errors[0]?.error : undefined;
  return typeof first === "string" ? first : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
