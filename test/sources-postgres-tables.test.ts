/** What a table looks like at the source, and what of it is read. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { FatalSourceError } from "../src/model/errors.ts";
import type { SourceSession } from "../src/model/source.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import {
  accessTo,
  never,
  openControl,
  openSession,
  readTable,
  reasonOf,
  select,
  tableOf,
} from "./support/source-reading.ts";

let source: TestDatabase;
let session: SourceSession;

beforeAll(async () => {
  source = await createDatabase("source_tables");
  await source.sql(`
    create schema sap; create schema "Weird ""schema"; create schema other;
    create table sap."VBAK" (mandt text, "VBELN" text, netwr numeric(15,2), gone int, primary key ("VBELN", mandt));
    alter table sap."VBAK" drop column gone;
    create table sap.vbak (a int); create table sap.likp (a int);
    create table "BKPF" (a int); create table "Bkpf" (b int); create table bseg (a int);
    create table other.hidden (a int);
    create table "Weird ""schema"."ta""ble; drop" ("co""l; --" int, "ünï 😀" text, "select" int);
    insert into "Weird ""schema"."ta""ble; drop" values (1, 'x', 2);
    create table counted as select i as a, i % 2 = 0 as even from generate_series(1, 1000) i;
    create view a_view as select a from counted;
    create materialized view a_matview as select a from counted;
    create table parts (a int) partition by range (a);
    create table parts_1 partition of parts for values from (0) to (100);
    create table parts_2 partition of parts for values from (100) to (300);
    insert into parts select generate_series(0, 299);
    create table fresh (a int);
    create sequence a_sequence; create index an_index on counted (a);
    create table nothing ();
    insert into sap."VBAK" values ('800', '1', 9.5), ('800', '2', -1);
    analyze counted; analyze a_matview; analyze parts_1; analyze parts_2;
    grant usage on schema sap, "Weird ""schema" to ${source.user};
    grant select on all tables in schema sap, "Weird ""schema", public to ${source.user};
    create table secret (a int); revoke all on secret from ${source.user};
  `);
});
afterAll(() => source.end());
beforeEach(async () => {
  session = await openSession(accessTo(source));
});

const describe = (...table: Parameters<typeof tableOf>) =>
  session.describe(tableOf(...table), { signal: never });
/** The line of the error that describing the table ends with. */
async function refusal(...table: Parameters<typeof tableOf>): Promise<string> {
  const error = await reasonOf(describe(...table));
  expect(error).toBeInstanceOf(FatalSourceError);
  return (error as FatalSourceError).line;
}

test("the exact name wins; a dropped column is gone; the key is in its own order", async () => {
  const read = await describe("VBAK", { schemaName: "sap" });
  expect(read.label).toBe("sap.VBAK");
  expect(read.columns).toEqual([
    { name: "mandt", type: { kind: "text" } },
    { name: "VBELN", type: { kind: "text" } },
    { name: "netwr", type: { kind: "decimal", precision: 15, scale: 2 } },
  ]);
  expect(read.primaryKey).toEqual(["VBELN", "mandt"]);
});

test("another case is found if only one table is meant", async () => {
  expect((await describe("LIKP", { schemaName: "SAP" })).label).toBe("sap.likp");
  expect((await describe("BSEG")).label).toBe("public.bseg");
  expect((await describe("BKPF")).label).toBe("public.BKPF");
  expect(await refusal("bkpf")).toContain('"bkpf" may mean "public"."BKPF", "public"."Bkpf"');
});

test("without a schema only the search path counts", async () => {
  expect(await refusal("hidden")).toContain(
    'there is no table "hidden" on the search path of the connection',
  );
  expect(await refusal("hidden", { schemaName: "sap" })).toContain(
    'there is no table "hidden" in schema "sap"',
  );
});

test.each(["a_sequence", "an_index", "no such"])("%s is not a table", async (name) => {
  expect(await refusal(name)).toContain(`there is no table "${name}"`);
});

test("names of any kind are read as they are", async () => {
  const table = tableOf('ta"ble; drop', { schemaName: 'Weird "schema' });
  const read = await session.describe(table, { signal: never });
  expect(read.columns.map(({ name }) => name)).toEqual(['co"l; --', "ünï 😀", "select"]);
  expect(await readTable(session, table)).toEqual([["1", "x", "2"]]);
});

test("a selection keeps the source's order and the names as they were given", async () => {
  const columns = [select("NETWR", "VARCHAR"), select("MANDT")];
  const table = tableOf("VBAK", { schemaName: "sap", columns });
  const read = await session.describe(table, { signal: never });
  expect(read.columns).toEqual([
    { name: "MANDT", type: { kind: "text" } },
    { name: "NETWR", type: { kind: "text" } },
  ]);
  expect(read.primaryKey).toEqual([]);
  expect(await readTable(session, table)).toEqual([
    ["800", "9.50"],
    ["800", "-1.00"],
  ]);
});

