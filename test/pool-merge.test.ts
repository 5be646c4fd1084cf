/** Loads that add to a table: merge by key, append, the marks of both, and what is refused. */
import { expect, test, vi } from "vitest";
import type { Column } from "../src/model/columns.ts";
import type { ChangeMark, PoolStore, StagingTable, TableLoad } from "../src/model/pool-store.ts";
import { batchOf, type Value } from "./support/column-batch.ts";
import {
  ask,
  checksum,
  openStore,
  poolFolder,
  rowsOf,
  sourceSchema,
  stageTable,
} from "./support/pool-store.ts";

const columns: Column[] = [
  { name: "a", type: { kind: "int32" } },
  { name: "b", type: { kind: "text" } },
];
const pass = (): void => undefined;
let tasks = 0;
const nextMarker = (): { executionId: string; taskId: string } => ({
  executionId: "execution",
  taskId: String((tasks += 1)),
});
const markOf = (value: string, changes: Partial<ChangeMark> = {}): ChangeMark => ({
  tableExtractionId: "extraction-table",
  sourceTable: "public.x",
  column: "at",
  value,
  ...changes,
});
const merge = (key: string[], mark: ChangeMark | null = null): TableLoad => ({ how: "merge", key, mark });
const append: TableLoad = { how: "append", mark: null };
const replace = (mark: ChangeMark | null = null): TableLoad => ({ how: "replace", mark });

async function staged(
  store: PoolStore,
  table: string,
  rows: Value[][],
  load: TableLoad,
  of: Column[] = columns,
): Promise<StagingTable> {
  const staging = await stageTable(store, table, of, [batchOf(of, rows)], {}, load);
  await staging.finish();
  return staging;
}

async function load(store: PoolStore, table: string, rows: Value[][], how: TableLoad): Promise<void> {
  await store.swap([await staged(store, table, rows, how)], nextMarker(), pass);
}

const rowsIn = (store: PoolStore, table = "x"): Promise<unknown[][]> =>
  rowsOf(store, `SELECT a, b FROM ${table} ORDER BY a, b`);
const mark = (store: PoolStore, changes: Partial<ChangeMark> = {}, table = "x"): Promise<string | null> =>
  store.changeMark(markOf("", changes), sourceSchema, table);
const stagingLeft = async (store: PoolStore): Promise<number> => await store.dropAllStaging();

test("merge: rows of the same key give way, others stay, new ones come; the change date stays last", async () => {
  const store = await openStore();
  await load(
    store,
    "x",
    [
      [1, "one"],
      [2, "two"],
      [3, "three"],
    ],
    replace(),
  );
  await load(
    store,
    "x",
    [
      [2, "zwei"],
      [4, "vier"],
    ],
    merge(["a"]),
  );
  expect(await rowsIn(store)).toEqual([
    [1, "one"],
    [2, "zwei"],
    [3, "three"],
    [4, "vier"],
  ]);
  expect((await store.columns(sourceSchema, "x")).map(({ name }) => name)).toEqual([
    "a",
    "b",
    "_CELONIS_CHANGE_DATE",
  ]);
  expect(await stagingLeft(store)).toBe(0);
});

test("a key of several columns, with NULLs: NULL is a value like any other", async () => {
  const store = await openStore();
  await load(
    store,
    "x",
    [
      [1, null],
      [1, "p"],
      [null, null],
    ],
    replace(),
  );
  await load(
    store,
    "x",
    [
      [1, null],
      [null, null],
      [null, "q"],
    ],
    merge(["b", "a"]),
  );
  expect(await rowsIn(store)).toEqual([
    [1, "p"],
    [1, null],
    [null, "q"],
    [null, null],
  ]);
  const [dates] = await rowsOf(store, `SELECT count(*) FROM x`);
  expect(dates).toEqual(["4"]);
});

