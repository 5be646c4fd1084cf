import { expect, test } from "vitest";
import { batchRows, type Column } from "../src/model/columns.ts";
import { UserError } from "../src/model/errors.ts";
import { batchOf, type Value } from "./support/column-batch.ts";
import { ask, openStore, rowsOf, sourceSchema, stageTable } from "./support/pool-store.ts";

const marker = { executionId: "execution", taskId: "task" };
const pass = (): void => undefined;

/** Each type with values at its edges, and what DuckDB must make of them as text. */
const types: { column: Column; values: [Value, string][] }[] = [
  {
    column: { name: "b", type: { kind: "boolean" } },
    values: [
      [true, "true"],
      [false, "false"],
    ],
  },
  {
    column: { name: "i2", type: { kind: "int16" } },
    values: [-32768, 32767, 0, -1].map((v) => [v, String(v)]),
  },
  {
    column: { name: "i4", type: { kind: "int32" } },
    values: [-2147483648, 2147483647, 0].map((v) => [v, String(v)]),
  },
  {
    column: { name: "i8", type: { kind: "int64" } },
    values: [-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n].map((v) => [v, String(v)]),
  },
  {
    column: { name: "f4", type: { kind: "float32" } },
    values: [
      [1.5, "1.5"],
      [Number.POSITIVE_INFINITY, "inf"],
      [Number.NaN, "nan"],
    ],
  },
  {
    column: { name: "f8", type: { kind: "float64" } },
    values: [
      [Number.MAX_VALUE, "1.7976931348623157e+308"],
      [5e-324, "5e-324"],
      [Number.NEGATIVE_INFINITY, "-inf"],
    ],
  },
  {
    column: { name: "d4", type: { kind: "decimal", precision: 4, scale: 2 } },
    values: [
      [-9999, "-99.99"],
      [9999, "99.99"],
      [1, "0.01"],
    ],
  },
  {
    column: { name: "d9", type: { kind: "decimal", precision: 9, scale: 0 } },
    values: [
      [-999999999, "-999999999"],
      [999999999, "999999999"],
    ],
  },
  {
    column: { name: "d18", type: { kind: "decimal", precision: 18, scale: 3 } },
    values: [
      [-(10n ** 18n - 1n), "-999999999999999.999"],
      [10n ** 18n - 1n, "999999999999999.999"],
    ],
  },
  {
    column: { name: "d38", type: { kind: "decimal", precision: 38, scale: 12 } },
    values: [
      [-(10n ** 38n - 1n), "-99999999999999999999999999.999999999999"],
      [10n ** 38n - 1n, "99999999999999999999999999.999999999999"],
      [-1n, "-0.000000000001"],
      [2n ** 64n, "18446744.073709551616"],
    ],
  },
  {
    column: { name: "da", type: { kind: "date" } },
    values: [
      [0, "1970-01-01"],
      [-719162, "0001-01-01"],
      [2932896, "9999-12-31"],
      [2147483647, "infinity"],
      [-2147483647, "-infinity"],
    ],
  },
  {
    column: { name: "ts", type: { kind: "timestamp" } },
    values: [
      [0n, "1970-01-01 00:00:00"],
      [-1n, "1969-12-31 23:59:59.999999"],
      [253402300799999999n, "9999-12-31 23:59:59.999999"],
      [2n ** 63n - 1n, "infinity"],
      [-(2n ** 63n - 1n), "-infinity"],
    ],
  },
  {
    column: { name: "tz", type: { kind: "timestamptz" } },
    values: [
      [0n, "1970-01-01 00:00:00+00"],
      [1781826900123456n, "2026-06-18 23:55:00.123456+00"],
    ],
  },
  {
    column: { name: "t", type: { kind: "text" } },
    values: [
      ...Array.from({ length: 15 }, (_, n): [Value, string] => [
        "abcdefghijklmno".slice(0, n),
        "abcdefghijklmno".slice(0, n),
      ]),
      ...[
        "東京都千代田区",
        "Zürich",
        "été",
        "🌙🌙🌙",
        "🌙🌙🌙🌙",
        "x".repeat(100_000),
        "é".repeat(5000),
        "quote \" and ' and \\ and \t\n",
      ].map((v): [Value, string] => [v, v]),
    ],
  },
  {
    column: { name: "by", type: { kind: "bytes" } },
    values: [
      [new Uint8Array([0, 255, 1]), "00FF01"],
      [new Uint8Array(0), ""],
      [new Uint8Array(40).fill(254), "FE".repeat(40)],
    ],
  },
];

