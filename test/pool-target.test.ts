/** What a load finds under the name of its target, and the greatest value that a variable asks for. */
import { expect, test } from "vitest";
import type { Column } from "../src/model/columns.ts";
import type { PoolStore } from "../src/model/pool-store.ts";
import { batchOf, type Value } from "./support/column-batch.ts";
import { ask, never, openStore, sourceSchema, stageTable } from "./support/pool-store.ts";

const columns: Column[] = [
  { name: "a", type: { kind: "int32" } },
  { name: "b", type: { kind: "text" } },
];
let tasks = 0;

async function load(store: PoolStore, rows: Value[][], how: "replace" | "append"): Promise<void> {
  const staged = await stageTable(store, "x", columns, [batchOf(columns, rows)], {}, { how, mark: null });
  await staged.finish();
  const marker = { executionId: "execution", taskId: String((tasks += 1)) };
  await store.swap([staged], marker, () => undefined);
}

test("compare: what is not there, a view, equal tables, and every kind of difference by name", async () => {
  const store = await openStore();
  const target = (of: Column[], preferredTypes: Record<string, string> = {}) => ({
    executionId: "execution",
    schema: sourceSchema,
    table: "x",
    columns: of,
    preferredTypes,
    changeDate: 0,
  });
  expect(await store.compare(target(columns))).toEqual({ kind: "absent" });
  await load(store, [[1, "one"]], "replace");
  const same = { kind: "table", added: [], removed: [], retyped: [] };
  expect(await store.compare(target(columns))).toEqual(same);
  expect(await store.compare(target(columns, { a: "INT", b: "TEXT" }))).toEqual(same);
  const other: Column[] = [
    { name: "A", type: { kind: "int64" } },
    { name: "nickname", type: { kind: "text" } },
  ];
  expect(await store.compare(target(other))).toEqual({
    kind: "table",
    added: ["nickname"],
    removed: ["b"],
    retyped: [{ column: "A", was: "INTEGER", is: "BIGINT" }],
  });
  expect(await store.compare(target(columns, { a: "NUMERIC(9,2)" }))).toMatchObject({
    retyped: [{ column: "a", was: "INTEGER", is: "DECIMAL(9,2)" }],
  });
  await ask(store, "CREATE OR REPLACE TABLE x AS SELECT 1::INT AS a, 'one' AS b");
  expect(await store.compare(target(columns))).toMatchObject({ added: ["_CELONIS_CHANGE_DATE"] });
  await ask(store, "DROP TABLE x; CREATE VIEW x AS SELECT 1 AS a");
  expect(await store.compare(target(columns))).toEqual({ kind: "view" });
});

test("the greatest value of a column: as text, null without table or value, an unknown column is named", async () => {
  const store = await openStore();
  const greatest = (table: string, column: string): Promise<string | null> =>
    store.greatest(sourceSchema, table, column, { signal: never });
  expect(await greatest("x", "a")).toBeNull();
  await load(store, [], "replace");
  expect(await greatest("x", "a")).toBeNull();
  await load(store, [[null, null]], "append");
  expect(await greatest("x", "a")).toBeNull();
  await load(
    store,
    [
      [9, "it's"],
      [154821, "b"],
    ],
    "append",
  );
  expect([await greatest("X", "A"), await greatest("x", "b")]).toEqual(["154821", "it's"]);
  expect(await greatest("x", "_CELONIS_CHANGE_DATE")).toBe("2026-06-18 23:55:00.123");
  await expect(greatest("x", "nope")).rejects.toMatchObject({ message: expect.stringContaining('"nope"') });
});
