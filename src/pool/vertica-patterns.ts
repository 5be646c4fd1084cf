/** Patterns of Vertica's TO_CHAR, TO_DATE and TO_TIMESTAMP in the words of DuckDB. */

/** Longest first: YYYY before YY. */
const timeParts: readonly (readonly [pattern: string, format: string])[] = [
  ["MONTH", "%B"],
  ["YYYY", "%Y"],
  ["IYYY", "%G"],
  ["HH24", "%H"],
  ["HH12", "%I"],
  ["DDD", "%j"],
  ["DAY", "%A"],
  ["MON", "%b"],
  ["YY", "%y"],
  ["MM", "%m"],
  ["MI", "%M"],
  ["MS", "%g"],
  ["DD", "%d"],
  ["DY", "%a"],
  ["HH", "%I"],
  ["SS", "%S"],
  ["US", "%f"],
  ["IW", "%V"],
  ["AM", "%p"],
  ["PM", "%p"],
];
const names = new Set(["MONTH", "MON", "DAY", "DY"]);

/**
 * A pattern for dates and times as a format of strftime. `upper`: its names of months and days are in upper
 * case. `unknown`: the first part without a counterpart.
 */
export function timePattern(pattern: string): { format: string; upper: boolean } | { unknown: string } {
  let format = "";
  const cases = new Set<"upper" | "title">();
  for (let at = 0; at < pattern.length;) {
    const rest = pattern.slice(at);
    const quoted = /^"([^"]*)"/.exec(rest);
    const part = timeParts.find(([spelling]) => rest.toUpperCase().startsWith(spelling));
    const char = rest[0] ?? "";
    if (quoted !== null) {
      const text = quoted[1] ?? "";
      if (text !== text.toUpperCase()) cases.add("title");
      format += text.replaceAll("%", "%%");
      at += quoted[0].length;
    } else if (part !== undefined) {
      const [spelling, as] = part;
      if (names.has(spelling)) cases.add(rest.startsWith(spelling) ? "upper" : "title");
      format += as;
      at += spelling.length;
    } else if (/[A-Za-z0-9]/.test(char)) {
      return { unknown: /^[A-Za-z0-9]+/.exec(rest)?.[0] ?? char };
    } else {
      format += char === "%" ? "%%" : char;
      at += 1;
    }
  }
  // The whole text is put in upper case at once, so a mix of both cases has no counterpart.
  if (cases.size > 1) return { unknown: pattern };
  return format === "" ? { unknown: "" } : { format, upper: cases.has("upper") };
}

/** A number's pattern: digits behind the point, zeros at least before it, width with the sign, blanks in front or not. */
export interface NumberPattern {
  decimals: number;
  zeros: number;
  width: number;
  fill: boolean;
}

/** Nines and zeros with at most one point, FM in front for no blanks; null for anything else. */
export function numberPattern(pattern: string): NumberPattern | null {
  const parts = /^(FM)?([09]*)(?:([.D])([09]*))?$/i.exec(pattern);
  if (parts === null) return null;
  const [, fillMode, whole = "", point, fraction = ""] = parts;
  if (whole.length + fraction.length === 0 || whole.length + fraction.length > 38) return null;
  const firstZero = whole.indexOf("0");
  return {
    decimals: fraction.length,
    zeros: firstZero < 0 ? 0 : whole.length - firstZero,
    width: whole.length + (point === undefined ? 0 : 1) + fraction.length + 1,
    fill: fillMode === undefined,
  };
}