test.each(types)(
  "$column.name: every value arrives exactly, with a NULL at each position",
  async ({ column, values }) => {
    const store = await openStore();
    const isBytes = column.type.kind === "bytes";
    const columns: Column[] = [{ name: "n", type: { kind: "int32" } }, column];
    // Position p of batch p is NULL; the first batch has none.
    const batches = [-1, ...values.keys()].map((hole) =>
      batchOf(
        columns,
        values.map(([value], row) => [row, row === hole ? null : value]),
      ),
    );
    const staging = await stageTable(store, "types", columns, batches);
    const total = batches.length * values.length;
    expect(await staging.finish()).toEqual({ rows: total });
    await store.swap([staging], marker, pass);

    const shown = isBytes ? `hex("${column.name}")` : `"${column.name}"::VARCHAR`;
    const rows = await rowsOf(store, `SELECT ${shown} FROM types ORDER BY rowid`);
    expect(rows.map(([value]) => value)).toEqual(
      [-1, ...values.keys()].flatMap((hole) => values.map(([, text], row) => (row === hole ? null : text))),
    );
  },
);

test("the change date is appended to every row, in UTC", async () => {
  const store = await openStore();
  const columns: Column[] = [{ name: "a", type: { kind: "int32" } }];
  const staging = await stageTable(store, "t", columns, [batchOf(columns, [[1], [2]])]);
  await staging.finish();
  await store.swap([staging], marker, pass);
  expect(await rowsOf(store, "SELECT DISTINCT _CELONIS_CHANGE_DATE FROM t")).toEqual([
    ["2026-06-18 23:55:00.123"],
  ]);
  expect(await store.columns(sourceSchema, "t")).toEqual([
    { name: "a", type: "INTEGER" },
    { name: "_CELONIS_CHANGE_DATE", type: "TIMESTAMP" },
  ]);
});

test("many batches of any size: all rows, in order, over several commits", async () => {
  const store = await openStore();
  const columns: Column[] = [
    { name: "n", type: { kind: "int64" } },
    { name: "t", type: { kind: "text" } },
  ];
  const staging = await stageTable(store, "many", columns, []);
  let next = 0;
  while (next < 300_000) {
    const size = next % 3 === 0 ? batchRows : 1000 + (next % 777);
    const rows = Array.from({ length: size }, (_, i): Value[] => [
      next + i,
      (next + i) % 7 === 0 ? null : `row ${String(next + i)}${"!".repeat((next + i) % 9)}`,
    ]);
    await staging.append(batchOf(columns, rows));
    next += size;
  }
  expect(await staging.finish()).toEqual({ rows: next });
  await store.swap([staging], marker, pass);
  const wrong = `SELECT count(*), count(*) FILTER (t IS DISTINCT FROM
    CASE WHEN n % 7 = 0 THEN NULL ELSE 'row ' || n || repeat('!', (n % 9)::INT) END), sum(n) FROM many`;
  expect(await rowsOf(store, wrong)).toEqual([
    [String(next), "0", String((BigInt(next) * BigInt(next - 1)) / 2n)],
  ]);
});

