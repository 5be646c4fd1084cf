import { DuckDBInstance } from "@duckdb/node-api";
import { beforeEach, expect, test } from "vitest";
import type { Column } from "../src/model/columns.ts";
import type { PoolStore, StagingTable } from "../src/model/pool-store.ts";
import { batchOf } from "./support/column-batch.ts";
import { ask, openStore, rowsOf, sourceSchema, stageTable } from "./support/pool-store.ts";

const columns: Column[] = [{ name: "secretcol", type: { kind: "int32" } }];
const own = /_nd_staging|_nightdesk|secretcol|4242/i;

let store: PoolStore;
let staging: StagingTable;
let name = "";
beforeEach(async () => {
  store = await openStore();
  staging = await stageTable(store, "t", columns, [batchOf(columns, [[4242]])]);
  await staging.finish();
  name = (staging as StagingTable & { name: string }).name;
  await ask(
    store,
    "CREATE TABLE mine (a INT PRIMARY KEY, b VARCHAR); CREATE VIEW shown AS SELECT a FROM mine",
  );
});

/** Everything a script gets to see, an error included; where an error repeats the script, that is left out. */
async function seen(sql: string): Promise<string> {
  try {
    return JSON.stringify((await ask(store, sql, 10_000)).rows);
  } catch (error) {
    return String(error).replaceAll(/\([^()]*\) are reserved/g, "");
  }
}

test("no view of DuckDB's catalog shows what is the store's own, by whichever name it is read", async () => {
  const plain = await (await DuckDBInstance.create(":memory:")).connect();
  const views = await plain.runAndReadAll("SELECT schema_name, view_name FROM duckdb_views() WHERE internal");
  plain.disconnectSync();
  expect(views.getRows().length).toBeGreaterThan(30);
  for (const [schema, view] of views.getRows()) {
    const forms = [`${String(schema)}.${String(view)}`, `"${String(view)}"`, `'${String(view)}'`];
    for (const form of [...forms, `system.${String(schema)}.${String(view)}`]) {
      expect(await seen(`FROM ${form}`), form).not.toMatch(own);
    }
  }
});

test.each([
  "SHOW TABLES",
  "SHOW ALL TABLES",
  "SHOW ALL",
  "SHOW",
  "DESCRIBE",
  "DESC",
  "DESC TABLES",
  "DESCRIBE ALL",
  'DESC "tables"',
  "DESC tables FROM main",
  "DESCRIBE schemas",
  "SUMMARIZE TABLES",
  "(DESC)",
  "FROM (SHOW ALL TABLES)",
  "FROM ((DESC))",
  "FROM mine JOIN (DESC TABLES) ON true",
  "FROM (DESC schemas)",
  "PIVOT (SHOW TABLES) ON name IN ('mine') USING count(*)",
  "CREATE MACRO m() AS TABLE (SHOW TABLES); FROM m()",
  "CREATE TABLE copied AS FROM information_schema.tables; FROM copied",
  'FROM "INFORMATION_SCHEMA" . columns',
  "SELECT schema_name FROM information_schema.schemata",
  "FROM nd_stagin",
  "SELECT * FROM nightdesk.commits",
])("%s shows nothing of the store's own", async (sql) => {
  expect(await seen(sql)).not.toMatch(own);
});

test.each(["EXPLAIN ANALYZE DESC", "EXPLAIN (FORMAT json) DESC", "EXPLAIN SHOW TABLES"])(
  "the plan of %s names no table of the store's own",
  async (sql) => {
    expect(await seen(sql)).not.toMatch(/_nd_staging_[0-9a-f]|secretcol/);
  },
);

test("what is a person's own is shown as ever", async () => {
  expect(await rowsOf(store, "SHOW TABLES")).toEqual([["mine"], ["shown"]]);
  expect(await rowsOf(store, "FROM (SHOW TABLES) WHERE name LIKE 'm%'")).toEqual([["mine"]]);
  expect((await rowsOf(store, "SHOW ALL TABLES")).map((row) => row.slice(1))).toEqual([
    [sourceSchema, "mine", ["a", "b"], ["INTEGER", "VARCHAR"], false],
    [sourceSchema, "shown", ["a"], ["INTEGER"], false],
  ]);
  expect(await rowsOf(store, "SELECT column_name FROM (DESCRIBE mine) ORDER BY column_name DESC")).toEqual([
    ["b"],
    ["a"],
  ]);
  expect(
    await rowsOf(
      store,
      "SELECT columns.column_name FROM information_schema.columns WHERE information_schema.columns.table_name = 'mine'",
    ),
  ).toEqual([["a"], ["b"]]);
  expect(
    await rowsOf(
      store,
      `SELECT table_name FROM information_schema.tables WHERE table_schema = '${sourceSchema}'`,
    ),
  ).toEqual([["mine"], ["shown"]]);
  await expect(ask(store, "FROM sqlite_master")).rejects.toThrow(
    /information_schema\.tables, or GET .*\/tables/,
  );
  await expect(ask(store, "SHOW temp_directory")).rejects.toThrow(/SHOW is refused, except SHOW TABLES/);
});

const written: ((rest: string) => string)[] = [
  (rest) => `E'\\x5fnd${rest}'`,
  (rest) => `e'\\137nd${rest}'`,
  (rest) => `E'\\_nd${rest}'`,
  (rest) => `E'_\\x6e\\x64${rest}'`,
  (rest) => `'_nd'\n'${rest}'`,
  (rest) => `'_n' -- then\r\n   'd${rest}'`,
  (rest) => `E'_n'\n\n'\\x64${rest}'`,
  (rest) => `$$_nd${rest}$$`,
  (rest) => `"_Nd${rest}"`,
];

test.each(written.map((write) => [write("_staging_1"), write] as const))(
  "a staging table cannot be named as %j",
  async (_, write) => {
    const text = write(name.slice(3));
    for (const sql of [
      `FROM ${text}`,
      `DESCRIBE ${text}`,
      `SUMMARIZE ${text}`,
      `TRUNCATE ${text}`,
      `DELETE FROM ${text}`,
      `INSERT INTO ${text} VALUES (1, now())`,
      `UPDATE ${text} SET secretcol = 1`,
      `CREATE TABLE stolen AS FROM mine, ${text}`,
    ]) {
      await expect(ask(store, sql), sql).rejects.toThrow(/names of the pool's own .* are reserved/);
    }
  },
);

test("a text that goes on in the next line hides nothing", async () => {
  await expect(ask(store, "SELECT E''\n'\\'', glob('*') AS g, ' '")).rejects.toThrow(/glob is refused/);
  expect(await rowsOf(store, "SELECT E'a\\x5f\\137\\n'\n'b', 'c\\x5f' -- and\n'd'")).toEqual([
    ["a__\nb", "c\\x5fd"],
  ]);
});

test("staged rows that are not all there any more are not swapped in", async () => {
  const swapped = store.swap([Object.defineProperty(staging, "rows", { value: 2 })], marker, () => undefined);
  await expect(swapped).rejects.toThrow(/table "t": 2 rows were staged and 1 are there; nothing was changed/);
  expect(await store.wasCommitted(marker)).toBe(false);
});

const marker = { executionId: "execution", taskId: "task" };
