/**
 * Text as pure printable ASCII on one line: every other character becomes `\u{hex}`.
 * Answers of the desk are read under Japanese and Western code pages alike, and a name
 * must not be able to fake a line of its own.
 */
export function toAscii(text: string): string {
  let out = "";
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    out += code >= 0x20 && code < 0x7f ? char : `\\u{${code.toString(16)}}`;
  }
  return out;
}

/** The value as JSON on one line, pure ASCII: no code page on the way can change it, no text in it ends the line. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
