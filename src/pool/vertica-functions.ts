import { functionSchema } from "./names.ts";
import { marks, mostDecimals } from "./vertica-patterns.ts";

/**
 * Common functions of Vertica's SQL that DuckDB lacks, as macros. `vertica_*` are what vertica.ts turns
 * syntax into; the others are called by their own names. A script can shadow one in its own schema, but
 * cannot change it for others.
 */
const macros: readonly string[] = [
  "nvl(a, b) AS coalesce(a, b)",
  "nvl2(a, b, c) AS CASE WHEN a IS NOT NULL THEN b ELSE c END",
  "zeroifnull(a) AS coalesce(a, 0)",
  "nullifzero(a) AS nullif(a, 0)",
  "getdate() AS CAST(now() AS TIMESTAMP)",
  "getutcdate() AS CAST(now() AS TIMESTAMP)",
  // The last day of a month stays a last day: 29 February + 1 month is 31 March.
  `add_months(d, n) AS CASE
     WHEN CAST(d AS DATE) = last_day(CAST(d AS DATE)) THEN last_day(CAST(d AS DATE) + to_months(CAST(n AS INTEGER)))
     ELSE CAST(CAST(d AS DATE) + to_months(CAST(n AS INTEGER)) AS DATE) END`,
  `instr(s, part) AS strpos(s, part),
   (s, part, start) AS CASE WHEN strpos(substr(s, start), part) = 0 THEN 0
     ELSE strpos(substr(s, start), part) + start - 1 END`,
  decode(10),
  "analyze_statistics(a) AS 0",
  "to_char(a) AS CAST(a AS VARCHAR)",
  // Boundaries crossed, not time passed. DuckDB's own weeks begin on Thursdays; Vertica's end on Sunday, 24:00.
  "vertica_weeks_between(unit, a, b) AS datediff('day', date_trunc('week', a), date_trunc('week', b)) // 7",
  `vertica_timestampadd(unit, n, t) AS t + CASE unit
     WHEN 'year' THEN to_years(CAST(n AS INTEGER))
     WHEN 'quarter' THEN to_months(CAST(3 * n AS INTEGER))
     WHEN 'month' THEN to_months(CAST(n AS INTEGER))
     WHEN 'week' THEN to_days(CAST(7 * n AS INTEGER))
     WHEN 'day' THEN to_days(CAST(n AS INTEGER))
     WHEN 'hour' THEN to_hours(CAST(n AS BIGINT))
     WHEN 'minute' THEN to_minutes(CAST(n AS BIGINT))
     WHEN 'second' THEN to_seconds(CAST(n AS DOUBLE))
     WHEN 'millisecond' THEN to_milliseconds(CAST(n AS DOUBLE))
     WHEN 'microsecond' THEN to_microseconds(CAST(n AS BIGINT)) END`,
  "vertica_time_to_char(t, format) AS strftime(t, format)",
  `vertica_time_to_marked_char(t, format) AS ${marks.reduce(
    (text, { char, sql }) => `replace(${text}, chr(${String(char.charCodeAt(0))}), ${sql})`,
    "strftime(t, format)",
  )}`,
  "vertica_to_date(s, format) AS CAST(strptime(CAST(s AS VARCHAR), format) AS DATE)",
  "vertica_to_timestamp(s, format) AS strptime(CAST(s AS VARCHAR), format)",
  ...Array.from({ length: mostDecimals + 1 }, (_, decimals) => numberToChar(decimals)),
];

/** Makes them, each in place of one of its name. */
export const functionStatements: readonly string[] = macros.map(
  (macro) => `CREATE OR REPLACE MACRO ${functionSchema}.${macro}`,
);

/** Their names. Unqualified, a DROP would find ours where the author has none of that name. */
export const functionNames: ReadonlySet<string> = new Set(
  macros.map((macro) => macro.slice(0, macro.indexOf("("))),
);

/** DECODE(value, search, result, ..., default) for up to `pairs` pairs; one argument is DuckDB's own function. */
function decode(pairs: number): string {
  const overloads = ["(value) AS system.main.decode(value)"];
  for (let count = 1; count <= pairs; count++) {
    const numbers = Array.from({ length: count }, (_, i) => String(i + 1));
    const parameters = numbers.map((i) => `s${i}, r${i}`).join(", ");
    const cases = numbers.map((i) => `WHEN value IS NOT DISTINCT FROM s${i} THEN r${i}`).join(" ");
    overloads.push(
      `(value, ${parameters}) AS CASE ${cases} END`,
      `(value, ${parameters}, other) AS CASE ${cases} ELSE other END`,
    );
  }
  return `decode${overloads.join(", ")}`;
}

/**
 * Exact, by way of DECIMAL(38, decimals). FM takes away zeros at the end that no 0 of the pattern keeps, but not the
 * point. What becomes of a number that has more digits than its pattern is not documented, so it is an error.
 */
function numberToChar(decimals: number): string {
  const text = `CAST(CAST(abs(x) AS DECIMAL(38,${String(decimals)})) AS VARCHAR)`;
  const whole = `split_part(${text}, '.', 1)`;
  const digitsBehind = `split_part(${text}, '.', 2)`;
  const behind = `CASE WHEN fill THEN ${digitsBehind}
    ELSE left(${digitsBehind}, kept) || rtrim(substr(${digitsBehind}, kept + 1), '0') END`;
  // 0.5 is written .5, but a nought alone is never dropped.
  const noughtOnly = `${whole} = '0' AND zeros = 0 AND (${behind}) <> ''`;
  const digits = `CASE WHEN ${noughtOnly} THEN '' ELSE ${whole} END`;
  const before = `CASE WHEN length(${digits}) < zeros THEN lpad(${digits}, zeros, '0') ELSE ${digits} END`;
  const dot = "CASE WHEN point THEN '.' ELSE '' END";
  // What is rounded to nothing has no sign.
  const sign = `CASE WHEN x < 0 AND regexp_matches(${text}, '[1-9]') THEN '-' ELSE '' END`;
  const written = `(${sign}) || (${before}) || (${dot}) || (${behind})`;
  const tooMuch =
    "error('TO_CHAR: ' || CAST(x AS VARCHAR) || ' has more digits before the point than its pattern')";
  const shown = `CASE WHEN length(${digits}) > places THEN ${tooMuch} ELSE ${written} END`;
  const width = `places + ${String(decimals + 1)} + (CASE WHEN point THEN 1 ELSE 0 END)`;
  return `vertica_number_to_char_${String(decimals)}(x, kept, zeros, places, point, fill) AS
    CASE WHEN fill THEN lpad(${shown}, ${width}, ' ') ELSE ${shown} END`;
}
