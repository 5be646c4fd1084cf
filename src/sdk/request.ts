import type { PathTemplate, IdsIn } from "../contract/index.ts";
import {
  ConflictError,
  DeniedError,
  InvalidRequestError,
  NotFoundError,
  UnexpectedAnswerError,
  UnreachableError,
} from "./errors.ts";
import { serverWords } from "./server-words.ts";

/** The part of the global `fetch` that is needed; it fits as it is. Limits of time and size are its own. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchAnswer>;

export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  body?: string;
  /** A redirect is an answer like any other: the key goes to no other place. */
  redirect: "manual";
  signal?: AbortSignal;
}

export interface FetchAnswer {
  status: number;
  headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/** Last argument of every call. */
export interface CallOptions {
  signal?: AbortSignal;
}

export interface Call {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  /** Absent, null and undefined values are left out; an array repeats its name. */
  query?: Record<string, string | number | boolean | readonly string[] | null | undefined>;
  json?: unknown;
  /** Sent as it is, without a content type: the form of a statement's PUT. */
  raw?: string;
}

/** A 2xx answer, read to its end. */
export interface Answer {
  call: string;
  status: number;
  contentType: string;
  text: string;
}

export type Ask = (call: Call, options?: CallOptions) => Promise<Answer>;

export interface AskSettings {
  origin: string;
  key: string;
  scheme: "AppKey" | "Bearer";
  fetch: FetchLike;
}

/** The one place that sends: key in the header only, no retry, no redirect followed. */
export function createAsk({ origin, key, scheme, fetch }: AskSettings): Ask {
  return async ({ method, path, query, json, raw }, { signal } = {}) => {
    const call = `${method} ${path}`;
    const headers: Record<string, string> = { accept: "application/json", authorization: `${scheme} ${key}` };
    if (json !== undefined) headers["content-type"] = "application/json";
    const body = json === undefined ? raw : JSON.stringify(json);
    const init: FetchInit = {
      method,
      headers,
      redirect: "manual",
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    };
    let status: number;
    let contentType: string;
    let text: string;
    try {
      signal?.throwIfAborted();
      const answer = await fetch(origin + path + queryString(query), init);
      status = answer.status;
      contentType = answer.headers.get("content-type") ?? "";
      text = await answer.text();
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      throw new UnreachableError(networkWords(cause), { call, status: null, cause });
    }
    if (status >= 200 && status < 300) return { call, status, contentType, text };
    throw refusal(call, status, serverWords(contentType, text.replaceAll(key, "***")));
  };
}

function refusal(call: string, status: number, words: string): Error {
  const message = `HTTP ${String(status)}${words === "" ? "" : `: ${words}`}`;
  const facts = { call, status };
  switch (status) {
    case 401:
    case 403:
      return new DeniedError(message, facts);
    case 404:
      return new NotFoundError(message, facts);
    case 409:
      return new ConflictError(message, facts);
    case 400:
    case 405:
    case 413:
    case 415:
    case 422:
      return new InvalidRequestError(message, facts);
    default:
      return new UnexpectedAnswerError(message, facts);
  }
}

/** Errors of the network come nested, and the outermost often says only "fetch failed". */
function networkWords(error: unknown): string {
  const words: string[] = [];
  for (let at: unknown = error; at instanceof Error && words.length < 3; at = at.cause) {
    const first: unknown = at instanceof AggregateError ? at.errors[0] : undefined;
    const text = at.message !== "" ? at.message : first instanceof Error ? first.message : at.name;
    if (!words.includes(text)) words.push(text);
  }
  return words.length === 0 ? String(error) : words.join(": ");
}

/**
 * A path of the contract with its ids in place. Templates are checked against the contract's list by
 * their type; the trailing slash is kept where real teams want one.
 * @throws InvalidRequestError for an id that would change the path.
 */
export function pathOf<Template extends PathTemplate | `${PathTemplate}/`>(
  template: Template,
  ids: Record<IdsIn<Template>, string>,
): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const id = (ids as Record<string, string>)[name] ?? "";
    if (id === "" || id === "." || id === "..") {
      throw new InvalidRequestError(`${name} "${id}" is not an id`, { call: template, status: null });
    }
    return encodeURIComponent(id);
  });
}

function queryString(query: Call["query"]): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === null || value === undefined) continue;
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value])
      pairs.append(name, String(one));
  }
  const text = pairs.toString();
  return text === "" ? "" : `?${text}`;
}

/** The answer as one JSON object. @throws UnexpectedAnswerError. */
export function asObject<T extends object>(answer: Answer): T {
  const value = parsed(answer);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw notOurs(answer, "a JSON object");
  return value as T;
}

/** The answer as a JSON array of objects. @throws UnexpectedAnswerError. */
export function asList<T extends object>(answer: Answer): T[] {
  const value = parsed(answer);
  const isList = Array.isArray(value) && value.every((one) => typeof one === "object" && one !== null);
  if (!isList) throw notOurs(answer, "a JSON array of objects");
  return value as T[];
}

/** The answer as plain text: a page of HTML is none. @throws UnexpectedAnswerError. */
export function asPlainText(answer: Answer): string {
  if (!/^text\/plain\b/i.test(answer.contentType.trim())) throw notOurs(answer, "plain text");
  return answer.text;
}

function parsed(answer: Answer): unknown {
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(answer.contentType.trim())) throw notOurs(answer, "JSON");
  try {
    return JSON.parse(answer.text);
  } catch (cause) {
    throw notOurs(answer, "JSON", cause);
  }
}

function notOurs(
  { call, status, contentType }: Answer,
  wanted: string,
  cause?: unknown,
): UnexpectedAnswerError {
  const got = contentType === "" ? "an answer without a content type" : contentType;
  return new UnexpectedAnswerError(`HTTP ${String(status)} with ${got}, expected ${wanted}`, {
    call,
    status,
    cause,
  });
}
