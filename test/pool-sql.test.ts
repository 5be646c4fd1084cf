import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PoolStore } from "../src/model/pool-store.ts";
import { openPoolStore } from "../src/pool/index.ts";
import { ask, never, openStore, poolFolder, rowsOf, searchPath } from "./support/pool-store.ts";

let folder = "";
let store: PoolStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-pool-"));
  store = await openPoolStore({ folder, memoryLimitMb: 512 });
  for (const schema of searchPath) await store.ensureSchema(schema);
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const value = async (expression: string): Promise<unknown> =>
  (await rowsOf(store, `SELECT ${expression}`))[0]?.[0];

/** Answers as Vertica's documentation gives or defines them. */
test.each([
  ["NVL(NULL, 2)", 2],
  ["NVL(1, 2)", 1],
  ["NVL2(NULL, 'a', 'b')", "b"],
  ["NVL2(1, 'a', 'b')", "a"],
  ["ISNULL(NULL, 'x')", "x"],
  ["IFNULL(NULL, 'x')", "x"],
  ["ZEROIFNULL(NULL)", 0],
  ["NULLIFZERO(0)", null],
  ["INSTR('abcabc', 'c')", "3"],
  ["INSTR('abcabc', 'c', 4)", "6"],
  ["INSTR('abc', 'z', 2)", "0"],
  ["DECODE(2, 1, 'one', 2, 'two', 'many')", "two"],
  ["DECODE(3, 1, 'one', 2, 'two', 'many')", "many"],
  ["DECODE(NULL, NULL, 'none')", "none"],
  ["DECODE('abc'::BLOB)", "abc"],
  ["DATEDIFF(year, DATE '2008-12-31', DATE '2009-01-01')", "1"],
  ["DATEDIFF('qq', DATE '2008-03-31', DATE '2008-04-01')", "1"],
  ["DATEDIFF(month, DATE '2009-03-01', DATE '2009-02-28')", "-1"],
  ["DATEDIFF(day, TIMESTAMP '2026-06-18 23:59:59', TIMESTAMP '2026-06-19 00:00:00')", "1"],
  ["DATEDIFF(ww, DATE '2023-01-01', DATE '2023-01-02')", "1"],
  ["DATEDIFF(week, DATE '2023-01-02', DATE '2023-01-08')", "0"],
  ["DATEDIFF(wk, DATE '2023-01-09', DATE '2023-01-08')", "-1"],
  ["DATEDIFF(hh, TIMESTAMP '2026-06-18 10:59:00', TIMESTAMP '2026-06-18 12:01:00')", "2"],
  ["TIMESTAMPDIFF(MI, TIMESTAMP '2026-06-18 10:59:59', TIMESTAMPTZ '2026-06-18 11:00:00+00')", "1"],
  ["TIMESTAMPDIFF(ms, TIMESTAMP '2026-06-18 10:59:59.5', TIMESTAMP '2026-06-18 11:00:00')", "500"],
  ["TIMESTAMPADD(MONTH, 1, TIMESTAMP '2026-01-31 10:00:00')", "2026-02-28 10:00:00"],
  ["TIMESTAMPADD('dd', -1, DATE '2026-03-01')", "2026-02-28 00:00:00"],
  ["TIMESTAMPADD(qq, 2, DATE '2026-01-01')", "2026-07-01 00:00:00"],
  ["TIMESTAMPADD(ss, 90, TIMESTAMPTZ '2026-06-18 23:59:00+00')", "2026-06-19 00:00:30+00"],
  ["DATEADD(week, 1, DATE '2026-06-18')", "2026-06-25 00:00:00"],
  ["ADD_MONTHS(DATE '2026-01-31', 1)", "2026-02-28"],
  ["ADD_MONTHS(DATE '2008-02-29', 1)", "2008-03-31"],
  ["ADD_MONTHS(DATE '2026-06-18', -6)", "2025-12-18"],
  ["TO_CHAR(TIMESTAMP '2026-06-08 13:04:05.678', 'YYYY-MM-DD HH24:MI:SS.MS')", "2026-06-08 13:04:05.678"],
  ["TO_CHAR(DATE '2026-06-08', 'DD-MON-YY')", "08-JUN-26"],
  ["TO_CHAR(DATE '2026-06-08', 'Dy, DD Mon YYYY')", "Mon, 08 Jun 2026"],
  ["TO_CHAR(TIMESTAMP '2026-06-08 13:04:05', 'HH12:MI AM')", "01:04 PM"],
  ["TO_CHAR(NULL::DATE, 'YYYY')", null],
  ["TO_CHAR(125, '999')", " 125"],
  ["TO_CHAR(-125, '999')", "-125"],
  ["TO_CHAR(12, '00000')", " 00012"],
  ["TO_CHAR(7, 'FM000')", "007"],
  ["TO_CHAR(0.5, '9.99')", "  .50"],
  ["TO_CHAR(0.5, '0.9')", " 0.5"],
  ["TO_CHAR(1.005::DECIMAL(10,3), 'FM9990.00')", "1.01"],
  // The documented examples of TO_CHAR with patterns that are covered.
  ["TO_CHAR(-0.1, '99.99')", "  -.10"],
  ["TO_CHAR(-0.1, 'FM9.99')", "-.1"],
  ["TO_CHAR(0.1, '0.9')", " 0.1"],
  ["TO_CHAR(12, '9990999.9')", "    0012.0"],
  ["TO_CHAR(12, 'FM9990999.9')", "0012."],
  ["TO_CHAR(485, '999')", " 485"],
  ["TO_CHAR(-485, '999')", "-485"],
  ["TO_CHAR(148.5, '999.999')", " 148.500"],
  ["TO_CHAR(148.5, 'FM999.999')", "148.5"],
  ["TO_CHAR(148.5, 'FM999.990')", "148.500"],
  ["TO_CHAR(TIMESTAMP '2009-10-06 17:39:18', 'Day, DD  HH12:MI:SS')", "Tuesday  , 06  05:39:18"],
  ["TO_CHAR(TIMESTAMP '2009-10-06 17:39:18', 'FMDay, FMDD  HH12:MI:SS')", "Tuesday, 6  05:39:18"],
  ["TO_CHAR(TIMESTAMP '2026-06-08 14:34:06.4', 'HH12:MI am')", "02:34 pm"],
  [`TO_CHAR(TIMESTAMP '2021-06-08 14:34:06', '"Hello Year " YYYY')`, "Hello Year  2021"],
  // As the tables of patterns define it.
  ["TO_CHAR(TIMESTAMP '2026-06-08 23:04:05', 'HH:MI')", "23:04"],
  ["TO_TIMESTAMP('2026-06-08 23:30', 'YYYY-MM-DD HH:MI')", "2026-06-08 23:30:00"],
  ["TO_CHAR(TIMESTAMP '2026-06-08 13:04:05.6', 'SSSS')", "47045"],
  ["TO_CHAR(DATE '2026-06-08', 'SSSS')", "0"],
  ["TO_CHAR(DATE '2026-06-08', 'Month|MONTH|month|')", "June     |JUNE     |june     |"],
  ["TO_CHAR(DATE '2026-09-09', 'MonthDay|DAY|day')", "SeptemberWednesday|WEDNESDAY|wednesday"],
  ["TO_CHAR(DATE '2026-06-08', 'Mon MON mon Dy DY dy')", "Jun JUN jun Mon MON mon"],
  ["TO_CHAR(DATE '2026-06-08', 'FMMONTH fmmonth FMDAY')", "JUNE june MONDAY"],
  ["TO_CHAR(TIMESTAMP '2026-06-08 09:04:05', 'HH12 AM PM am pm')", "09 AM AM am am"],
  ["TO_CHAR(NULL::DATE, 'Month')", null],
  ["TO_CHAR(-0.4, '9')", " 0"],
  ["TO_CHAR(-0.04, '9.9')", "  .0"],
  ["TO_CHAR(5, 'FM9.99')", "5."],
  ["TO_CHAR(0, 'FM999.99')", "0."],
  ["TO_CHAR(0, '9.9')", "  .0"],
  ["TO_CHAR(2, '9.')", " 2."],
  ["DATEDIFF(day, '2026-01-01', '2026-01-05')", "4"],
  ["DATEDIFF(week, '2023-01-01', DATE '2023-01-02')", "1"],
  ["TIMESTAMPADD(day, 1, '2026-01-01')", "2026-01-02 00:00:00"],
  ["DATE 'infinity'", "infinity"],
  ["DATE '-infinity'", "-infinity"],
  ["TIMESTAMP '-infinity'", "-infinity"],
  ["[DATE 'infinity', DATE '2026-01-01']::VARCHAR", "[infinity, 2026-01-01]"],
  ["TO_CHAR(NULL::INT, '999')", null],
  ["TO_CHAR(42)", "42"],
  ["TO_DATE('18.06.2026', 'DD.MM.YYYY')", "2026-06-18"],
  ["TO_DATE(20260618, 'YYYYMMDD')", "2026-06-18"],
  ["TO_DATE(NULL::VARCHAR, 'YYYYMMDD')", null],
  ["TO_TIMESTAMP('18-JUN-2026 23:55:01', 'DD-MON-YYYY HH24:MI:SS')", "2026-06-18 23:55:01"],
  ["SYSDATE = GETDATE() AND SYSDATE = now()::TIMESTAMP", true],
  ["ANALYZE_STATISTICS('t')", 0],
])("%s is %j", async (expression, expected) => {
  expect(await value(expression)).toBe(expected);
});