test("keys set by hand replace the source's", async () => {
  const columns = [select("mandt", null, true), select("netwr")];
  const manual = await describe("VBAK", { schemaName: "sap", columns, useManualPrimaryKeys: true });
  expect(manual.primaryKey).toEqual(["mandt"]);
});

test("a selected column that vanished is named with its table", async () => {
  const columns = [select("mandt"), select("gone")];
  expect(await refusal("VBAK", { schemaName: "sap", columns })).toContain(
    'table sap.VBAK has no column "gone"',
  );
});

test("a table without columns is refused", async () => {
  expect(await refusal("nothing")).toContain("public.nothing has no columns");
});

test("a table that may not be read is named", async () => {
  const line = await refusal("secret");
  expect(line).toContain("public.secret: permission denied for table secret (42501)");
  expect(line).toContain("grant SELECT");
});

test("estimates are the source's own, or null", async () => {
  const estimates: Record<string, number | null> = {};
  for (const name of ["counted", "a_view", "a_matview", "parts", "fresh"]) {
    estimates[name] = (await describe(name, { filter: "a < 10" })).estimatedRows;
  }
  expect(estimates).toEqual({ counted: 1000, a_view: null, a_matview: 1000, parts: 300, fresh: null });
});

test.each(["counted", "a_view", "a_matview"])("%s is read", async (name) => {
  const rows = await readTable(
    session,
    tableOf(name, { filter: "a between 10 and 12", columns: [select("a")] }),
  );
  expect(rows.map(([a]) => a)).toEqual(["10", "11", "12"]);
});

test("all partitions are read", async () => {
  expect(await readTable(session, tableOf("parts"))).toHaveLength(300);
});

test.each([
  ["a > 998 -- and even", 2],
  ["a > 998 /* x */ or\na = 1", 3],
  ["  ", 1000],
  ["a in (select a from a_view where a < 3)", 2],
])("filter %j", async (filter, rows) => {
  expect(await readTable(session, tableOf("counted", { filter }))).toHaveLength(rows);
});

test.each([
  ["no_such = 1", 'column "no_such" does not exist (42703)'],
  ["a = ", "syntax error"],
  ["a = 1 /*", "unterminated /* comment"],
  ["true; select 1", "syntax error"],
])("the wrong filter %j is refused by the server's own words, naming the table", async (filter, words) => {
  const line = await refusal("counted", { filter });
  expect(line).toContain("public.counted: ");
  expect(line).toContain(words);
  expect(line).not.toContain(source.password);
});

test.each([
  ["true)) TO STDOUT; SET default_transaction_read_only = off; --", "closes a bracket that it did not open"],
  ["true); select (1", "closes a bracket that it did not open"],
  ["true) union all select a, true from fresh where (true", "closes a bracket that it did not open"],
  ["even = E''\n'\\'' ) union all select a, true from fresh where (' ' = ' '", "closes a bracket"],
  ["a = $1", "has the parameter $1"],
])("the filter %j reaches no other table and asks for no value", async (filter, words) => {
  const line = await refusal("counted", { filter });
  expect(line).toContain(`public.counted: the filter ${words}`);
  expect(line).toContain("correct the filter");
});

test("a filter that fails only on the way is an error, not an end", async () => {
  const failed = readTable(session, tableOf("counted", { filter: "1 / (900 - a) < 5" }));
  await expect(failed).rejects.toBeInstanceOf(FatalSourceError);
  await expect(failed).rejects.toThrow("public.counted: division by zero (22012)");
});

test("the session cannot write", async () => {
  await source.sql(
    "create or replace function grow() returns bool language plpgsql as $$ begin insert into fresh values (1); return true; end $$",
  );
  await source.sql(`grant insert on fresh to ${source.user}`);
  await expect(readTable(session, tableOf("counted", { filter: "grow()" }))).rejects.toThrow(
    "read-only transaction",
  );
  expect(await source.sql("select * from fresh")).toEqual([]);
});

test("one session reads table after table", async () => {
  expect(await readTable(session, tableOf("fresh"))).toEqual([]);
  expect(await readTable(session, tableOf("counted"))).toHaveLength(1000);
  expect(await readTable(session, tableOf("parts"))).toHaveLength(300);
});

test("tables are found by pattern, in any case, without the system's", async () => {
  const control = await openControl(accessTo(source));
  const search = (pattern: string, limit = 100) => control.searchTables(pattern, limit, { signal: never });
  expect(await search("VB%")).toEqual([
    { schema: "sap", name: "VBAK" },
    { schema: "sap", name: "vbak" },
  ]);
  expect(await search("%kp%")).toEqual([
    { schema: "public", name: "BKPF" },
    { schema: "public", name: "Bkpf" },
    { schema: "sap", name: "likp" },
  ]);
  expect(await search("bseg")).toEqual([{ schema: "public", name: "bseg" }]);
  expect(await search("", 3)).toHaveLength(3);
  const all = await search("");
  expect(all.some(({ schema }) => schema.startsWith("pg_") || schema === "information_schema")).toBe(false);
  expect(all).toContainEqual({ schema: "public", name: "a_view" });
});
