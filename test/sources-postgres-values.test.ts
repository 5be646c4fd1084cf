/** Every value comes out as the server itself writes it; what cannot is an error that names it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { FatalSourceError } from "../src/model/errors.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { accessTo, never, openSession, readTable, select, tableOf } from "./support/source-reading.ts";

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase("source_values");
});
afterAll(() => source.end());

/** Types of columns, SQL literals of their values, and how the server writes a value `v` in our units. */
const cases: [type: string, values: string[], written: string][] = [
  ["boolean", ["true", "false"], "v::text"],
  ["smallint", ["-32768", "32767", "0"], "v::text"],
  ["integer", ["-2147483648", "2147483647", "-1"], "v::text"],
  ["bigint", ["-9223372036854775808", "9223372036854775807", "9007199254740993", "-4294967296"], "v::text"],
  ["real", ["'NaN'", "'-Infinity'", "3.4e38", "-0.5", "1.5"], "v::text"],
  ["double precision", ["'NaN'", "'Infinity'", "1.7976931348623157e308", "5e-324", "-0.1"], "v::text"],
  ["numeric(4,1)", ["-999.9", "999.9", "0"], "v::text"],
  ["numeric(9,4)", ["-99999.9999", "0.0001", "12345.6789"], "v::text"],
  ["numeric(18,2)", ["-9999999999999999.99", "90071992547409.93", "0.01"], "v::text"],
  ["numeric(38,0)", [`-${"9".repeat(38)}`, "9".repeat(38), "18446744073709551616", "10000"], "v::text"],
  ["numeric(38,38)", [`0.${"9".repeat(38)}`, `-0.${"0".repeat(37)}1`], "v::text"],
  ["numeric(38,19)", [`-${"9".repeat(19)}.${"9".repeat(19)}`, "10000000000.0000000001"], "v::text"],
  [
    "numeric",
    ["0.000000000001", `-${"9".repeat(26)}.${"9".repeat(12)}`, "1234567.5", "1e25"],
    "v::numeric(38,12)::text",
  ],
  ["numeric(40,2)", ["99999999999999999999999999.01"], "v::numeric(38,12)::text"],
  ["text", ["''", "' '", "'NULL'", "'äöü € 漢字 😀👩‍👩‍👧'", "repeat('x', 100000)", "E'a\\nb\\t\\\\c'"], "v"],
  ["varchar(10)", ["''", "'abc'"], "v"],
  ["char(5)", ["'ab'", "''"], "concat(v)"],
  ["name", ["'a name'"], "v::text"],
  [
    "bytea",
    ["''", "'\\x00'", `'\\x${Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("hex")}'`],
    "v::text",
  ],
  [
    "date",
    [
      "'infinity'",
      "'-infinity'",
      "'0001-01-01'",
      "'9999-12-31'",
      "'4713-01-01 BC'",
      "'5874897-12-31'",
      "'1970-01-01'",
      "'1969-12-31'",
    ],
    "case when isfinite(v) then (v - date '1970-01-01')::text else v::text end",
  ],
  ...["timestamp", "timestamptz"].map((type): [string, string[], string] => [
    type,
    [
      "'infinity'",
      "'-infinity'",
      "'0001-01-01 00:00:00'",
      "'9999-12-31 23:59:59.999999'",
      "'4713-01-01 BC'",
      "'294246-12-31'",
      "'1970-01-01'",
      "'1969-12-31 23:59:59.999999'",
      "'1999-12-31 23:59:59.999999'",
      "'2000-01-01'",
      "'2024-02-29 12:34:56.123456'",
    ],
    "case when isfinite(v) then trunc(extract(epoch from v) * 1000000)::text else v::text end",
  ]),
  ["uuid", ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"], "v::text"],
  ["jsonb", [`'{"a": [1, null]}'`], "v::text"],
  ["integer[]", ["'{1,NULL,3}'"], "v::text"],
  ["float8[]", ["'{0.1,1e-300}'"], "v::text"],
  ["interval", ["'1 year 2 days 03:04:05.6'", "'-1 month'"], "v::text"],
  ["time", ["'24:00:00'", "'12:34:56.789'"], "v::text"],
  ["timetz", ["'12:34:56.789+05:30'"], "v::text"],
  ["inet", ["'10.0.0.1/8'"], "v::text"],
  ["mood", ["'happy'"], "v::text"],
  ["amount", ["-12.345", "0"], "v::text"],
  ["code", ["'abc'"], "v::text"],
  [`"char"`, [`'x'`], "v::text"],
];

test.each(cases)("%s", async (type, values, written) => {
  await source.sql("drop table if exists one");
  await source.sql("drop domain if exists amount, small_code, code cascade; drop type if exists mood");
  await source.sql("create type mood as enum ('sad', 'happy'); create domain amount as numeric(10,3)");
  await source.sql(
    "create domain small_code as varchar(3); create domain code as small_code check (value <> '')",
  );
  await source.sql(`create table one (n int, v ${type})`);
  for (const [n, value] of [...values, "NULL"].entries()) {
    await source.sql(`insert into one values (${String(n)}, cast(${value} as ${type}))`);
  }
  await source.sql("set timezone = 'UTC'; set extra_float_digits = 3; set bytea_output = 'hex'");
  const expected = await source.sql<{ w: string | null }>(
    `select case when v is null then null else ${written} end as w from one order by n`,
  );
  const session = await openSession(accessTo(source));
  const rows = await readTable(session, tableOf("one"));
  const asNumber = type === "real" || type === "double precision";
  // Shortest texts of one double differ between languages; a number read back does not.
  const same = (text: string | null): string | null =>
    text === null || !asNumber ? text : String(type === "real" ? Math.fround(Number(text)) : Number(text));
  expect(rows.toSorted((a, b) => Number(a[0]) - Number(b[0])).map(([, v]) => v)).toEqual(
    expected.map(({ w }) => same(w)),
  );
});

test.each([
  ["numeric", "1e30", `1${"0".repeat(30)}`],
  ["numeric", "-0.0000000000001", "-0.0000000000001"],
  ["numeric", "'NaN'", "NaN"],
  ["numeric(40,2)", "99999999999999999999999999999999999999.99", "99999999999999999999999999999999999999.99"],
  ["numeric(10,2)", "'NaN'", "NaN"],
])("a %s of %s is refused with table, column and value, and never a null", async (type, value, shown) => {
  await source.sql(`drop table if exists misfit; create table misfit (ok int, "Betrag" ${type})`);
  await source.sql(`insert into misfit values (1, 1), (2, ${value})`);
  const session = await openSession(accessTo(source));
  const failed = readTable(session, tableOf("misfit"));
  await expect(failed).rejects.toBeInstanceOf(FatalSourceError);
  await expect(failed).rejects.toThrow(
    `value ${shown} in column "Betrag" of public.misfit does not fit DECIMAL(`,
  );
  await expect(failed).rejects.toMatchObject({ next: expect.stringContaining("preferredType") as string });
});

test.each([
  ["INTEGER", "2.5", "DECIMAL(10,0)"],
  ["bigint", "-0.01", "DECIMAL(19,0)"],
  ["SMALLINT", "123456", "DECIMAL(5,0)"],
  ["HUGEINT", "1.5", "DECIMAL(38,0)"],
])("a numeric read as %s is not rounded: %s is refused", async (preferred, value, type) => {
  await source.sql("drop table if exists whole; create table whole (n numeric(20, 4))");
  await source.sql(`insert into whole values (7), (-3.0000), (${value})`);
  const session = await openSession(accessTo(source));
  const failed = readTable(session, tableOf("whole", { columns: [select("n", preferred)] }));
  await expect(failed).rejects.toThrow(
    new RegExp(
      `value ${value}[.0]* in column "n" of public.whole does not fit ${type.replace(/[()]/g, "\\$&")}`,
    ),
  );
  await source.sql(`delete from whole where n = ${value}`);
  const again = await openSession(accessTo(source));
  expect(await readTable(again, tableOf("whole", { columns: [select("n", preferred)] }))).toEqual([
    ["7"],
    ["-3"],
  ]);
});

test("money is written alike whatever the source's own locale is", async () => {
  await source.sql(`
    drop table if exists purse; create table purse (m money); insert into purse values (-1234.5);
    alter database ${source.database} set lc_monetary = 'C.UTF-8'`);
  const session = await openSession(accessTo(source));
  const filter = "current_setting('lc_monetary') = 'C'";
  expect(await readTable(session, tableOf("purse", { filter }))).toEqual([["-$1,234.50"]]);
});

test("the override of a numeric decides how it is read", async () => {
  await source.sql("drop table if exists free; create table free (t numeric, d numeric, e numeric)");
  await source.sql("insert into free values (1e30, 1e30, 12.3456), ('NaN', 'NaN', -0.5), (0.1, 0.1, null)");
  const session = await openSession(accessTo(source));
  const columns = [select("t", "VARCHAR"), select("d", "double"), select("e", "decimal(10, 4)")];
  expect(await readTable(session, tableOf("free", { columns }))).toEqual([
    [`1${"0".repeat(30)}`, "1e+30", "12.3456"],
    ["NaN", "NaN", "-0.5000"],
    ["0.1", "0.1", null],
  ]);
  const narrow = await openSession(accessTo(source));
  await expect(
    readTable(narrow, tableOf("free", { columns: [select("e", "DECIMAL(4,3)")] })),
  ).rejects.toThrow('value 12.3456 in column "e" of public.free does not fit DECIMAL(4,3)');
});

test("a timestamp beyond what a pool can hold is refused, not wrapped", async () => {
  await source.sql("drop table if exists far; create table far (v timestamp)");
  await source.sql("insert into far values ('294276-12-31 23:59:59.999999')");
  const session = await openSession(accessTo(source));
  await expect(readTable(session, tableOf("far"))).rejects.toThrow(
    /9224318015999999999 .* column "v" of public.far/,
  );
});

test("a negative scale (PostgreSQL 15) is exact where it fits", async () => {
  await source.sql("drop table if exists rounded; create table rounded (v numeric(3,-2))");
  await source.sql("insert into rounded values (12345), (-99900)");
  const session = await openSession(accessTo(source));
  const read = await session.describe(tableOf("rounded"), { signal: never });
  expect(read.columns).toEqual([{ name: "v", type: { kind: "decimal", precision: 38, scale: 12 } }]);
  const rows = await readTable(session, tableOf("rounded"));
  expect(rows).toEqual([["12300.000000000000"], ["-99900.000000000000"]]);
});
