/** Patterns of Vertica's TO_CHAR, TO_DATE and TO_TIMESTAMP in the words of DuckDB. */

/** As strftime and strptime say it, longest first: YYYY before YY. `bare`: without the zeros in front, for FM. */
const timeParts: readonly (readonly [pattern: string, format: string, bare?: string])[] = [
  ["YYYY", "%Y"],
  ["IYYY", "%G"],
  ["HH24", "%H", "%-H"],
  ["HH12", "%I", "%-I"],
  ["DDD", "%j", "%-j"],
  ["YY", "%y"],
  ["MM", "%m", "%-m"],
  ["MI", "%M", "%-M"],
  ["MS", "%g"],
  ["DD", "%d", "%-d"],
  ["HH", "%H", "%-H"],
  ["SS", "%S", "%-S"],
  ["US", "%f"],
  ["IW", "%V", "%-V"],
  ["AM", "%p", "%p"],
  ["PM", "%p", "%p"],
];

/** Names; each has three spellings, whose case is that of the answer. Full ones are filled with blanks to nine. */
const nameParts: readonly (readonly [pattern: string, format: string])[] = [
  ["Month", "%B"],
  ["Mon", "%b"],
  ["Day", "%A"],
  ["Dy", "%a"],
];

/**
 * What strftime cannot write, as an SQL expression of `t`; a mark in the format stands for it. Marks are
 * characters of Unicode's private area, which a pattern may not hold.
 */
const marked: string[] = [];

function mark(sql: string): string {
  if (!marked.includes(sql)) marked.push(sql);
  return String.fromCharCode(firstMark + marked.indexOf(sql));
}

const firstMark = 0xe000;
const anyMark = /[\ue000-\uf8ff]/;
const moment = "CAST(t AS TIMESTAMP)";

/** How each spelling is written by TO_CHAR; those of timeParts in upper and lower case, the names in all three. */
const written: readonly (readonly [spelling: string, format: string, bare: string | undefined])[] = [
  ["SSSS", mark(`CAST(3600 * hour(${moment}) + 60 * minute(${moment}) + second(${moment}) AS VARCHAR)`)],
  ...nameParts.flatMap(([name, format]) => {
    const spellings = { [name]: "%s", [name.toUpperCase()]: "upper(%s)", [name.toLowerCase()]: "lower(%s)" };
    return Object.entries(spellings).map(([spelling, inCase]) => {
      const sql = inCase.replace("%s", `strftime(t, '${format}')`);
      const bare = inCase === "%s" ? format : mark(sql);
      return [
        spelling,
        name.length > 3 || name === "Day" ? mark(`rpad(${sql}, 9, ' ')`) : bare,
        bare,
      ] as const;
    });
  }),
  ...timeParts.flatMap(([pattern, format, bare]) => {
    const lower = format === "%p" ? mark("lower(strftime(t, '%p'))") : format;
    return [
      [pattern, format, bare] as const,
      [pattern.toLowerCase(), lower, format === "%p" ? lower : bare] as const,
    ];
  }),
].map(([spelling = "", format = "", bare]) => [spelling, format, bare] as const);

/** How each spelling is read by TO_DATE and TO_TIMESTAMP: names in any case. */
const read: readonly (readonly [spelling: string, format: string, bare: undefined])[] = [
  ...nameParts.flatMap(([name, format]) =>
    [name, name.toUpperCase(), name.toLowerCase()].map((spelling) => [spelling, format, undefined] as const),
  ),
  ...timeParts.flatMap(([pattern, format]) =>
    [pattern, pattern.toLowerCase()].map((spelling) => [spelling, format, undefined] as const),
  ),
];

/** Every mark with the SQL expression of `t` that takes its place. */
export const marks: readonly { char: string; sql: string }[] = marked.map((sql, index) => ({
  char: String.fromCharCode(firstMark + index),
  sql,
}));

/** The part of a pattern that has no counterpart, and what to write in its place where there is something. */
export interface UnknownPart {
  unknown: string;
  instead?: string;
}

/** A pattern for dates and times as a format of strftime or strptime. `marked`: it holds marks. */
export function timePattern(
  pattern: string,
  use: "write" | "read",
): { format: string; marked: boolean } | UnknownPart {
  if (anyMark.test(pattern)) return { unknown: pattern };
  const parts = use === "write" ? written : read;
  let format = "";
  const used = new Set<string>();
  for (let at = 0; at < pattern.length;) {
    const rest = pattern.slice(at);
    const quoted = /^"([^"]*)"/.exec(rest);
    const fill = use === "write" && /^fm/i.test(rest);
    if (use === "read" && /^ssss/i.test(rest)) return { unknown: rest.slice(0, 4) };
    const part = parts.find(([spelling]) => rest.startsWith(spelling, fill ? 2 : 0));
    const char = rest[0] ?? "";
    if (quoted !== null) {
      format += (quoted[1] ?? "").replaceAll("%", "%%");
      at += quoted[0].length;
    } else if (part !== undefined && !(fill && part[2] === undefined)) {
      const [spelling, filled, bare] = part;
      used.add(spelling.toUpperCase());
      format += fill ? (bare ?? filled) : filled;
      at += spelling.length + (fill ? 2 : 0);
    } else if (/[A-Za-z0-9]/.test(char)) {
      return { unknown: /^[A-Za-z0-9]+/.exec(rest)?.[0] ?? char };
    } else {
      format += char === "%" ? "%%" : char;
      at += 1;
    }
  }
  // HH is the hour of the day, 00 to 23; beside AM or PM its author means something else.
  if (used.has("HH") && (used.has("AM") || used.has("PM"))) {
    return { unknown: "HH", instead: "write HH12 beside AM or PM, or HH24 without" };
  }
  return format === "" ? { unknown: "" } : { format, marked: anyMark.test(format) };
}

/**
 * A number's pattern: digits behind the point, those of them that stay under FM, zeros at least before the point,
 * places before it, a point or not, blanks in front or not.
 */
export interface NumberPattern {
  decimals: number;
  kept: number;
  zeros: number;
  places: number;
  point: boolean;
  fill: boolean;
}

/** There is a function for each number of digits behind the point. */
export const mostDecimals = 18;

/** Nines and zeros with at most one point, FM in front for no blanks; null for anything else. */
export function numberPattern(pattern: string): NumberPattern | null {
  const parts = /^(FM)?([09]+)(?:(\.)([09]*))?$/i.exec(pattern);
  if (parts === null) return null;
  const [, fillMode, whole = "", point, fraction = ""] = parts;
  if (whole.length + fraction.length > 38 || fraction.length > mostDecimals) return null;
  const firstZero = whole.indexOf("0");
  return {
    decimals: fraction.length,
    kept: fraction.lastIndexOf("0") + 1,
    zeros: firstZero < 0 ? 0 : whole.length - firstZero,
    places: whole.length,
    point: point !== undefined,
    fill: fillMode === undefined,
  };
}
