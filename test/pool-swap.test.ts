import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import type { Column } from "../src/model/columns.ts";
import type { PoolStore, StagingTable } from "../src/model/pool-store.ts";
import { openPoolStore } from "../src/pool/index.ts";
import { batchOf } from "./support/column-batch.ts";
import {
  ask,
  checksum,
  never,
  openStore,
  poolFolder,
  rowsOf,
  searchPath,
  sourceSchema,
  stageTable,
} from "./support/pool-store.ts";

const columns: Column[] = [{ name: "a", type: { kind: "int32" } }];
const pass = (): void => undefined;
let tasks = 0;
const nextMarker = (): { executionId: string; taskId: string } => ({
  executionId: "execution",
  taskId: String((tasks += 1)),
});

async function staged(store: PoolStore, table: string, values: number[]): Promise<StagingTable> {
  const staging = await stageTable(store, table, columns, [
    batchOf(
      columns,
      values.map((value) => [value]),
    ),
  ]);
  await staging.finish();
  return staging;
}

async function load(store: PoolStore, table: string, values: number[]): Promise<void> {
  await store.swap([await staged(store, table, values)], nextMarker(), pass);
}

test("several tables change together, new ones appear, and the marker says so", async () => {
  const store = await openStore();
  await load(store, "x", [1]);
  await load(store, "y", [2]);
  const marker = nextMarker();
  expect(await store.wasCommitted(marker)).toBe(false);
  const all = [
    await staged(store, "x", [10, 11]),
    await staged(store, "y", [20]),
    await staged(store, "z", [30]),
  ];
  await store.swap(all, marker, pass);
  expect(await store.wasCommitted(marker)).toBe(true);
  expect(
    await rowsOf(store, "SELECT a FROM x UNION ALL SELECT a FROM y UNION ALL SELECT a FROM z ORDER BY a"),
  ).toEqual([[10], [11], [20], [30]]);
});

test("a last check that throws leaves every target as it was, and its reason comes back untouched", async () => {
  const store = await openStore();
  await load(store, "x", [1, 2, 3]);
  await load(store, "y", [4]);
  const before = [await checksum(store, "x"), await checksum(store, "y")];
  const all = [await staged(store, "x", [9]), await staged(store, "y", [9]), await staged(store, "z", [9])];
  const marker = nextMarker();
  const reason = { by: "operator" };
  await expect(
    store.swap(all, marker, () => {
      throw reason;
    }),
  ).rejects.toBe(reason);
  expect([await checksum(store, "x"), await checksum(store, "y")]).toEqual(before);
  expect((await store.tables()).map(({ name }) => name)).toEqual(["x", "y"]);
  expect(await store.wasCommitted(marker)).toBe(false);
  // The staging is whole, so the same swap can still be made.
  await store.swap(all, marker, pass);
  expect(await rowsOf(store, "SELECT a FROM z")).toEqual([[9]]);
});

test("an error in the last table undoes the first", async () => {
  const store = await openStore();
  await load(store, "x", [1]);
  const before = await checksum(store, "x");
  const gone = await staged(store, "y", [2]);
  await gone.drop();
  await expect(store.swap([await staged(store, "x", [9]), gone], nextMarker(), pass)).rejects.toThrow(
    /swap in/,
  );
  expect(await checksum(store, "x")).toEqual(before);
});

test("a target that is a view gives way; a view on a target reads the new rows", async () => {
  const store = await openStore();
  await load(store, "x", [1]);
  await ask(store, "CREATE VIEW v AS SELECT a FROM x; CREATE VIEW old AS SELECT 5 AS a");
  await store.swap([await staged(store, "x", [7]), await staged(store, "OLD", [8])], nextMarker(), pass);
  expect(await rowsOf(store, "SELECT a FROM v")).toEqual([[7]]);
  expect(await rowsOf(store, "SELECT a FROM old")).toEqual([[8]]);
  expect(await store.tables()).toContainEqual({ schema: sourceSchema, name: "OLD", type: "TABLE" });
});

test("a target with an index, and one that is spelled in another case, are replaced", async () => {
  const store = await openStore();
  await load(store, "Vbak", [1]);
  await ask(store, "CREATE INDEX i ON vbak (a)");
  await load(store, "VBAK", [2]);
  expect((await store.tables()).map(({ name }) => name)).toEqual(["VBAK"]);
  expect(await rowsOf(store, "SELECT a FROM vbak")).toEqual([[2]]);
});