test("columns are matched by name, in any order and case", async () => {
  const store = await openStore();
  await load(store, "x", [[1, "one"]], replace());
  const turned: Column[] = [
    { name: "B", type: { kind: "text" } },
    { name: "A", type: { kind: "int32" } },
  ];
  await store.swap(
    [
      await staged(
        store,
        "X",
        [
          ["uno", 1],
          ["due", 2],
        ],
        merge(["A"]),
        turned,
      ),
    ],
    nextMarker(),
    pass,
  );
  expect(await rowsIn(store)).toEqual([
    [1, "uno"],
    [2, "due"],
  ]);
});

test("append: everything is added, what was there stays beside it", async () => {
  const store = await openStore();
  await load(store, "x", [[1, "one"]], replace());
  await load(
    store,
    "x",
    [
      [1, "one"],
      [2, "two"],
    ],
    append,
  );
  expect(await rowsIn(store)).toEqual([
    [1, "one"],
    [1, "one"],
    [2, "two"],
  ]);
});

test("a key that came twice, or that stands in the pool twice, is refused and nothing of the task is changed", async () => {
  const store = await openStore();
  await load(
    store,
    "x",
    [
      [1, "one"],
      [2, "two"],
      [2, "zwei"],
    ],
    replace(markOf("1")),
  );
  await load(store, "y", [[1, "one"]], replace());
  const before = [await checksum(store, "x"), await checksum(store, "y")];
  const refused: [Value[][], RegExp][] = [
    [
      [
        [7, "p"],
        [7, "q"],
        [8, "r"],
      ],
      /primary key \(a\) is none: 1 of its values came more than once/,
    ],
    [
      [
        [1, "p"],
        [2, "q"],
      ],
      /primary key \(a\) is none: 1 of its values stand in the pool more than once/,
    ],
  ];
  for (const [rows, message] of refused) {
    const other = await staged(store, "y", [[9, "y"]], merge(["a"]));
    const one = await staged(store, "x", rows, merge(["a"], markOf("2")));
    const marker = nextMarker();
    await expect(store.swap([other, one], marker, pass)).rejects.toThrow(message);
    expect([await checksum(store, "x"), await checksum(store, "y")]).toEqual(before);
    expect([await store.wasCommitted(marker), await mark(store)]).toEqual([false, "1"]);
    await Promise.all([one.drop(), other.drop()]);
  }
  // A key that is not touched may stand there as often as it likes.
  await load(
    store,
    "x",
    [
      [1, "uno"],
      [3, "three"],
    ],
    merge(["a"]),
  );
  expect(await rowsIn(store)).toEqual([
    [1, "uno"],
    [2, "two"],
    [2, "zwei"],
    [3, "three"],
  ]);
});

test("all tables of a task, their marks and the marker are one transaction; a last check that throws leaves all", async () => {
  const folder = await poolFolder();
  const store = await openStore(folder);
  await load(store, "x", [[1, "one"]], replace(markOf("10")));
  await load(store, "y", [[1, "one"]], replace());
  const before = [await checksum(store, "x"), await checksum(store, "y")];
  const all = [
    await staged(store, "x", [[1, "uno"]], merge(["a"], markOf("11"))),
    await staged(store, "y", [[5, "y"]], append),
    await staged(store, "z", [[6, "z"]], replace(markOf("1", { tableExtractionId: "z" }))),
  ];
  const marker = nextMarker();
  const reason = { by: "operator" };
  const giveUp = (): never => {
    throw reason;
  };
  await expect(store.swap(all, marker, giveUp)).rejects.toBe(reason);
  expect([await checksum(store, "x"), await checksum(store, "y")]).toEqual(before);
  expect([await mark(store), await mark(store, { tableExtractionId: "z" }, "z")]).toEqual(["10", null]);
  await store.swap(all, marker, pass);
  expect([await rowsIn(store, "x"), await rowsIn(store, "y"), await rowsIn(store, "z")]).toEqual([
    [[1, "uno"]],
    [
      [1, "one"],
      [5, "y"],
    ],
    [[6, "z"]],
  ]);
  expect([await mark(store), await mark(store, { tableExtractionId: "z" }, "z")]).toEqual(["11", "1"]);
  await store.close();
  expect(await mark(await openStore(folder))).toBe("11");
});

