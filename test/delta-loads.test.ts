/** Delta loads end to end: real server, real PostgreSQL; after each story the pool must equal the source. */
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { byDate, codes, DeltaBench, filters, texts } from "./support/delta-bench.ts";
import { connectionTo, makeExtractionJob } from "./support/nightdesk.ts";
import { createDatabase } from "./support/postgres.ts";

let bench: DeltaBench;
beforeAll(async () => {
  bench = await DeltaBench.open();
});
afterAll(async () => {
  await bench?.close();
});
afterEach(async () => {
  await bench.expectQuiet();
});

test("changes are merged by key: new rows, updates, equal values at the edge; the first load is a full one", async () => {
  await bench.makeTable("edge", 100);
  const job = await bench.makeJob("edge", byDate("edge"));
  const first = await bench.succeed(job, "DELTA");
  expect(codes(first)).toContain("DELTA_LOAD_HAS_NO_FILTER");
  expect(texts(first)).toContain("no change date of at to go on from: a full load");
  await bench.expectEqual(job, "edge");
  await bench.source.sql(`
    insert into edge values (101, 'of the same moment as the last', timestamptz '2024-01-01 00:01:40+00');
    update edge set val = 'changed', at = timestamptz '2024-01-01 00:05+00' where id in (1, 7);
  `);
  const second = await bench.succeed(job, "DELTA");
  expect(filters(second)).toEqual([
    `"at" >= '2024-01-01 00:01:40+00'::timestamptz AND "at" <= '2024-01-01 00:05:00+00'::timestamptz`,
  ]);
  expect(second.map(({ text }) => text)).toContain("Changes are merged into table edge by primary key (id)");
  expect(second.map(({ text }) => text)).toContain("Total 4 records loaded for table edge");
  await bench.expectEqual(job, "edge");
  // Nothing new: the rows of the last moment are read again, and nothing is doubled.
  await bench.succeed(job, "DELTA");
  await bench.expectEqual(job, "edge");
  const [columns] = await bench.query(job, "select list(column_name) from (describe edge)");
  expect(JSON.stringify(columns)).toContain('"_CELONIS_CHANGE_DATE"]');
});

test("a row that was committed late is found within the offset, and lost without one", async () => {
  await bench.makeTable("late", 100);
  const wide = await bench.makeJob(
    "late with an offset",
    byDate("late", { changeDateOffset: 10, changeDateOffsetType: "MINUTES" }),
  );
  const narrow = await bench.makeJob("late without", byDate("late", { targetTableName: "late_narrow" }));
  await bench.succeed(wide, "FULL");
  await bench.succeed(narrow, "FULL");
  const { host, port, database, superuser } = bench.source;
  const open = new pg.Client({ host, port, database, ...superuser });
  await open.connect();
  onTestFinished(() => open.end());
  await open.query("begin");
  await open.query("insert into late values (500, 'late', timestamptz '2024-01-01 00:02+00')");
  await bench.source.sql("insert into late values (501, 'in time', timestamptz '2024-01-01 00:03+00')");
  await bench.succeed(wide, "DELTA");
  await bench.succeed(narrow, "DELTA");
  await open.query("commit");
  const log = await bench.succeed(wide, "DELTA");
  expect(filters(log)[0]).toContain(`"at" >= '2023-12-31 23:53:00+00'::timestamptz`);
  await bench.expectEqual(wide, "late");
  await bench.succeed(narrow, "DELTA");
  expect(await bench.query(narrow, "select id from late_narrow where id >= 500")).toEqual([[501]]);
});

test.each([
  ["a point of time", "timestamptz", "now()", "now() + interval '10 hours'"],
  [
    "the local time of a place far behind",
    "timestamp",
    "now() at time zone 'Etc/GMT+12'",
    "now() at time zone 'Etc/GMT-14'",
  ],
  [
    "the day of a place far behind",
    "date",
    "(now() at time zone 'Etc/GMT+12')::date",
    "(now() at time zone 'Etc/GMT-14')::date",
  ],
])("a row dated ahead does not hide what is written before its time: %s", async (_, type, present, ahead) => {
  const name = `ahead_${type}`;
  await bench.source.sql(`
    create table ${name} (id int primary key, val text, at ${type});
    insert into ${name} values (1, 'present', ${present}), (2, 'ahead', ${ahead}), (3, 'old', timestamp '2024-01-01');
  `);
  const job = await bench.makeJob(name, byDate(name));
  await bench.succeed(job, "FULL");
  await bench.source.sql(`insert into ${name} values (4, 'written later', ${present})`);
  expect(codes(await bench.succeed(job, "DELTA"))).not.toContain("DELTA_LOAD_HAS_NO_FILTER");
  await bench.expectEqual(job, name);
  await bench.source.sql(`update ${name} set val = 'changed', at = ${present} where id = 2`);
  await bench.succeed(job, "DELTA");
  await bench.expectEqual(job, name);
});