test("two stagings of one target are refused", async () => {
  const store = await openStore();
  const all = [await staged(store, "x", [1]), await staged(store, "X", [2])];
  await expect(store.swap(all, nextMarker(), pass)).rejects.toThrow(/target/);
});

test("who began before the swap reads the old rows to its end, and the swap does not wait for it", async () => {
  const store = await openStore();
  await load(store, "x", [1, 2]);
  let swapped = false;
  let swappedBeforeTheEnd = false;
  let swapping = Promise.resolve();
  await store.transform(
    "CREATE TABLE one AS SELECT a FROM x; SELECT sleep_ms(1500); CREATE TABLE two AS SELECT a FROM x",
    searchPath,
    nextMarker(),
    {
      signal: never,
      onStatement: (number) => {
        if (number === 2) swapping = load(store, "x", [5]).then(() => void (swapped = true));
        if (number === 3) swappedBeforeTheEnd = swapped;
      },
    },
  );
  await swapping;
  expect(swappedBeforeTheEnd).toBe(true);
  expect(await rowsOf(store, "SELECT a FROM two ORDER BY a")).toEqual([[1], [2]]);
  expect(await rowsOf(store, "SELECT a FROM x")).toEqual([[5]]);
});

test("a swap waits for a transaction of the workbench that replaces the same table", async () => {
  const store = await openStore();
  await load(store, "x", [1]);
  const script = "CREATE OR REPLACE TABLE x AS SELECT 2 AS a; SELECT sleep_ms(1000)";
  let swapping = Promise.resolve();
  await store.transform(script, searchPath, nextMarker(), {
    signal: never,
    onStatement: (number) => {
      if (number === 2) swapping = load(store, "x", [3]);
    },
  });
  await swapping;
  expect(await rowsOf(store, "SELECT a FROM x")).toEqual([[3]]);
});

test("two runs load, transform and query at the same time", async () => {
  const store = await openStore();
  const batch = batchOf(
    columns,
    Array.from({ length: 2048 }, (_, n) => [n]),
  );
  const extract = async (table: string): Promise<void> => {
    const staging = await stageTable(store, table, columns, []);
    for (let count = 0; count < 150; count++) {
      await staging.append(batch);
      if (count % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await staging.finish();
    await store.swap([staging], { executionId: table, taskId: "extract" }, pass);
    await store.transform(
      `CREATE OR REPLACE TABLE "${table} sums" AS SELECT count(*) AS n FROM "${table}"`,
      searchPath,
      { executionId: table, taskId: "transform" },
      { signal: never },
    );
  };
  const watch = async (): Promise<void> => {
    for (let count = 0; count < 20; count++) await ask(store, "SELECT count(*) FROM range(1000000)");
  };
  await Promise.all([extract("one"), extract("two"), watch()]);
  for (const table of ["one", "two"])
    expect(await rowsOf(store, `SELECT n FROM "${table} sums"`)).toEqual([["307200"]]);
});

test("a process killed while it stages: the old table is whole and no staging is left", async () => {
  const folder = await poolFolder();
  const before = await withStore(folder, async (store) => {
    await store.ensureSchema(sourceSchema);
    await load(store, "x", [1, 2, 3]);
    return checksumIn(store);
  });
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "test/support/stage-and-hang.ts", folder, sourceSchema, "x"],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  await expect(openPoolStore({ folder })).rejects.toThrow(/lock/i);
  child.kill("SIGKILL");
  await once(child, "exit");
  await withStore(folder, async (store) => {
    expect(await checksumIn(store)).toEqual(before);
    expect(await store.dropAllStaging()).toBe(1);
    expect(await store.dropAllStaging()).toBe(0);
    expect((await store.tables()).map(({ name }) => name)).toEqual(["x"]);
  });
});

test("one process opens a file once", async () => {
  const folder = await poolFolder();
  await withStore(folder, async () => {
    await expect(openPoolStore({ folder })).rejects.toThrow(/already/);
  });
  await withStore(folder, async (store) => {
    expect(await store.tables()).toEqual([]);
  });
});

async function withStore<T>(folder: string, work: (store: PoolStore) => Promise<T>): Promise<T> {
  const store = await openPoolStore({ folder, memoryLimitMb: 512 });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function checksumIn(store: PoolStore): Promise<unknown> {
  const { rows } = await store.query("SELECT count(*), bit_xor(hash(t)) FROM x t", [sourceSchema], 1, {
    signal: never,
  });
  return rows[0];
}
