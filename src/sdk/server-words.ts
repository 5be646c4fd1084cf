/** Longest text taken over from a server into a message. */
const mostCharacters = 300;

/**
 * What a server says about a refusal, as one short line: the fields of the contract's error bodies, or a
 * short plain text. A page of HTML says nothing: "".
 */
export function serverWords(contentType: string, text: string): string {
  const type = contentType.toLowerCase();
  if (type.includes("json")) return oneLine(fromJson(text));
  if (type.includes("html") || text.trimStart().startsWith("<")) return "";
  return oneLine(text);
}

function fromJson(text: string): string {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return "";
  }
  if (typeof body !== "object" || body === null) return "";
  const { errors, detail, message, title, error } = body as Record<string, unknown>;
  if (Array.isArray(errors))
    return errors
      .map(validationWords)
      .filter((one) => one !== "")
      .join("; ");
  for (const one of [detail, message, title, error]) if (typeof one === "string" && one !== "") return one;
  return "";
}

function validationWords(one: unknown): string {
  if (typeof one !== "object" || one === null) return "";
  const { attribute, error } = one as Record<string, unknown>;
  if (typeof error !== "string") return "";
  return typeof attribute === "string" && attribute !== "" ? `${attribute}: ${error}` : error;
}

function oneLine(text: string): string {
  // A server's text must not start a line of its own or move the cursor.
  const line = text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
  return line.length > mostCharacters ? `${line.slice(0, mostCharacters)}...` : line;
}
