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