test("staging is invisible, and a drop leaves nothing; it is harmless twice and after a swap", async () => {
  const store = await openStore();
  const columns: Column[] = [{ name: "a", type: { kind: "int32" } }];
  const dropped = await stageTable(store, "gone", columns, [batchOf(columns, [[1]])]);
  const kept = await stageTable(store, "kept", columns, [batchOf(columns, [[1]])]);
  await kept.finish();
  expect(await store.tables()).toEqual([]);
  await dropped.drop();
  await dropped.drop();
  await expect(dropped.append(batchOf(columns, [[1]]))).rejects.toThrow(/closed/);
  await store.swap([kept], marker, pass);
  await kept.drop();
  expect(await store.tables()).toEqual([{ schema: sourceSchema, name: "kept", type: "TABLE" }]);
  expect(await store.dropAllStaging()).toBe(0);
});

test("a preferred type is cast into; what is no type, or does not fit, is refused", async () => {
  const store = await openStore();
  const columns: Column[] = [{ name: "a", type: { kind: "text" } }];
  const cast = await stageTable(store, "c", columns, [batchOf(columns, [["42"], [null]])], {
    a: "decimal(10, 2)",
  });
  await cast.finish();
  await store.swap([cast], marker, pass);
  expect(await rowsOf(store, "SELECT a, typeof(a) FROM c")).toEqual([
    ["42.00", "DECIMAL(10,2)"],
    [null, "DECIMAL(10,2)"],
  ]);
  await expect(
    stageTable(store, "c", columns, [batchOf(columns, [["x"]])], { a: "INTEGER" }),
  ).rejects.toThrow(expect.objectContaining({ name: "UserError", place: 'table "c", column "a"' }));
  for (const bad of ["INTEGER); DROP TABLE c; --", "STRUCT(a INT)", "INTEGER DEFAULT 1", ""]) {
    await expect(stageTable(store, "c", columns, [], { a: bad })).rejects.toBeInstanceOf(UserError);
  }
});

test.each([
  [["a", "A"], /same name/],
  [["a", "a"], /same name/],
  [["a", "_celonis_change_date"], /taken/],
])("columns %j are refused", async (names, message) => {
  const store = await openStore();
  const columns = names.map((name): Column => ({ name, type: { kind: "int32" } }));
  const attempt = stageTable(store, "t", columns, []);
  await expect(attempt).rejects.toBeInstanceOf(UserError);
  await expect(attempt).rejects.toThrow(message);
});

test("any name of a table and a column survives", async () => {
  const store = await openStore();
  for (const name of ['q"uo"te', "semi;colon", "with space", "受注", "a'b", "select", "-- x"]) {
    const columns: Column[] = [{ name, type: { kind: "int32" } }];
    const staging = await stageTable(store, name, columns, [batchOf(columns, [[7]])]);
    await staging.finish();
    await store.swap([staging], marker, pass);
    expect((await store.columns(sourceSchema, name))[0]).toEqual({ name, type: "INTEGER" });
    expect((await ask(store, `SELECT * FROM "${name.replaceAll('"', '""')}"`)).rows[0]?.[0]).toBe(7);
  }
});

test("a text that is not UTF-8 is an error that names the column, not a lost value", async () => {
  const store = await openStore();
  const columns: Column[] = [{ name: "bad", type: { kind: "text" } }];
  const staging = await stageTable(store, "t", columns, []);
  const data = new Uint8Array(20).fill(0xff);
  const batch = {
    rows: 1,
    bytes: 20,
    vectors: [{ validity: null, data, offsets: new Uint32Array([0, 20]) }],
  };
  await expect(staging.append(batch)).rejects.toThrow(/"bad".*UTF-8/);
  await staging.drop();
});

test("a batch with too little data never reaches the native copy", async () => {
  const store = await openStore();
  const columns: Column[] = [{ name: "a", type: { kind: "int64" } }];
  const staging = await stageTable(store, "t", columns, []);
  const batch = {
    rows: 100,
    bytes: 8,
    vectors: [{ validity: null, data: new Uint8Array(8), offsets: null }],
  };
  await expect(staging.append(batch)).rejects.toThrow(/needed/);
  await staging.drop();
});
