import { expect, test } from "vitest";
import { UserError } from "../src/model/errors.ts";
import type { PoolStore } from "../src/model/pool-store.ts";
import {
  ask,
  checksum,
  never,
  openStore,
  poolSchema,
  rowsOf,
  searchPath,
  sourceSchema,
} from "./support/pool-store.ts";

const marker = { executionId: "execution", taskId: "task" };
/** Runs for minutes if nothing ends it. */
const endless = "SELECT count(*) FROM range(10000000000) a, range(1000) b WHERE a.range + b.range = 7";

async function transform(store: PoolStore, script: string, signal: AbortSignal = never): Promise<void> {
  await store.transform(script, searchPath, marker, { signal });
}

test("a script is one transaction: all of it, with its marker, and told statement by statement", async () => {
  const store = await openStore();
  const told: string[] = [];
  await store.transform(
    "CREATE TABLE a AS SELECT 1 AS n; -- a comment; with a semicolon\r\n\r\n;INSERT INTO a VALUES (2);\nCREATE VIEW v AS SELECT sum(n) AS s FROM a",
    searchPath,
    marker,
    { signal: never, onStatement: (number, of, sql) => told.push(`${String(number)}/${String(of)} ${sql}`) },
  );
  expect(told).toEqual([
    "1/3 CREATE TABLE a AS SELECT 1 AS n",
    "2/3 INSERT INTO a VALUES (2)",
    "3/3 CREATE VIEW v AS SELECT sum(n) AS s FROM a",
  ]);
  expect(await rowsOf(store, "SELECT s FROM v")).toEqual([["3"]]);
  expect(await store.wasCommitted(marker)).toBe(true);
});

test("an empty script commits nothing but its marker", async () => {
  const store = await openStore();
  await transform(store, " ; -- nothing\n /* at all */");
  expect(await store.wasCommitted(marker)).toBe(true);
});

test("the job's connection comes first in the search path, the pool second", async () => {
  const store = await openStore();
  await ask(
    store,
    `CREATE TABLE "${poolSchema}".t AS SELECT 'global' AS w; CREATE TABLE "${poolSchema}".g AS SELECT 'g' AS w`,
  );
  await transform(
    store,
    "CREATE TABLE t AS SELECT 'own' AS w; CREATE TABLE copy AS SELECT t.w AS t, g.w AS g FROM t, g",
  );
  expect(await rowsOf(store, "SELECT * FROM copy")).toEqual([["own", "g"]]);
  expect(await store.tables()).toEqual([
    { schema: sourceSchema, name: "copy", type: "TABLE" },
    { schema: sourceSchema, name: "t", type: "TABLE" },
    { schema: poolSchema, name: "g", type: "TABLE" },
    { schema: poolSchema, name: "t", type: "TABLE" },
  ]);
});