test("a mark speaks of one table extraction, source table, column and target, and goes with the target", async () => {
  const store = await openStore();
  await load(store, "x", [[1, "one"]], replace(markOf("10")));
  expect(await mark(store, {}, "X")).toBe("10");
  expect([
    await mark(store, { tableExtractionId: "other" }),
    await mark(store, { sourceTable: "other.x" }),
    await mark(store, { column: "changed" }),
    await mark(store, {}, "y"),
    await store.changeMark(markOf(""), "another schema", "x"),
  ]).toEqual([null, null, null, null, null]);
  await load(store, "x", [[2, "two"]], append);
  await load(store, "x", [[2, "zwei"]], merge(["a"]));
  expect(await mark(store)).toBe("10");
  await load(store, "x", [[3, "three"]], replace(markOf("11", { column: "changed" })));
  expect([await mark(store), await mark(store, { column: "changed" })]).toEqual([null, "11"]);
  // Another extraction replaces the table: who loaded into the old one starts anew.
  await load(store, "x", [[4, "four"]], replace(markOf("1", { tableExtractionId: "other" })));
  expect([
    await mark(store, { column: "changed" }),
    await mark(store, { tableExtractionId: "other" }),
  ]).toEqual([null, "1"]);
  await load(store, "x", [[5, "five"]], replace());
  expect(await mark(store, { tableExtractionId: "other" })).toBeNull();
});

test("changes are not added to a target that was taken away or replaced while they were read", async () => {
  const store = await openStore();
  const conflict = { kind: "conflict", message: expect.stringContaining("taken away or replaced") };
  await load(store, "x", [[1, "one"]], replace(markOf("1")));
  const one = await staged(store, "x", [[2, "two"]], merge(["a"], markOf("2")));
  const other = markOf("7", { tableExtractionId: "other" });
  for (const meanwhile of [
    () => load(store, "x", [[5, "of another extraction"]], replace(other)),
    () => ask(store, "DROP TABLE x"),
    () => ask(store, "CREATE VIEW x AS SELECT 1 AS a"),
  ]) {
    await meanwhile();
    await expect(store.swap([one], nextMarker(), pass)).rejects.toMatchObject(conflict);
    expect(await mark(store)).toBeNull();
  }
});

test("a stop interrupts the insert of a merge that works for minutes, and the target is as it was", async () => {
  const store = await openStore();
  // A constraint of the user's own makes every row cost a millisecond or so.
  await ask(
    store,
    `CREATE TABLE x (a INT, b VARCHAR CHECK (levenshtein(repeat(b, 50), repeat(b || 'y', 50)) >= 0),
       "_CELONIS_CHANGE_DATE" TIMESTAMP); INSERT INTO x VALUES (1, 'one', now())`,
  );
  const before = await checksum(store, "x");
  const staging = await stageTable(store, "x", columns, [], {}, merge(["a"]));
  for (let first = 0; first < 400 * 2048; first += 2048) {
    await staging.append(
      batchOf(
        columns,
        Array.from({ length: 2048 }, (_, row) => [first + row, "some text"]),
      ),
    );
  }
  await staging.finish();
  const stop = new AbortController();
  const reason = { by: "operator" };
  const lastCheck = vi.fn<() => void>();
  const swapped = store.swap([staging], nextMarker(), lastCheck, { signal: stop.signal });
  setTimeout(() => {
    stop.abort(reason);
  }, 1000);
  await expect(swapped).rejects.toBe(reason);
  expect(lastCheck).not.toHaveBeenCalled();
  expect(await checksum(store, "x")).toEqual(before);
  expect(await mark(store)).toBeNull();
  await staging.drop();
  expect(await stagingLeft(store)).toBe(0);
});