test.each(["TO_CHAR(12345, '999')", "TO_CHAR(99.95, '99.9')", "TO_CHAR(1000, 'FM999')"])(
  "%s is an error and no row of something",
  async (expression) => {
    await expect(value(expression)).rejects.toThrow(/TO_CHAR: [\d.]+ has more digits before the point/);
  },
);

test("a script can shadow a function for itself, but not change it for others", async () => {
  const own = await openStore();
  const other = "6d1e6f2a-0000-4000-8000-000000000003";
  await own.ensureSchema(other);
  await own.query("CREATE OR REPLACE MACRO nvl(a, b) AS 99", [other], 1, { signal: never });
  await expect(ask(own, "DROP MACRO _nightdesk_sql.nvl")).rejects.toThrow(/reserved/);
  await expect(ask(own, "DROP MACRO nvl")).rejects.toThrow(/the pool's stays/);
  expect(await rowsOf(own, "SELECT nvl(NULL, 2)")).toEqual([[2]]);
});

test("a view that uses a function of ours can be read, listed and described", async () => {
  await ask(
    store,
    "CREATE OR REPLACE VIEW uses AS SELECT NVL(NULL, TO_CHAR(DATE '2026-06-18', 'YYYY')) AS y",
  );
  expect(await rowsOf(store, "SELECT y FROM uses")).toEqual([["2026"]]);
  expect((await store.columns(searchPath[0] ?? "", "uses")).map(({ name }) => name)).toEqual(["y"]);
});

/** Files, network, settings. */
const reaching = (outside: string): string[] => [
  `SELECT * FROM read_csv('${outside}')`,
  `SELECT * FROM '${outside}'`,
  `SELECT * FROM "${outside}"`,
  `SELECT * FROM read_text('${outside}')`,
  `SELECT * FROM read_blob('${outside}')`,
  `FROM sniff_csv('${outside}')`,
  `SELECT * FROM glob('${outside}*')`,
  `COPY (SELECT 1) TO '${outside}.out'`,
  `EXPLAIN ANALYZE COPY (SELECT 1) TO '${outside}.out'`,
  `CREATE TABLE stolen AS FROM read_json('${outside}')`,
  `ATTACH '${outside}.db'`,
  "ATTACH ':memory:' AS m",
  "ATTACH 'https://127.0.0.1:1/x.db' AS m",
  "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
  "INSTALL httpfs",
  "LOAD httpfs",
  "CREATE SECRET (TYPE S3)",
  "SET threads = 1",
  "SET enable_external_access = true",
  "RESET lock_configuration",
  "PRAGMA database_list",
  "PRAGMA enable_profiling = 'json'",
  `EXPORT DATABASE '${outside}.d'`,
  `IMPORT DATABASE '${outside}.d'`,
  "SELECT current_setting('temp_directory')",
  "SELECT * FROM duckdb_settings()",
  "SELECT * FROM duckdb_databases()",
  `SELECT * FROM query('SELECT * FROM duckdb_settings()')`,
  `SELECT * FROM enable_logging(storage = 'file', storage_path = '${outside}.log')`,
];

test("no file, network or setting is reached, and the store works on", async () => {
  const own = await openStore();
  const outside = join(await poolFolder(), "outside.csv");
  await writeFile(outside, "CANARY-file,b\n1,2\n");
  for (const sql of reaching(outside)) {
    const said = await ask(own, sql).then(
      ({ rows }) => `answered ${JSON.stringify(rows)}`,
      (error: unknown) => String(error),
    );
    expect(said, sql).toMatch(/^UserError: statement 1, /);
    expect(said, sql).not.toContain("CANARY-file");
    await expect(
      own.transform(sql, searchPath, { executionId: "e", taskId: "t" }, { signal: never }),
      sql,
    ).rejects.toThrow(/^statement 1, /);
  }
  expect(await rowsOf(own, "SELECT 1")).toEqual([[1]]);
  expect(await own.tables()).toEqual([]);
});

test("the rules look at words; behind them DuckDB itself is closed: a name made of an escape reaches no file", async () => {
  const own = await openStore();
  const outside = join(await poolFolder(), "outside.csv");
  await writeFile(outside, "CANARY-file,b\n1,2\n");
  await expect(ask(own, `SELECT * FROM E'${outside.replace("outside", "\\x6futside")}'`)).rejects.toThrow(
    /disabled|does not exist/,
  );
});
