import { expect, test } from "vitest";
import { readScript } from "./statements.ts";
import { numberPattern, timePattern } from "./vertica-patterns.ts";

const rewritten = (sql: string): string => readScript(sql)[0]?.rewritten.sql ?? "";

test.each([
  ["SELECT DATEDIFF(day, a, b)", "SELECT datediff('day', a, b)"],
  ["SELECT TIMESTAMPDIFF('MI', a, b)", "SELECT datediff('minute', a, b)"],
  [
    'SELECT DateDiff( /* u */ "yy" , f(a, (b, c)[1]), b)',
    "SELECT datediff( /* u */ 'year' , f(a, (b, c)[1]), b)",
  ],
  ["SELECT DATEDIFF(week, a, b)", "SELECT _nightdesk_sql.vertica_weeks_between('week', a, b)"],
  [
    "SELECT TIMESTAMPADD(mm, DATEDIFF(dd, a, b), c)",
    "SELECT _nightdesk_sql.vertica_timestampadd('month', datediff('day', a, b), c)",
  ],
  [
    "SELECT TO_CHAR(TO_DATE(a, 'YYYYMMDD'), 'DD.MM.YYYY')",
    "SELECT _nightdesk_sql.vertica_time_to_char(_nightdesk_sql.vertica_to_date(a, '%Y%m%d'), '%d.%m.%Y')",
  ],
  [
    "SELECT TO_CHAR(n, 'FM0000.99')",
    "SELECT _nightdesk_sql.vertica_number_to_char_2(n, 0, 4, 4, true, false)",
  ],
  [
    "SELECT DATEDIFF(day, '2026-01-01', b), TIMESTAMPADD(day, '1', '2026-01-01')",
    "SELECT datediff('day', CAST('2026-01-01' AS TIMESTAMP), b), _nightdesk_sql.vertica_timestampadd('day', '1', CAST('2026-01-01' AS TIMESTAMP))",
  ],
  ["SELECT SYSDATE, sysdate()", "SELECT _nightdesk_sql.getdate(), _nightdesk_sql.getdate()"],
  ["SELECT ISNULL(a, b) FROM t WHERE a ISNULL", "SELECT _nightdesk_sql.nvl(a, b) FROM t WHERE a ISNULL"],
])("%s", (sql, expected) => {
  expect(rewritten(sql)).toBe(expected);
});

test.each([
  "SELECT 'DATEDIFF(day, a, b)' -- DATEDIFF(day, a, b)",
  'SELECT "sysdate", t.sysdate, 1 AS sysdate /* SYSDATE */ FROM t',
  "SELECT datediff, s.datediff(day, a, b), datediff(day(a), b, c), datediff(unit, a, b)",
  "SELECT TO_CHAR(a), TO_CHAR(a, pattern), TO_TIMESTAMP(a)",
  "SELECT $$ SYSDATE $$",
])("%s stays as it is", (sql) => {
  expect(rewritten(sql)).toBe(sql.replace(/ -- .*$/, ""));
});

test.each([
  [
    "SELECT 1;\nSELECT DATEDIFF('fortnight', a, b)",
    /^statement 2, line 2, column 17: "fortnight" is not a unit of DATEDIFF/,
  ],
  ["SELECT TO_CHAR(a, 'YYYY-MM-DDTHH24')", /^statement 1, line 1, column 19: TO_CHAR does not know "THH24"/],
  ["SELECT TO_DATE(a, 'J')", /TO_DATE does not know "J"/],
])("%j: what has no counterpart is refused by name", (sql, message) => {
  expect(() => readScript(sql)).toThrow(message);
});

test("an offset in the rewritten text leads back to the author's", () => {
  const sql = "SELECT DATEDIFF(day, a, b), nope, SYSDATE, nope2";
  const [statement] = readScript(sql);
  const read = statement?.rewritten ?? { sql: "", original: () => -1 };
  for (const word of ["a, b", "nope,", "nope2"]) {
    expect(read.original(read.sql.indexOf(word))).toBe(sql.indexOf(word));
  }
  expect(read.original(read.sql.indexOf("getdate"))).toBe(sql.indexOf("SYSDATE"));
  expect(read.original(read.sql.length)).toBe(sql.length);
});

test.each([
  ["YYYY-MM-DD HH24:MI:SS.MS", "%Y-%m-%d %H:%M:%S.%g"],
  ["yyyymmdd hh", "%Y%m%d %H"],
  ["DD FMMonth Mon Dy", "%d %B %b %a"],
  ["FMDD.FMMM.YYYY FMHH24:FMMI:FMSS", "%-d.%-m.%Y %-H:%-M:%-S"],
  ['YYYY"T"HH12 AM %', "%YT%I %p %%"],
])("%j is written as %j", (pattern, format) => {
  expect(timePattern(pattern, "write")).toEqual({ format, marked: false });
});

test.each(["Month", "MONTH", "month", "Day", "MON", "dy", "am", "SSSS", "FMMONTH"])(
  "%s is written through a mark",
  (pattern) => {
    expect(timePattern(pattern, "write")).toMatchObject({ marked: true });
  },
);

test.each([
  ["Month DAY mon dy HH24", "%B %A %b %a %H"],
  ["yy HH12:MI am", "%y %I:%M %p"],
])("%j is read as %j", (pattern, format) => {
  expect(timePattern(pattern, "read")).toEqual({ format, marked: false });
});

test.each([
  ["write", "YYYY Q", "Q"],
  ["write", "HH:MI AM", "HH"],
  ["write", "hh:mi pm", "HH"],
  ["write", "mONTH", "mONTH"],
  ["write", "DDTH", "TH"],
  ["write", "FMYYYY", "FMYYYY"],
  ["write", "WW", "WW"],
  ["write", "SSSSS", "S"],
  ["write", "A.M.", "A"],
  ["write", "DD\ue001", "DD\ue001"],
  ["read", "SSSS", "SSSS"],
  ["read", "FMMonth", "FMMonth"],
  ["write", "", ""],
] as const)("%s %j: %j is unknown", (use, pattern, unknown) => {
  expect(timePattern(pattern, use)).toMatchObject({ unknown });
});

test.each([
  ["999", { decimals: 0, kept: 0, zeros: 0, places: 3, point: false, fill: true }],
  ["FM0990.90", { decimals: 2, kept: 2, zeros: 4, places: 4, point: true, fill: false }],
  ["fm90.09", { decimals: 2, kept: 1, zeros: 1, places: 2, point: true, fill: false }],
  ["9.", { decimals: 0, kept: 0, zeros: 0, places: 1, point: true, fill: true }],
  ["9,999", null],
  ["9D9", null],
  [".99", null],
  ["YYYY", null],
  ["", null],
])("number pattern %j", (pattern, expected) => {
  expect(numberPattern(pattern)).toEqual(expected);
});