test.each([
  ["SELECT 1;\r\nSELECT nope FROM keep", "statement 2, line 2, column 8: Referenced column"],
  ["DELETE FROM keep; SELECT *\n  FROM nowhere", "statement 2, line 2, column 8: Table with name nowhere"],
  [
    "DELETE FROM keep; SELECT 'Zürich 東京', nope FROM keep",
    "statement 2, line 1, column 39: Referenced column",
  ],
  ["DELETE FROM keep; SELECT 'Zürich' FROM FROM", "statement 2, line 1, column 40: syntax error"],
  ["DELETE FROM keep; SELECT CAST('x' AS INT)", "statement 2, line 1, column 26: Could not convert"],
  [
    "DELETE FROM keep; SELECT DATEDIFF(day, now(), now()), NVL(1, nope) FROM keep",
    "statement 2, line 1, column 62: Referenced column",
  ],
  ["DELETE FROM keep; SELECT error('boom')", "statement 2, line 1, column 19: boom"],
  ["DELETE FROM keep; INSERT INTO keep VALUES ('x')", "statement 2, line 1, column"],
  ["DELETE FROM keep; SELECT $1", "statement 2, line 1, column 19: it has a parameter"],
  ["DELETE FROM keep; SELECT 'open", "statement 2, line 1, column 26: a text in single quotes is not closed"],
  ["DELETE FROM keep; /* open", "statement 2, line 1, column 19: a comment is not closed"],
  ["DELETE FROM keep; PIVOT keep ON n", "statement 2, line 1, column 19: it stands for several statements"],
  ["DELETE FROM keep; SELECT \0", "line 1, column 26: it holds a NUL"],
])("%j: an error names number and position, and nothing has changed", async (script, message) => {
  const store = await openStore();
  await ask(store, "CREATE TABLE keep AS SELECT range AS n FROM range(10)");
  const before = await checksum(store, "keep");
  const error: unknown = await transform(store, script).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toContain(message);
  expect(String(error)).not.toMatch(/[\n{]/);
  expect(await checksum(store, "keep")).toEqual(before);
  expect(await store.wasCommitted(marker)).toBe(false);
});

test("an abort interrupts a long statement; the tables are as they were, its reason comes back", async () => {
  const store = await openStore();
  await ask(store, "CREATE TABLE keep AS SELECT range AS n FROM range(10)");
  const before = await checksum(store, "keep");
  const abort = new AbortController();
  const reason = { by: "operator" };
  const running = store.transform(`DELETE FROM keep; CREATE TABLE made AS ${endless}`, searchPath, marker, {
    signal: abort.signal,
    onStatement: (number) => {
      if (number === 2) setTimeout(() => abort.abort(reason), 200);
    },
  });
  await expect(running).rejects.toBe(reason);
  expect(await checksum(store, "keep")).toEqual(before);
  expect((await store.tables()).map(({ name }) => name)).toEqual(["keep"]);
  expect(await store.wasCommitted(marker)).toBe(false);
});

test.each([0, 1, 2, 3])(
  "an abort at once, in the first statements or between them (%d ms) is never lost",
  async (afterMs) => {
    const store = await openStore();
    for (let round = 0; round < 5; round++) {
      const abort = new AbortController();
      const running = transform(store, `SELECT 1; SELECT 2; ${endless}`, abort.signal);
      setTimeout(() => abort.abort(new Error("stop")), afterMs);
      await expect(running).rejects.toThrow(/^stop$/);
    }
    await expect(transform(store, "SELECT 1", AbortSignal.abort(new Error("before")))).rejects.toThrow(
      /^before$/,
    );
  },
);

test("an abort in the last statement's telling is seen before COMMIT", async () => {
  const store = await openStore();
  const abort = new AbortController();
  const running = store.transform("CREATE TABLE made AS SELECT 1 AS n", searchPath, marker, {
    signal: abort.signal,
    onStatement: () => abort.abort(new Error("stop")),
  });
  await expect(running).rejects.toThrow(/^stop$/);
  expect(await store.tables()).toEqual([]);
});

test("a query is limited without computing the rest", async () => {
  const store = await openStore();
  const result = await ask(store, "SELECT range AS n, 'x' AS t FROM range(1000000000000)", 3);
  expect(result).toEqual({
    columns: [
      { name: "n", type: "BIGINT" },
      { name: "t", type: "VARCHAR" },
    ],
    rows: [
      ["0", "x"],
      ["1", "x"],
      ["2", "x"],
    ],
    truncated: true,
  });
  expect((await ask(store, "SELECT * FROM range(3)", 3)).truncated).toBe(false);
  expect((await ask(store, "SELECT * FROM range(5000)", 4000)).rows).toHaveLength(4000);
});

test("a limit never cuts what a statement writes", async () => {
  const store = await openStore();
  const result = await ask(
    store,
    "CREATE TABLE t (n INT); INSERT INTO t SELECT * FROM range(10000) RETURNING n",
    1,
  );
  expect(result.rows).toEqual([[0]]);
  expect(await rowsOf(store, "SELECT count(*) FROM t")).toEqual([["10000"]]);
});

test("values are as JSON can hold them, times in UTC", async () => {
  const store = await openStore();
  const { rows } = await ask(
    store,
    `SELECT 1::INT, 9007199254740993::BIGINT, 1.50::DECIMAL(10,2), 0.5::DOUBLE, 'nan'::DOUBLE, DATE '2026-06-18',
       TIMESTAMP '2026-06-18 23:55:00.5', TIMESTAMPTZ '2026-06-19 08:55:00+09', true, NULL, 'ü', '\\xAB'::BLOB,
       [1::BIGINT], TIMESTAMPTZ 'infinity'`,
  );
  const expected = [
    1,
    "9007199254740993",
    "1.50",
    0.5,
    "NaN",
    "2026-06-18",
    "2026-06-18 23:55:00.5",
    "2026-06-18 23:55:00+00",
    true,
    null,
    "ü",
    "\\xAB",
    ["1"],
    "infinity",
  ];
  expect(rows).toEqual([expected]);
  expect(JSON.parse(JSON.stringify(rows))).toEqual([expected]);
});

test("a query is aborted while it runs, and changes nothing when it fails", async () => {
  const store = await openStore();
  const abort = new AbortController();
  const running = store.query(endless, searchPath, 10, { signal: abort.signal });
  setTimeout(() => abort.abort(new Error("stop")), 100);
  await expect(running).rejects.toThrow(/^stop$/);
  await expect(ask(store, "CREATE TABLE made AS SELECT 1 AS n; SELECT nope")).rejects.toBeInstanceOf(
    UserError,
  );
  expect(await store.tables()).toEqual([]);
});
