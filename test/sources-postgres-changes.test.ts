/** Reading a table by its change dates: the bounds, the snapshot they share with the rows, and what cannot date a change. */
import pg from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { ChangeRange, SourceSession, TableRead } from "../src/model/source.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { accessTo, never, openSession, readAll, reasonOf, tableOf } from "./support/source-reading.ts";

let source: TestDatabase;
beforeAll(async () => {
  source = await createDatabase("changes");
  await source.sql(`
    create domain moment as timestamptz;
    create table dated (id int primary key, on_day date, at timestamp, tz timestamptz, "Counter" bigint,
      by_domain moment, word text, amount numeric(9), inside json);
    insert into dated
      select g, date '2024-01-01' + g, timestamp '2024-01-01' + g * interval '1 hour',
             timestamptz '2024-01-01 00:00:00.123456+00' + g * interval '1 minute', g * 10,
             timestamptz '2024-01-01 00:00:00+00' + g * interval '1 hour'
        from generate_series(1, 100) g;
    insert into dated values (101), (102);
  `);
});
afterAll(async () => {
  await source?.end();
});

const range = (
  column: string,
  mark: string | null = null,
  changes: Partial<ChangeRange> = {},
): ChangeRange => ({
  column,
  mark,
  offset: 0,
  unit: "DAYS",
  ...changes,
});

async function describe(
  session: SourceSession,
  changes: ChangeRange,
  table: Parameters<typeof tableOf>[1] = {},
): Promise<TableRead> {
  return await session.describe(tableOf("dated", table), { signal: never, changes });
}

async function idsOf(session: SourceSession, read: TableRead): Promise<number[]> {
  return (await readAll(session, read)).map(([id]) => Number(id)).toSorted((a, b) => a - b);
}

const from = (first: number, last = 100): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test("without a mark every row is read, those without a change date too, and the mark is the greatest date", async () => {
  const session = await openSession(accessTo(source));
  const read = await describe(session, range("tz"));
  expect(read.changes).toEqual({ condition: null, mark: "2024-01-01 01:40:00.123456+00" });
  expect(await idsOf(session, read)).toEqual(from(1, 102));
  // The snapshot is over, and the session reads on.
  const filtered = await describe(session, range("tz"), { filter: "id <= 7" });
  expect(filtered.changes?.mark).toBe("2024-01-01 00:07:00.123456+00");
  expect(await idsOf(session, filtered)).toEqual(from(1, 7));
  expect((await describe(session, range("tz"), { filter: "id > 100" })).changes).toEqual({
    condition: null,
    mark: null,
  });
});

test.each([
  ["a day, to the day", range("on_day", "2024-03-01"), 60],
  ["a day less an hour is the day before", range("on_day", "2024-03-01", { offset: 1, unit: "HOURS" }), 59],
  ["a day less days", range("on_day", "2024-03-01", { offset: 10 }), 50],
  ["a timestamp, equal ones included", range("at", "2024-01-04 00:00:00"), 72],
  ["a timestamp less minutes", range("at", "2024-01-04 00:00:00", { offset: 61, unit: "MINUTES" }), 71],
  ["a timestamp less days", range("at", "2024-01-04 00:00:00", { offset: 2 }), 24],
  ["a timestamptz to the microsecond", range("tz", "2024-01-01 01:30:00.123456+00"), 90],
  ["a timestamptz just behind", range("tz", "2024-01-01 01:30:00.123457+00"), 91],
  [
    "a timestamptz less hours",
    range("tz", "2024-01-01 01:30:00.123456+00", { offset: 1, unit: "HOURS" }),
    30,
  ],
  ["a number, whose name is written in another case", range("counter", "950"), 95],
  ["a domain is its type", range("by_domain", "2024-01-05 00:00:00+00"), 96],
])("%s", async (_, changes, first) => {
  const session = await openSession(accessTo(source));
  const read = await describe(session, changes);
  expect(await idsOf(session, read)).toEqual(from(first));
  expect(read.changes?.condition).toMatch(/^"\w+" >= '.*'::\w+ AND "\w+" <= '.*'::\w+$/);
});

test("the filter and the range hold together, a comment at its end and an OR in it included", async () => {
  const session = await openSession(accessTo(source));
  const read = await describe(session, range("Counter", "950"), { filter: "id = 1 or id > 90 -- all of it" });
  expect(await idsOf(session, read)).toEqual(from(95));
});

test("nothing new: no row, and the mark stays; a mark never goes back", async () => {
  const session = await openSession(accessTo(source));
  const none = await describe(session, range("Counter", "5000"));
  expect(await idsOf(session, none)).toEqual([]);
  expect(none.changes?.mark).toBe("5000");
  const before = await describe(session, range("on_day", "2024-06-01", { offset: 100 }));
  expect(await idsOf(session, before)).toEqual(from(52));
  expect(before.changes?.mark).toBe("2024-06-01");
});

