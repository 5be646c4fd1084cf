/** Delta loads that are cancelled, killed or overtaken: the next one must make the pool equal to the source. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { byDate, codes, DeltaBench, filters, type Job } from "./support/delta-bench.ts";
import { until } from "./support/nightdesk.ts";

let bench: DeltaBench;
beforeAll(async () => {
  bench = await DeltaBench.open();
  await bench.makeTable("edge", 10);
});
afterAll(async () => {
  await bench?.close();
});
afterEach(async () => {
  await bench.expectQuiet();
});

test.each(["FULL", "DELTA"] as const)(
  "what changes while a %s load reads is neither lost nor half read",
  async (mode) => {
    const table = `moving_${mode.toLowerCase()}`;
    await bench.makeTable(table, 3000);
    const job = await bench.makeJob(table, byDate(table, { changeDateOffset: 1 }));
    if (mode === "DELTA") await bench.succeed(job, "FULL");
    await bench.limitRows(1500);
    const executionId = await bench.start(job, mode);
    await bench.untilRead(job, 300);
    await bench.source.sql(`
    insert into ${table} select g, 'new', timestamptz '2024-01-01 02:00+00' from generate_series(4000, 4100) g;
    update ${table} set val = 'while reading', at = timestamptz '2024-01-01 01:59+00' where id % 10 = 0;
  `);
    expect(await bench.ended(job)).toBe("SUCCESS");
    expect(filters(await bench.logOf(executionId)).join()).not.toContain("02:00");
    expect(await bench.query(job, `select count(*)::int, max(id) from ${table} where val <> 'new'`)).toEqual([
      [3000, 3000],
    ]);
    await bench.limitRows(0);
    await bench.succeed(job, "DELTA");
    await bench.expectEqual(job, table);
  },
);

test("a cancelled delta leaves rows and mark; the next one gives the state of an uninterrupted one", async () => {
  await bench.makeTable("stopped", 4000);
  const job = await bench.makeJob(
    "stopped",
    byDate("stopped"),
    byDate("edge", { targetTableName: "stopped_edge" }),
  );
  await bench.succeed(job, "FULL");
  const before = await bench.query(job, "select count(*), sum(hash(t)) from stopped t");
  await bench.source.sql(
    "update stopped set val = val || '!', at = at + interval '1 day'; insert into stopped values (9999, 'n', null)",
  );
  await bench.limitRows(200);
  const executionId = await bench.start(job, "DELTA");
  await bench.untilRead(job, 100);
  expect((await bench.server.call("POST", `${job.path}/cancel`)).status).toBe(200);
  expect(await bench.ended(job)).toBe("CANCEL");
  expect(await bench.query(job, "select count(*), sum(hash(t)) from stopped t")).toEqual(before);
  await bench.limitRows(0);
  const cancelled = filters(await bench.logOf(executionId))[0];
  const next = await bench.succeed(job, "DELTA");
  expect(filters(next)[0]).toBe(cancelled);
  expect(filters(next)[0]).toContain(`"at" >= '2024-01-01 01:06:40+00'`);
  // A row without a change date is seen by a full load only.
  await bench.source.sql("delete from stopped where id = 9999");
  await bench.expectEqual(job, "stopped");
  await bench.source.sql("insert into stopped values (9999, 'n', null)");
  await bench.succeed(job, "DELTA");
  expect(await bench.query(job, 'select count(*)::int from stopped where "at" is null')).toEqual([[0]]);
  await bench.succeed(job, "FULL");
  await bench.expectEqual(job, "stopped");
});

test("kill -9 of the pool's process in a delta: FAIL, rows and mark as they were, and the next one makes it whole", async () => {
  await bench.makeTable("killed", 4000);
  const job = await bench.makeJob("killed", byDate("killed"));
  await bench.succeed(job, "FULL");
  await bench.source.sql("update killed set val = val || '!', at = at + interval '1 day' where id > 100");
  await bench.limitRows(200);
  const executionId = await bench.start(job, "DELTA");
  await bench.untilRead(job, 100);
  bench.killPoolProcess();
  expect(await bench.ended(job)).toBe("FAIL");
  await bench.limitRows(0);
  expect(await bench.query(job, "select count(*)::int from killed where val like '%!'")).toEqual([[0]]);
  const next = await bench.succeed(job, "DELTA");
  expect(filters(next)).toEqual(filters(await bench.logOf(executionId)));
  await bench.expectEqual(job, "killed");
});

test.each([
  ["a cancel", "CANCEL", (job: Job) => bench.server.call("POST", `${job.path}/cancel`)],
  ["kill -9 of the pool's process", "FAIL", () => bench.killPoolProcess()],
] as const)("%s while it merges: %s, rows and mark as they were", async (_, ended, stop) => {
  const table = `merging_${ended.toLowerCase()}`;
  await bench.makeTable(table, 20_000);
  const job = await bench.makeJob(table, byDate(table));
  await bench.succeed(job, "FULL");
  const before = await bench.sides(job, table);
  // A constraint of the user's own, which makes the merge work for many seconds at the changed rows.
  await bench.query(
    job,
    `create table slow (id int, val varchar check (case when val like '%!' then levenshtein(repeat(val, 30), repeat('y' || val, 30)) else 0 end >= 0),
       "at" timestamptz, "_CELONIS_CHANGE_DATE" timestamp);
     insert into slow select * from ${table}; drop table ${table}; alter table slow rename to ${table}`,
  );
  await bench.source.sql(`update ${table} set val = val || '!', at = at + interval '1 day'`);
  const executionId = await bench.start(job, "DELTA");
  await until(async () =>
    codes(await bench.logOf(executionId)).includes("WAITING_FOR_SUCCESS_STATE") ? true : null,
  );
  // Into the insert, which goes on for many seconds.
  await new Promise((resolve) => setTimeout(resolve, 700));
  await stop(job);
  expect(await bench.ended(job)).toBe(ended);
  expect((await bench.sides(job, table)).pool).toEqual(before.pool);
  await bench.query(job, `create or replace table ${table} as select * from ${table}`);
  expect(filters(await bench.succeed(job, "DELTA"))).toEqual(filters(await bench.logOf(executionId)));
  await bench.expectEqual(job, table);
});
