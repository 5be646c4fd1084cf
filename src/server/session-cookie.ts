import { timingSafeEqual } from "node:crypto";
import { sessionTokenHeader } from "../contract/index.ts";

/**
 * The cookie of the page. Over HTTPS its name makes the browser refuse it from anywhere but this very host and
 * from plain HTTP, so that nobody on the way can put one in its place.
 */
const nameOver = { "https:": "__Host-nightdesk-session", "http:": "nightdesk-session" } as const;
const attributes = "Path=/; HttpOnly; SameSite=Strict";

/** The id of the page's session that a request came with; null: none. */
export function sessionIn(request: Request): string | null {
  const name = nameFor(request);
  for (const one of request.headers.get("cookie")?.split(";") ?? []) {
    const [key = "", value = ""] = one.split("=", 2);
    if (key.trim() === name && value.trim() !== "") return value.trim();
  }
  return null;
}

/** For `Set-Cookie`. `id` null: takes it away. It ends with the browser; the server ends it earlier. */
export function sessionCookie(request: Request, id: string | null): string {
  const secure = schemeOf(request) === "https:" ? "; Secure" : "";
  const age = id === null ? "; Max-Age=0" : "";
  return `${nameFor(request)}=${id ?? ""}; ${attributes}${secure}${age}`;
}

/**
 * Whether a call by cookie comes from the page itself and not from another one that the browser has open: it says the
 * token, which only the page could read, and the browser says where it comes from.
 */
export function isFromPage(request: Request, token: string): boolean {
  const said = Buffer.from(request.headers.get(sessionTokenHeader) ?? "");
  const right = Buffer.from(token);
  return said.byteLength === right.byteLength && timingSafeEqual(said, right) && isSameOrigin(request);
}

/** Browsers leave out the first of the two headers where a page is not from a secure place, older ones always. */
function isSameOrigin({ headers }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  if (site === null && origin === null) return false;
  if (site !== null && site !== "same-origin") return false;
  return origin === null || origin.replace(/^https?:\/\//, "") === headers.get("host");
}

function nameFor(request: Request): string {
  return nameOver[schemeOf(request)];
}

function schemeOf({ url }: Request): keyof typeof nameOver {
  return url.startsWith("https:") ? "https:" : "http:";
}
