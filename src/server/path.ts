/**
 * One spelling of a path for routing, authorization and logs. Clients send doubled slashes and both
 * trailing-slash spellings; whatever could be read in two ways is refused instead of guessed at.
 */
const ambiguous = /%2e|%2f|%5c|%00|%3b|%25|;|\\/i;

/** What nearly every path is made of. */
const plain = /^\/[A-Za-z0-9_/-]*$/;

/** Why the path part of a request is refused; null when it is fine. */
export function refusedPath(path: string): string | null {
  if (plain.test(path)) return null;
  if (!path.startsWith("/")) return "The request target is not a path.";
  if (ambiguous.test(path))
    return "The path holds an encoded or special character that is not allowed in it.";
  if (/(^|\/)\.{1,2}(\/|$)/.test(path)) return "The path holds a dot segment.";
  try {
    decodeURIComponent(path);
  } catch {
    return "The path is not validly encoded.";
  }
  return null;
}

/** The path with runs of slashes collapsed and without a trailing one. */
export function canonicalPath(path: string): string {
  const collapsed = path.includes("//") ? path.replace(/\/{2,}/g, "/") : path;
  return collapsed.length > 1 && collapsed.endsWith("/") ? collapsed.slice(0, -1) : collapsed;
}

/** The path part of an absolute URL or of a request target, as it was sent. */
export function pathOf(url: string): string {
  const afterScheme = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  if (afterScheme === -1) return "/";
  const end = url.slice(afterScheme).search(/[?#]/);
  return end === -1 ? url.slice(afterScheme) : url.slice(afterScheme, afterScheme + end);
}
