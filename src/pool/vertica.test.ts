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
  ["SELECT TO_CHAR(n, 'FM0000.99')", "SELECT _nightdesk_sql.vertica_number_to_char(n, 2, 4, 8, false)"],
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
  ["YYYY-MM-DD HH24:MI:SS.MS", { format: "%Y-%m-%d %H:%M:%S.%g", upper: false }],
  ["DD-MON-YY", { format: "%d-%b-%y", upper: true }],
  ["DD Mon", { format: "%d %b", upper: false }],
  ['YYYY"T"HH12 AM %', { format: "%YT%I %p %%", upper: false }],
  ["Day MON", { unknown: "Day MON" }],
  ["", { unknown: "" }],
])("time pattern %j", (pattern, expected) => {
  expect(timePattern(pattern)).toEqual(expected);
});

test.each([
  ["999", { decimals: 0, zeros: 0, width: 4, fill: true }],
  ["FM0990.00", { decimals: 2, zeros: 4, width: 8, fill: false }],
  ["9,999", null],
  ["YYYY", null],
  ["", null],
])("number pattern %j", (pattern, expected) => {
  expect(numberPattern(pattern)).toEqual(expected);
});
