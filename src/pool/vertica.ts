/**
 * What of Vertica's SQL cannot be a macro, because it is syntax: bare units (`DATEDIFF(day, a, b)`), the
 * word SYSDATE, patterns of TO_CHAR and its kin. Single tokens are replaced, nothing is moved, and strings,
 * names in quotes and comments are never touched. The functions themselves are in vertica-functions.ts.
 */
import type { Edit } from "./edits.ts";
import { functionSchema } from "./names.ts";
import { literal } from "./quote.ts";
import type { Token } from "./tokens.ts";
import { numberPattern, timePattern } from "./vertica-patterns.ts";

/** A pattern or unit of Vertica that has no counterpart here. */
export class UnknownPatternError extends Error {
  /** Where in the script. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Vertica's spellings of units, by the spelling of our functions. */
const units: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    year: "year yy yyyy years",
    quarter: "quarter qq q quarters",
    month: "month mm m months",
    week: "week wk ww weeks",
    day: "day dd d dy y dayofyear days",
    hour: "hour hh hours",
    minute: "minute mi n minutes",
    second: "second ss s seconds",
    millisecond: "millisecond ms",
    microsecond: "microsecond mcs us",
  }).flatMap(([unit, spellings]) => spellings.split(" ").map((spelling) => [spelling, unit])),
);

/** Functions whose first argument is a unit, by what does their work here. */
const unitFunctions: Readonly<Record<string, (unit: string) => string>> = {
  datediff,
  timestampdiff: datediff,
  timestampadd: () => `${functionSchema}.vertica_timestampadd`,
  dateadd: () => `${functionSchema}.vertica_timestampadd`,
};

function datediff(unit: string): string {
  return unit === "week" ? `${functionSchema}.vertica_weeks_between` : "datediff";
}

/** Replaces one function's tokens; null: it is not Vertica's form and stays as it is. */
type Rewrite = (call: Call) => Edit[] | null;

/** A call `name(...)` with its arguments as ranges of tokens. */
interface Call {
  name: Token;
  arguments: Token[][];
}

const rewrites: Readonly<Record<string, Rewrite>> = {
  ...Object.fromEntries(
    Object.entries(unitFunctions).map(([name, workOf]) => [name, (call: Call) => withUnit(call, workOf)]),
  ),
  to_char: toChar,
  to_date: (call) => withTimePattern(call, "vertica_to_date"),
  to_timestamp: (call) => withTimePattern(call, "vertica_to_timestamp"),
  // As a bare word ISNULL is an operator of DuckDB; as a function only Vertica has it.
  isnull: (call) => (call.arguments.length === 2 ? [rename(call.name, "nvl")] : null),
};

/** What makes one statement DuckDB's, with offsets into the script. @throws UnknownPatternError */
export function verticaEdits(tokens: Token[]): Edit[] {
  const edits: Edit[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "word") continue;
    const before = tokens[index - 1];
    const qualifiedName = before?.kind === "punctuation" && before.value === ".";
    if (qualifiedName) continue;
    if (tokens[index + 1]?.value === "(" && Object.hasOwn(rewrites, token.value)) {
      const call = readCall(tokens, index);
      edits.push(...((call === null ? null : rewrites[token.value]?.(call)) ?? []));
    } else if (token.value === "sysdate" && before?.value !== "as" && tokens[index + 1]?.value !== ".") {
      const called = tokens[index + 1]?.value === "(";
      edits.push(rename(token, called ? "getdate" : "getdate()"));
    }
  }
  return edits;
}

function readCall(tokens: Token[], index: number): Call | null {
  const name = tokens[index];
  if (name === undefined) return null;
  const all: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(index + 1)) {
    const mark = token.kind === "punctuation" ? token.value : "";
    if (/[)\]}]/.test(mark)) depth -= 1;
    if (depth === 0 && mark !== "(") return { name, arguments: all };
    if (depth === 1 && mark === ",") all.push([]);
    else if (depth > 0) all.at(-1)?.push(token);
    if (/[([{]/.test(mark)) depth += 1;
  }
  return null;
}

function rename(token: Token, text: string): Edit {
  return { start: token.start, end: token.end, text: `${functionSchema}.${text}` };
}

function replace(token: Token, text: string): Edit {
  return { start: token.start, end: token.end, text: literal(text) };
}

function asMoment({ start, end, value }: Token): Edit {
  return { start, end, text: `CAST(${literal(value)} AS TIMESTAMP)` };
}

/** Dates may be plain texts, which DuckDB would not know for which kind of time to take. */
function withUnit({ name, arguments: given }: Call, workOf: (unit: string) => string): Edit[] | null {
  const [unit, ...others] = given[0] ?? [];
  if (given.length !== 3 || unit === undefined || others.length > 0) return null;
  const known = units[unit.value.toLowerCase()];
  if (unit.kind !== "number" && unit.kind !== "punctuation" && known !== undefined) {
    return [
      { start: name.start, end: name.end, text: workOf(known) },
      replace(unit, known),
      ...(name.value.endsWith("add") ? given.slice(2) : given.slice(1)).flatMap(([moment, ...more]) =>
        moment?.kind === "string" && more.length === 0 ? [asMoment(moment)] : [],
      ),
    ];
  }
  if (unit.kind !== "string") return null;
  throw new UnknownPatternError(`"${unit.value}" is not a unit of ${name.value.toUpperCase()}`, unit.start);
}

function toChar(call: Call): Edit[] | null {
  const pattern = literalPattern(call);
  if (call.arguments.length !== 2 || pattern === null) return null;
  const number = numberPattern(pattern.value);
  if (number !== null) {
    const { start, end } = pattern;
    const { decimals, kept, zeros, places, point, fill } = number;
    const text = [kept, zeros, places, point, fill].map(String).join(", ");
    return [rename(call.name, `vertica_number_to_char_${String(decimals)}`), { start, end, text }];
  }
  const { format, marked } = readTimePattern(pattern, call.name, "write");
  return [
    rename(call.name, marked ? "vertica_time_to_marked_char" : "vertica_time_to_char"),
    replace(pattern, format),
  ];
}

function withTimePattern(call: Call, macro: string): Edit[] | null {
  const pattern = literalPattern(call);
  if (call.arguments.length !== 2 || pattern === null) return null;
  return [rename(call.name, macro), replace(pattern, readTimePattern(pattern, call.name, "read").format)];
}

function literalPattern({ arguments: given }: Call): Token | null {
  const [pattern, ...others] = given[1] ?? [];
  return pattern?.kind === "string" && others.length === 0 ? pattern : null;
}

function readTimePattern(
  pattern: Token,
  name: Token,
  use: "write" | "read",
): { format: string; marked: boolean } {
  const read = timePattern(pattern.value, use);
  if ("unknown" in read) {
    const { unknown, instead = "text in a pattern stands in double quotes" } = read;
    throw new UnknownPatternError(
      `${name.value.toUpperCase()} does not know "${unknown}" in the pattern '${pattern.value}'; ${instead}`,
      pattern.start,
    );
  }
  return read;
}
