import { UserError } from "../model/errors.ts";

/** Most bytes of a request body. */
export const mostBodyBytes = 1024 * 1024;
const deepest = 32;

/** NUL, or half of a surrogate pair: no database keeps it as it is, and no name or SQL needs it. */
const notText = /[\0\p{Cs}]/u;
const notTexts = new RegExp(notText, "gu");

/** The body is over the limit; what was left of it has not been read. */
export class BodyTooLarge extends Error {}

/** The body came encoded, which nothing here decodes. */
export class BodyEncoded extends Error {}

/** Refuses a body by what its headers say, read or not. @throws BodyTooLarge */
export function checkAnnounced(request: Request): void {
  if (Number(request.headers.get("content-length") ?? 0) > mostBodyBytes) throw new BodyTooLarge();
}

/** `mends`: what is no text is replaced where it stands, and keeps nothing from being done. */
export interface Reading {
  mends: boolean;
}
const asItIs: Reading = { mends: false };

/**
 * The body as text.
 * @throws BodyTooLarge; BodyEncoded; UserError "invalid" when it is not UTF-8.
 */
export async function readText(request: Request, { mends } = asItIs): Promise<string> {
  checkAnnounced(request);
  if (request.body === null) return "";
  if (!/^(identity)?$/i.test(request.headers.get("content-encoding") ?? "")) throw new BodyEncoded();
  const decoder = new TextDecoder("utf-8", { fatal: !mends });
  let text = "";
  let bytes = 0;
  // The length that was announced proves nothing, and a chunked body announces none.
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > mostBodyBytes) throw new BodyTooLarge();
    text += decoded(() => decoder.decode(chunk, { stream: true }));
  }
  return text + decoded(() => decoder.decode());
}

/**
 * The body as JSON without its nulls: clients send every field they know, and null means "not given".
 * An empty body is undefined.
 * @throws UserError "invalid" when it is no JSON, nested too deep, or holds what is no text.
 */
export async function readJson(request: Request, reading = asItIs): Promise<unknown> {
  const text = await readText(request, reading);
  if (text.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the body, which may hold a password.
    throw malformed("The body is not valid JSON.");
  }
  return withoutNulls(value, [], reading);
}

/** A copy without the null fields of objects; `__proto__` is no field of anything. */
function withoutNulls(value: unknown, path: readonly (string | number)[], reading: Reading): unknown {
  if (path.length > deepest) throw malformed(`The body is nested deeper than ${String(deepest)} levels.`);
  if (typeof value === "string" && notText.test(value)) {
    if (reading.mends) return value.replace(notTexts, "\uFFFD");
    throw malformed("The text holds a NUL character or half of a surrogate pair.", path.join("."));
  }
  if (Array.isArray(value)) return value.map((one, index) => withoutNulls(one, [...path, index], reading));
  if (typeof value !== "object" || value === null) return value ?? undefined;
  const kept: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    if (field !== null && name !== "__proto__") kept[name] = withoutNulls(field, [...path, name], reading);
  }
  return kept;
}

function decoded(decode: () => string): string {
  try {
    return decode();
  } catch {
    throw malformed("The body is not valid UTF-8.");
  }
}

function malformed(message: string, attribute = ""): UserError {
  return new UserError("invalid", message, {
    operation: "read the request",
    next: "Correct the body and send it again.",
    ...(attribute === "" ? {} : { attribute }),
  });
}
