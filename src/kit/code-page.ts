import iconv from "iconv-lite";
import { refusal } from "./facts.ts";

/** Written alike and meant alike: Unicode has two, code page 932 has the second. */
const twins: Readonly<Record<string, string>> = {
  "\u301c": "\uff5e",
  "\u2212": "\uff0d",
  "\u2014": "\u2015",
  "\u2016": "\u2225",
  "\u00a2": "\uffe0",
  "\u00a3": "\uffe1",
  "\u00ac": "\uffe2",
};

/**
 * A name with such characters only as code page 932 has, which Japanese Windows reads without being told.
 * @throws UserError for a name that it cannot show.
 */
export function inCodePage932(name: string): string {
  const text = name.replace(/[\u301c\u2212\u2014\u2016\u00a2\u00a3\u00ac]/g, (char) => twins[char] ?? char);
  if (iconv.decode(iconv.encode(text, "cp932"), "cp932") !== text) {
    throw refusal(
      `${JSON.stringify(name)} cannot be shown in code page 932`,
      "rename it, or make the kit with --lang en",
    );
  }
  return text;
}

/** The bytes of a text all of whose names went through `inCodePage932`. */
export function codePage932(text: string): Uint8Array {
  return iconv.encode(inCodePage932(text), "cp932");
}