test("without a key rows are appended, and the log warns", async () => {
  await bench.source.sql(`
    create table keyless (id int, val text, at timestamptz);
    insert into keyless values (1, 'a', timestamptz '2024-01-01 00:00+00'), (2, 'b', timestamptz '2024-01-02 00:00+00');
  `);
  const job = await bench.makeJob("keyless", byDate("keyless"));
  await bench.succeed(job, "FULL");
  await bench.source.sql("insert into keyless values (3, 'c', timestamptz '2024-01-03 00:00+00')");
  const log = await bench.succeed(job, "DELTA");
  expect(log).toContainEqual({
    level: "WARNING",
    text: expect.stringContaining("Table keyless has no primary key among its columns: rows are appended"),
    code: null,
  });
  expect(await bench.query(job, "select id from keyless order by id")).toEqual([[1], [2], [2], [3]]);
  // With a key by hand, the rows that are there twice are named; a full load clears them up.
  const tables = `${job.path}/extractions/${job.extractionId}/tables`;
  const [{ id }] = await bench.server.ok("GET", tables);
  const columns = ["id", "val", "at"].map((columnName) => ({ columnName, primaryKey: columnName === "id" }));
  await bench.server.ok("PUT", tables, [{ id, columns, useManualPKs: true }]);
  await bench.source.sql(
    "update keyless set val = 'bb', at = timestamptz '2024-01-04 00:00+00' where id = 2",
  );
  const refused = await bench.run(job, "DELTA");
  expect(refused.status).toBe("FAIL");
  expect(texts(refused.log)).toContain("primary key (id) is none: 1 of its values stand");
  await bench.succeed(job, "FULL");
  await bench.source.sql(
    "update keyless set val = 'bbb', at = timestamptz '2024-01-05 00:00+00' where id = 2",
  );
  await bench.succeed(job, "DELTA");
  await bench.expectEqual(job, "keyless");
});

test("new columns fail a delta load in the contract's words, unless they are to be left out; others always fail", async () => {
  await bench.makeTable("person", 10);
  const job = await bench.makeJob("person", byDate("person"));
  await bench.succeed(job, "FULL");
  const configuration = `${job.path}/extractions/${job.extractionId}/configuration`;
  await bench.source.sql(
    "alter table person add nickname text; update person set nickname = 'n', at = at + interval '1 day' where id = 1",
  );
  const failed = await bench.run(job, "DELTA");
  const text =
    "Columns: (nickname) have changed. Table won't be delta loaded. Please perform a full load instead.";
  expect(failed.status).toBe("FAIL");
  expect(failed.log).toContainEqual({ level: "ERROR", text, code: "COLUMNS_HAVE_CHANGED" });
  await bench.server.ok("PUT", configuration, { ignoreMetadataChanges: true });
  const left = await bench.succeed(job, "DELTA");
  expect(left).toContainEqual(
    expect.objectContaining({ level: "WARNING", text: expect.stringContaining("full load: nickname") }),
  );
  await bench.expectEqual(job, "person");
  expect(await bench.query(job, "select list(column_name)::varchar from (describe person)")).toEqual([
    ["[id, val, at, _CELONIS_CHANGE_DATE]"],
  ]);
  for (const [change, says] of [
    ["alter table person drop val", "(val removed)"],
    ["alter table person add val int", "(val VARCHAR is INTEGER now)"],
    ["alter table person alter val type text; alter table person rename id to ident", "(ident, id removed)"],
  ] as const) {
    await bench.source.sql(change);
    const { status, log } = await bench.run(job, "DELTA");
    expect([change, status]).toEqual([change, "FAIL"]);
    expect(log.filter(({ code }) => code === "COLUMNS_HAVE_CHANGED").map((line) => line.text)).toEqual([
      expect.stringContaining(`Columns: ${says} have changed.`),
      expect.stringContaining(`Columns: ${says} have changed.`),
    ]);
  }
  await bench.source.sql("alter table person rename ident to id");
  await bench.succeed(job, "FULL");
  await bench.succeed(job, "DELTA");
  await bench.expectEqual(job, "person");
  expect(
    JSON.stringify(await bench.query(job, "select list(column_name)::varchar from (describe person)")),
  ).toContain("nickname");
});

