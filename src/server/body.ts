import { UserError } from "../model/errors.ts";

/** Most bytes of a request body. */
export const mostBodyBytes = 1024 * 1024;
const deepest = 32;

/** The body is over the limit; what was left of it has not been read. */
export class BodyTooLarge extends Error {}

/**
 * The body as text.
 * @throws BodyTooLarge; UserError "invalid" when it is not UTF-8.
 */
export async function readText(request: Request): Promise<string> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > mostBodyBytes) throw new BodyTooLarge();
  if (request.body === null) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true });
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
 * @throws UserError "invalid" when it is no JSON or nested too deep.
 */
export async function readJson(request: Request): Promise<unknown> {
  const text = await readText(request);
  if (text.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the body, which may hold a password.
    throw malformed("The body is not valid JSON.");
  }
  return withoutNulls(value, 0);
}

/** A copy without the null fields of objects; `__proto__` is no field of anything. */
function withoutNulls(value: unknown, depth: number): unknown {
  if (depth > deepest) throw malformed(`The body is nested deeper than ${String(deepest)} levels.`);
  if (Array.isArray(value)) return value.map((one) => withoutNulls(one, depth + 1));
  if (typeof value !== "object" || value === null) return value ?? undefined;
  const kept: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    if (field !== null && name !== "__proto__") kept[name] = withoutNulls(field, depth + 1);
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

function malformed(message: string): UserError {
  return new UserError("invalid", message, {
    operation: "read the request",
    next: "Correct the body and send it again.",
  });
}