test.each([
  ["timestamptz", "now()", "now() + interval '1 minute'"],
  [
    "timestamp",
    "now() at time zone 'UTC' - interval '12 hours'",
    "now() at time zone 'UTC' - interval '11 hours'",
  ],
  [
    "date",
    "now() at time zone 'UTC' - interval '12 hours'",
    "now() at time zone 'UTC' + interval '12 hours'",
  ],
])("%s: dates ahead of the clock are read every time and do not move the mark", async (type, now, ahead) => {
  const table = `early_${type}`;
  await source.sql(`
    create table ${table} (id int, at ${type});
    insert into ${table} values (1, '2024-01-01'), (2, '9999-12-31'), (3, 'infinity'), (4, ${ahead}),
      (5, '-infinity'), (6, ${now} - interval '1 day');
  `);
  const session = await openSession(accessTo(source));
  const all = await session.describe(tableOf(table), { signal: never, changes: range("at") });
  expect(await idsOf(session, all)).toEqual([1, 2, 3, 4, 5, 6]);
  const mark = all.changes?.mark ?? null;
  expect(await source.sql(`select id from ${table} where at = '${mark ?? ""}'::${type}`)).toEqual([
    { id: 6 },
  ]);
  const again = await session.describe(tableOf(table), { signal: never, changes: range("at", mark) });
  expect(await idsOf(session, again)).toEqual([2, 3, 4, 6]);
});

test("a mark ahead of the clock comes back to it: what was written meanwhile is read", async () => {
  await source.sql(`
    create table set_back (id int, at timestamptz);
    insert into set_back values (1, '2024-01-01'), (2, now() + interval '10 hours'), (3, now() + interval '1 minute');
  `);
  const session = await openSession(accessTo(source));
  const [{ mark } = { mark: "" }] = await source.sql("select (now() + interval '10 hours')::text as mark");
  const read = await session.describe(tableOf("set_back"), {
    signal: never,
    changes: range("at", String(mark)),
  });
  expect(await idsOf(session, read)).toEqual([2, 3]);
  const [moved] = await source.sql(
    `select timestamptz '${read.changes?.mark ?? ""}' between now() - interval '1 hour' and now() as it`,
  );
  expect(moved).toEqual({ it: true });
});

test.each(["word", "amount", "inside"])(
  "%s cannot date a change, and is named with its table",
  async (column) => {
    const session = await openSession(accessTo(source));
    const error = await reasonOf(describe(session, range(column)));
    expect(error).toMatchObject({ name: "FatalSourceError" });
    expect(String(error)).toContain(`public.dated.${column} has the type`);
  },
);

test("an offset of days on a number, and a column that is not there, are named", async () => {
  const number = await openSession(accessTo(source));
  const error = await reasonOf(describe(number, range("Counter", null, { offset: 1 })));
  expect(String(error)).toContain("public.dated.Counter is a number, and an offset of DAYS is none");
  const absent = await openSession(accessTo(source));
  expect(String(await reasonOf(describe(absent, range("aedat"))))).toContain(
    'table public.dated has no column "aedat"',
  );
});

test("rows that are committed between the bounds and the reading belong to the next range", async () => {
  await source.sql(`
    create table moving (id int primary key, at timestamptz);
    insert into moving select g, timestamptz '2024-01-01 00:00+00' from generate_series(1, 50) g;
  `);
  const session = await openSession(accessTo(source));
  const read = await session.describe(tableOf("moving"), { signal: never, changes: range("at") });
  await source.sql(`
    insert into moving values (51, '2024-01-02 00:00+00'), (52, '2023-01-01 00:00+00');
    update moving set at = '2024-01-02 00:00+00' where id = 1;
    delete from moving where id = 2;
  `);
  expect(await idsOf(session, read)).toEqual(from(1, 50));
  const next = await session.describe(tableOf("moving"), {
    signal: never,
    changes: range("at", read.changes?.mark ?? null),
  });
  expect(await idsOf(session, next)).toEqual([1, ...from(3, 51)]);
  expect(next.changes?.mark).toBe("2024-01-02 00:00:00+00");
});

test("a backslash in a quoted value is a backslash, also where the server's default says otherwise", async () => {
  const { host, port, database, superuser, user } = source;
  const admin = new pg.Client({ host, port, database, ...superuser });
  await admin.connect();
  onTestFinished(() => admin.end());
  await admin.query(`alter role ${user} in database ${database} set standard_conforming_strings = off`);
  const session = await openSession(accessTo(source));
  const filter = String.raw`word = '\'' or true --'`;
  const read = await session.describe(tableOf("dated", { filter }), { signal: never });
  expect(await readAll(session, read)).toEqual([]);
});