test("a new column that is part of the key is never left out: without it rows could not be told apart", async () => {
  await bench.makeTable("parted", 5);
  const job = await bench.makeJob("parted", byDate("parted"));
  await bench.server.ok("PUT", `${job.path}/extractions/${job.extractionId}/configuration`, {
    ignoreMetadataChanges: true,
  });
  await bench.succeed(job, "FULL");
  await bench.source.sql(`
    alter table parted add part int not null default 0, drop constraint parted_pkey;
    alter table parted add primary key (id, part);
  `);
  const { status, log } = await bench.run(job, "DELTA");
  expect([status, texts(log)]).toEqual([
    "FAIL",
    expect.stringContaining("Columns: (part) have changed. Table won't be delta loaded."),
  ]);
});

test("with a change date and a delta filter both hold", async () => {
  await bench.makeTable("twofold", 5);
  const job = await bench.makeJob("twofold", byDate("twofold", { deltaFilterDefinition: "id <> 2" }));
  await bench.succeed(job, "FULL");
  await bench.source.sql("update twofold set val = 'new', at = at + interval '1 hour' where id <= 2");
  expect(filters(await bench.succeed(job, "DELTA"))).toEqual([
    "id <> 2",
    expect.stringContaining('"at" >= '),
  ]);
  expect(await bench.query(job, "select id from twofold where val = 'new'")).toEqual([[1]]);
});

test("a connection that leads to another database starts anew: the mark was read elsewhere", async () => {
  await bench.makeTable("moved", 5);
  const other = await createDatabase("delta_other");
  onTestFinished(() => other.end());
  await other.sql(`
    create table moved (id int primary key, val text, at timestamptz);
    insert into moved values (1, 'older than the mark', timestamptz '2020-01-01 00:00+00');
  `);
  const { id: dataSourceId } = await bench.server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "moved",
    poolId: bench.pool.poolId,
    configuration: connectionTo(bench.source),
  });
  const job = await makeExtractionJob(bench.server, { ...bench.pool, dataSourceId }, "moved", [
    byDate("moved"),
  ]);
  await bench.succeed(job, "FULL");
  await bench.server.ok("PUT", `/integration/api/datasource/POSTGRESQL/${dataSourceId}`, {
    configuration: connectionTo(other),
  });
  expect(codes(await bench.succeed(job, "DELTA"))).toContain("DELTA_LOAD_HAS_NO_FILTER");
  expect(await bench.query(job, "select id, val from moved")).toEqual([[1, "older than the mark"]]);
});

test("a column that cannot date changes fails the run, naming table and column", async () => {
  const job = await bench.makeJob(
    "undatable",
    byDate("edge", { changeDateColumn: "val", targetTableName: "u" }),
  );
  for (const mode of ["FULL", "DELTA"] as const) {
    const { status, log } = await bench.run(job, mode);
    expect(status).toBe("FAIL");
    expect(texts(log)).toContain("public.edge.val has the type text");
  }
});

test("without a delta filter and a change date, a delta load is a full one, with the warning", async () => {
  await bench.makeTable("plain", 5);
  const job = await bench.makeJob("plain", "plain");
  await bench.succeed(job, "FULL");
  await bench.source.sql("delete from plain where id = 1; update plain set val = 'new' where id = 2");
  expect(codes(await bench.succeed(job, "DELTA"))).toContain("DELTA_LOAD_HAS_NO_FILTER");
  await bench.expectEqual(job, "plain");
});

test("a target that a person dropped is loaded in full again; a view in its place is named", async () => {
  await bench.makeTable("dropped", 5);
  const job = await bench.makeJob("dropped", byDate("dropped"));
  const other = await bench.makeJob("dropped by filter", {
    tableName: "dropped",
    targetTableName: "d2",
    deltaFilterDefinition: "id > 3",
  });
  await bench.succeed(job, "FULL");
  await bench.query(job, "drop table dropped");
  await bench.succeed(job, "DELTA");
  await bench.expectEqual(job, "dropped");
  await bench.query(job, "create view d2 as select 1 as id");
  const { status, log } = await bench.run(other, "DELTA");
  expect([status, texts(log)]).toEqual([
    "FAIL",
    expect.stringContaining("a view stands in the place of the table"),
  ]);
});
