/** Delta loads end to end: real server, real PostgreSQL; after each story the pool must equal the source. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import {
  makeExtractionJob,
  makePool,
  makeTransformation,
  queryPool,
  startTestServer,
  taggedSessions,
  until,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";

let source: TestDatabase;
let server: TestServer;
let pool: { poolId: string; dataSourceId: string };

beforeAll(async () => {
  source = await createDatabase("delta");
  // One at a time: a second job can be seen to wait in the queue.
  server = await startTestServer({ mostRunning: 1 });
  pool = await makePool(server, source);
});
afterAll(async () => {
  await server?.stop();
  await source?.end();
});
afterEach(async () => {
  expect(await taggedSessions(source)).toEqual([]);
  expect(server.reports).toEqual([]);
});

/** The job of the test that stops it while it merges. */
let merging: Job;

type Job = Awaited<ReturnType<typeof makeExtractionJob>>;
interface Line {
  level: string;
  text: string;
  code: string | null;
}

const makeJob = (name: string, ...tables: Parameters<typeof makeExtractionJob>[3]): Promise<Job> =>
  makeExtractionJob(server, pool, name, tables);

async function start(job: Pick<Job, "path">, mode: "FULL" | "DELTA"): Promise<string> {
  const { executionId } = await server.ok("POST", `${job.path}/execute`, { mode });
  return executionId as string;
}

/** The log of an execution, oldest line first. */
async function logOf(executionId: string): Promise<Line[]> {
  const { logMessages } = await server.ok(
    "GET",
    `/integration/api/pools/${pool.poolId}/logs/executions/detail?executionId=${executionId}&type=JOB&limit=500&page=0`,
  );
  return logMessages
    .map((line: { level: string; logMessage: string; logTranslationCode: string | null }) => ({
      level: line.level,
      text: line.logMessage,
      code: line.logTranslationCode,
    }))
    .toReversed();
}

/** Runs to the end; the status and the log. */
async function run(
  job: Pick<Job, "path" | "jobId">,
  mode: "FULL" | "DELTA",
): Promise<{ status: string; log: Line[] }> {
  const executionId = await start(job, mode);
  const status = await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS", "FAIL", "CANCEL");
  return { status, log: await logOf(executionId) };
}

async function succeed(job: Pick<Job, "path" | "jobId">, mode: "FULL" | "DELTA"): Promise<Line[]> {
  const { status, log } = await run(job, mode);
  expect([status, log.filter(({ level }) => level === "ERROR")]).toEqual(["SUCCESS", []]);
  return log;
}

const filters = (log: Line[]): string[] =>
  log.flatMap(({ text }) => (text.startsWith("Setting filter to: ") ? [text.slice(19)] : []));
const codes = (log: Line[]): (string | null)[] => log.map(({ code }) => code);

/** Every value of every row in one, at the source and in the pool. */
async function sides(job: Pick<Job, "path">, table: string): Promise<{ source: unknown; pool: unknown }> {
  const [there] = await source.sql(
    `select count(*)::text as n, md5(string_agg(concat_ws('|', id, coalesce(val, '~'), (extract(epoch from at) * 1000000)::bigint), ',' order by id, val, at)) as sum from ${table}`,
  );
  const [here] = await queryPool(
    server,
    job.path,
    `select count(*)::varchar, md5(string_agg(concat_ws('|', id, coalesce(val, '~'), epoch_us("at")), ',' order by id, val nulls last, "at" nulls last)) from "${table}"`,
  );
  return { source: Object.values(there ?? {}), pool: here };
}

async function expectEqual(job: Pick<Job, "path">, table: string): Promise<void> {
  const { source: there, pool: here } = await sides(job, table);
  expect(here).toEqual(there);
}

/** A table with a key and a change date: `rows` rows, a second apart. */
async function makeTable(name: string, rows: number): Promise<void> {
  await source.sql(`
    create table ${name} (id int primary key, val text, at timestamptz);
    insert into ${name} select g, 'value ' || g, timestamptz '2024-01-01 00:00+00' + g * interval '1 second'
      from generate_series(1, ${String(rows)}) g;
    analyze ${name};
  `);
}

const byDate = (tableName: string, changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  tableName,
  changeDateColumn: "at",
  ...changes,
});

async function limitRows(maxRowsPerSecond: number): Promise<void> {
  const path = `/integration/api/datasource/POSTGRESQL/${pool.dataSourceId}`;
  const whole = await server.ok("GET", path);
  await server.ok("PUT", path, { ...whole, configuration: { ...whole.configuration, maxRowsPerSecond } });
}

/** Until the run has read more than `rows` rows. */
async function untilRead(jobId: string, rows: number): Promise<void> {
  await until(async () => {
    const { jobs } = await server.ok("GET", `/desk/v1/pools/${pool.poolId}/status`);
    return jobs.find((one: { id: string }) => one.id === jobId).rows > rows ? true : null;
  });
}

async function makeVariable(taskId: string, variable: Record<string, unknown>): Promise<string> {
  const { id } = await server.ok("POST", `/integration/api/pools/${pool.poolId}/tasks/${taskId}/variables/`, {
    type: "PRIVATE_CONSTANT",
    dataType: "STRING",
    ...variable,
  });
  return id as string;
}

/** kill -9 of the one process that owns the pool. */
function killPoolProcess(): void {
  const folder = join(server.home, "pools", pool.poolId);
  const processes = execFileSync("ps", ["-A", "-ww", "-o", "pid=,args="], { encoding: "utf8" }).split("\n");
  const pids = processes.filter((line) => line.includes(folder)).map((line) => Number.parseInt(line, 10));
  expect(pids).toHaveLength(1);
  process.kill(pids[0] ?? 0, "SIGKILL");
}

test("changes are merged by key: new rows, updates, equal values at the edge; the first load is a full one", async () => {
  await makeTable("edge", 100);
  const job = await makeJob("edge", byDate("edge"));
  const first = await succeed(job, "DELTA");
  expect(codes(first)).toContain("DELTA_LOAD_HAS_NO_FILTER");
  expect(first.map(({ text }) => text).join("\n")).toContain(
    "no change date of at to go on from: a full load",
  );
  await expectEqual(job, "edge");
  await source.sql(`
    insert into edge values (101, 'of the same moment as the last', timestamptz '2024-01-01 00:01:40+00');
    update edge set val = 'changed', at = timestamptz '2024-01-01 00:05+00' where id in (1, 7);
  `);
  const second = await succeed(job, "DELTA");
  expect(filters(second)).toEqual([
    `"at" >= '2024-01-01 00:01:40+00'::timestamptz AND "at" <= '2024-01-01 00:05:00+00'::timestamptz`,
  ]);
  expect(second.map(({ text }) => text)).toContain("Changes are merged into table edge by primary key (id)");
  expect(second.map(({ text }) => text)).toContain("Total 4 records loaded for table edge");
  await expectEqual(job, "edge");
  // Nothing new: the rows of the last moment are read again, and nothing is doubled.
  await succeed(job, "DELTA");
  await expectEqual(job, "edge");
  const [columns] = await queryPool(server, job.path, "select list(column_name) from (describe edge)");
  expect(JSON.stringify(columns)).toContain('"_CELONIS_CHANGE_DATE"]');
});

test("a row that was committed late is found within the offset, and lost without one", async () => {
  await makeTable("late", 100);
  const wide = await makeJob(
    "late with an offset",
    byDate("late", { changeDateOffset: 10, changeDateOffsetType: "MINUTES" }),
  );
  const narrow = await makeJob("late without", byDate("late", { targetTableName: "late_narrow" }));
  await succeed(wide, "FULL");
  await succeed(narrow, "FULL");
  const { host, port, database, superuser } = source;
  const open = new pg.Client({ host, port, database, ...superuser });
  await open.connect();
  onTestFinished(() => open.end());
  await open.query("begin");
  await open.query("insert into late values (500, 'late', timestamptz '2024-01-01 00:02+00')");
  await source.sql("insert into late values (501, 'in time', timestamptz '2024-01-01 00:03+00')");
  await succeed(wide, "DELTA");
  await succeed(narrow, "DELTA");
  await open.query("commit");
  const log = await succeed(wide, "DELTA");
  expect(filters(log)[0]).toContain(`"at" >= '2023-12-31 23:53:00+00'::timestamptz`);
  await expectEqual(wide, "late");
  await succeed(narrow, "DELTA");
  expect(await queryPool(server, narrow.path, "select id from late_narrow where id >= 500")).toEqual([[501]]);
});

test.each(["FULL", "DELTA"] as const)(
  "what changes while a %s load reads is neither lost nor half read",
  async (mode) => {
    const table = `moving_${mode.toLowerCase()}`;
    await makeTable(table, 3000);
    const job = await makeJob(table, byDate(table, { changeDateOffset: 1 }));
    if (mode === "DELTA") await succeed(job, "FULL");
    await limitRows(1500);
    const executionId = await start(job, mode);
    await untilRead(job.jobId, 300);
    await source.sql(`
    insert into ${table} select g, 'new', timestamptz '2024-01-01 02:00+00' from generate_series(4000, 4100) g;
    update ${table} set val = 'while reading', at = timestamptz '2024-01-01 01:59+00' where id % 10 = 0;
  `);
    expect(await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
    expect(filters(await logOf(executionId)).join()).not.toContain("02:00");
    expect(
      await queryPool(server, job.path, `select count(*)::int, max(id) from ${table} where val <> 'new'`),
    ).toEqual([[3000, 3000]]);
    await limitRows(0);
    await succeed(job, "DELTA");
    await expectEqual(job, table);
  },
);

test("a cancelled delta leaves rows and mark; the next one gives the state of an uninterrupted one", async () => {
  await makeTable("stopped", 4000);
  const job = await makeJob(
    "stopped",
    byDate("stopped"),
    byDate("edge", { targetTableName: "stopped_edge" }),
  );
  await succeed(job, "FULL");
  const before = await queryPool(server, job.path, "select count(*), sum(hash(t)) from stopped t");
  await source.sql(
    "update stopped set val = val || '!', at = at + interval '1 day'; insert into stopped values (9999, 'n', null)",
  );
  await limitRows(1000);
  const executionId = await start(job, "DELTA");
  await untilRead(job.jobId, 500);
  expect((await server.call("POST", `${job.path}/cancel`)).status).toBe(200);
  expect(await waitForStatus(server, pool.poolId, job.jobId, "CANCEL", "SUCCESS", "FAIL")).toBe("CANCEL");
  expect(await queryPool(server, job.path, "select count(*), sum(hash(t)) from stopped t")).toEqual(before);
  await limitRows(0);
  const cancelled = filters(await logOf(executionId))[0];
  const next = await succeed(job, "DELTA");
  expect(filters(next)[0]).toBe(cancelled);
  expect(filters(next)[0]).toContain(`"at" >= '2024-01-01 01:06:40+00'`);
  // A row without a change date is seen by a full load only.
  await source.sql("delete from stopped where id = 9999");
  await expectEqual(job, "stopped");
  await source.sql("insert into stopped values (9999, 'n', null)");
  await succeed(job, "DELTA");
  expect(await queryPool(server, job.path, 'select count(*)::int from stopped where "at" is null')).toEqual([
    [0],
  ]);
  await succeed(job, "FULL");
  await expectEqual(job, "stopped");
});

test("kill -9 of the pool's process in a delta: FAIL, rows and mark as they were, and the next one makes it whole", async () => {
  await makeTable("killed", 4000);
  const job = await makeJob("killed", byDate("killed"));
  await succeed(job, "FULL");
  await source.sql("update killed set val = val || '!', at = at + interval '1 day' where id > 100");
  await limitRows(1000);
  const executionId = await start(job, "DELTA");
  await untilRead(job.jobId, 500);
  killPoolProcess();
  expect(await waitForStatus(server, pool.poolId, job.jobId, "CANCEL", "SUCCESS", "FAIL")).toBe("FAIL");
  await limitRows(0);
  expect(await queryPool(server, job.path, "select count(*)::int from killed where val like '%!'")).toEqual([
    [0],
  ]);
  const next = await succeed(job, "DELTA");
  expect(filters(next)).toEqual(filters(await logOf(executionId)));
  await expectEqual(job, "killed");
});

test.each([
  ["a cancel", "CANCEL", () => server.call("POST", `${merging.path}/cancel`)],
  ["kill -9 of the pool's process", "FAIL", killPoolProcess],
] as const)("%s while it merges: %s, rows and mark as they were", async (_, ended, stop) => {
  const table = `merging_${ended.toLowerCase()}`;
  await makeTable(table, 20_000);
  merging = await makeJob(table, byDate(table));
  await succeed(merging, "FULL");
  const before = await sides(merging, table);
  // A constraint of the user's own, which makes the merge work for many seconds at the changed rows.
  await queryPool(
    server,
    merging.path,
    `create table slow (id int, val varchar check (case when val like '%!' then levenshtein(repeat(val, 30), repeat('y' || val, 30)) else 0 end >= 0),
       "at" timestamptz, "_CELONIS_CHANGE_DATE" timestamp);
     insert into slow select * from ${table}; drop table ${table}; alter table slow rename to ${table}`,
  );
  await source.sql(`update ${table} set val = val || '!', at = at + interval '1 day'`);
  const executionId = await start(merging, "DELTA");
  await until(async () =>
    codes(await logOf(executionId)).includes("WAITING_FOR_SUCCESS_STATE") ? true : null,
  );
  // Into the insert, which goes on for many seconds.
  await new Promise((resolve) => setTimeout(resolve, 700));
  await stop();
  expect(await waitForStatus(server, pool.poolId, merging.jobId, "CANCEL", "SUCCESS", "FAIL")).toBe(ended);
  expect((await sides(merging, table)).pool).toEqual(before.pool);
  await queryPool(server, merging.path, `create or replace table ${table} as select * from ${table}`);
  expect(filters(await succeed(merging, "DELTA"))).toEqual(filters(await logOf(executionId)));
  await expectEqual(merging, table);
});

test("without a key rows are appended, and the log warns", async () => {
  await source.sql(`
    create table keyless (id int, val text, at timestamptz);
    insert into keyless values (1, 'a', timestamptz '2024-01-01 00:00+00'), (2, 'b', timestamptz '2024-01-02 00:00+00');
  `);
  const job = await makeJob("keyless", byDate("keyless"));
  await succeed(job, "FULL");
  await source.sql("insert into keyless values (3, 'c', timestamptz '2024-01-03 00:00+00')");
  const log = await succeed(job, "DELTA");
  expect(log).toContainEqual({
    level: "WARNING",
    text: expect.stringContaining("Table keyless has no primary key among its columns: rows are appended"),
    code: null,
  });
  expect(await queryPool(server, job.path, "select id from keyless order by id")).toEqual([
    [1],
    [2],
    [2],
    [3],
  ]);
  // With a key by hand, the rows that are there twice are named; a full load clears them up.
  const tables = `${job.path}/extractions/${job.extractionId}/tables`;
  const [{ id }] = await server.ok("GET", tables);
  const columns = ["id", "val", "at"].map((columnName) => ({ columnName, primaryKey: columnName === "id" }));
  await server.ok("PUT", tables, [{ id, columns, useManualPKs: true }]);
  await source.sql("update keyless set val = 'bb', at = timestamptz '2024-01-04 00:00+00' where id = 2");
  const refused = await run(job, "DELTA");
  expect(refused.status).toBe("FAIL");
  expect(refused.log.map(({ text }) => text).join("\n")).toContain(
    "primary key (id) is none: 1 of its values stand",
  );
  await succeed(job, "FULL");
  await source.sql("update keyless set val = 'bbb', at = timestamptz '2024-01-05 00:00+00' where id = 2");
  await succeed(job, "DELTA");
  await expectEqual(job, "keyless");
});

test("new columns fail a delta load in the contract's words, unless they are to be left out; others always fail", async () => {
  await makeTable("person", 10);
  const job = await makeJob("person", byDate("person"));
  await succeed(job, "FULL");
  const configuration = `${job.path}/extractions/${job.extractionId}/configuration`;
  await source.sql(
    "alter table person add nickname text; update person set nickname = 'n', at = at + interval '1 day' where id = 1",
  );
  const failed = await run(job, "DELTA");
  const text =
    "Columns: (nickname) have changed. Table won't be delta loaded. Please perform a full load instead.";
  expect(failed.status).toBe("FAIL");
  expect(failed.log).toContainEqual({ level: "ERROR", text, code: "COLUMNS_HAVE_CHANGED" });
  await server.ok("PUT", configuration, { ignoreMetadataChanges: true });
  const left = await succeed(job, "DELTA");
  expect(left).toContainEqual(
    expect.objectContaining({ level: "WARNING", text: expect.stringContaining("full load: nickname") }),
  );
  await expectEqual(job, "person");
  expect(
    await queryPool(server, job.path, "select list(column_name)::varchar from (describe person)"),
  ).toEqual([["[id, val, at, _CELONIS_CHANGE_DATE]"]]);
  for (const [change, says] of [
    ["alter table person drop val", "(val removed)"],
    ["alter table person add val int", "(val VARCHAR is INTEGER now)"],
    ["alter table person alter val type text; alter table person rename id to ident", "(ident, id removed)"],
  ] as const) {
    await source.sql(change);
    const { status, log } = await run(job, "DELTA");
    expect([change, status]).toEqual([change, "FAIL"]);
    expect(log.filter(({ code }) => code === "COLUMNS_HAVE_CHANGED").map((line) => line.text)).toEqual([
      expect.stringContaining(`Columns: ${says} have changed.`),
      expect.stringContaining(`Columns: ${says} have changed.`),
    ]);
  }
  await source.sql("alter table person rename ident to id");
  await succeed(job, "FULL");
  await succeed(job, "DELTA");
  await expectEqual(job, "person");
  expect(
    JSON.stringify(
      await queryPool(server, job.path, "select list(column_name)::varchar from (describe person)"),
    ),
  ).toContain("nickname");
});

test("a column that cannot date changes fails the run, naming table and column", async () => {
  const job = await makeJob("undatable", byDate("edge", { changeDateColumn: "val", targetTableName: "u" }));
  for (const mode of ["FULL", "DELTA"] as const) {
    const { status, log } = await run(job, mode);
    expect(status).toBe("FAIL");
    expect(log.map(({ text }) => text).join("\n")).toContain("public.edge.val has the type text");
  }
});

test("a delta filter with FIND_MAX: missing, empty and filled table; rows are those of both filters", async () => {
  await makeTable("growing", 50);
  const job = await makeJob("growing", {
    tableName: "growing",
    filterDefinition: "id % 2 = 0 -- even ones",
    deltaFilterDefinition: "id > <%=max_id%>",
  });
  const max = { dynamicVariableOpType: "FIND_MAX", dynamicTable: "growing", dynamicColumn: "id" };
  const variable = await makeVariable(job.extractionId, {
    name: "max_id",
    type: "DYNAMIC",
    dataType: "INT",
    ...max,
    dynamicDataSourceId: pool.dataSourceId,
    values: [{ value: "40" }],
    defaultValues: [{ value: "30" }],
  });
  const ids = async (): Promise<unknown[]> =>
    (await queryPool(server, job.path, "select id from growing order by id")).flat();
  // Missing: the value; the table is made by the delta load.
  const missing = await succeed(job, "DELTA");
  expect(filters(missing)).toEqual(["(\nid > 40\n) AND (\nid % 2 = 0 -- even ones\n)"]);
  expect(await ids()).toEqual([42, 44, 46, 48, 50]);
  // Filled: its greatest one.
  await source.sql("insert into growing values (51, 'odd', now()), (52, 'even', now())");
  expect(filters(await succeed(job, "DELTA"))[0]).toContain("id > 50");
  expect(await ids()).toEqual([42, 44, 46, 48, 50, 52]);
  // Empty, and without a value: the default.
  await makeTransformation(server, job.path, "empty it", "delete from growing");
  await succeed(job, "DELTA");
  expect(await ids()).toEqual([]);
  const variables = `/integration/api/pools/${pool.poolId}/tasks/${job.extractionId}/variables/${variable}`;
  await server.ok("PUT", variables, { values: [{ value: null }] });
  expect(filters(await succeed(job, "DELTA"))[0]).toContain("id > 30");
  await server.ok("PUT", variables, { defaultValues: [] });
  const without = await run(job, "DELTA");
  expect(without.status).toBe("FAIL");
  expect(without.log).toContainEqual({
    level: "ERROR",
    text: expect.stringContaining("<%= max_id %> has no value and no default value"),
    code: "VARIABLE_RESOLVING_ERROR",
  });
  // A full load does not read the delta filter.
  expect(filters(await succeed(job, "FULL"))).toEqual(["id % 2 = 0 -- even ones"]);
  await server.ok("PUT", variables, { dynamicColumn: "nope", values: [{ value: "1" }] });
  const wrong = await run(job, "DELTA");
  expect(wrong.status).toBe("FAIL");
  expect(wrong.log.map(({ text }) => text).join("\n")).toMatch(/has no column "nope"/);
});

test("constants are quoted as one value, whatever they hold, and numbers are numbers", async () => {
  await source.sql(`
    create table quoted (id int primary key, val text, at timestamptz);
    insert into quoted values (1, 'O''Neill <%=id%>', '2024-01-01'), (2, 'x', '2024-01-02'), (3, E'back\\\\slash', '2024-01-03');
  `);
  const job = await makeJob("quoted", {
    tableName: "quoted",
    filterDefinition: "val = <%= who %> or id = <%=id%> or at = <%=day%>",
  });
  await makeVariable(job.extractionId, { name: "who", values: [{ value: "O'Neill <%=id%>" }] });
  await makeVariable(job.extractionId, {
    name: "id",
    dataType: "INT",
    type: "PUBLIC_CONSTANT",
    values: [{ value: "-1" }],
  });
  await makeVariable(job.extractionId, {
    name: "day",
    dataType: "DATE",
    defaultValues: [{ value: "2024-01-03" }],
  });
  const log = await succeed(job, "FULL");
  expect(filters(log)).toEqual(["val = 'O''Neill <%=id%>' or id = -1 or at = '2024-01-03'"]);
  expect(await queryPool(server, job.path, "select id from quoted order by id")).toEqual([[1], [3]]);
});

test.each(["gone", "__proto__", "constructor"])(
  "an unknown placeholder fails the run before the source is touched, and is named: %s",
  async (name) => {
    const job = await makeJob(`unknown ${name}`, {
      tableName: "edge",
      filterDefinition: `id > <%=${name}%>`,
    });
    const { status, log } = await run(job, "FULL");
    expect(status).toBe("FAIL");
    expect(log).toContainEqual({
      level: "ERROR",
      text: expect.stringContaining(`there is no variable for <%= ${name} %>`),
      code: "VARIABLE_RESOLVING_ERROR",
    });
    expect(log.map(({ text }) => text).join("\n")).not.toContain("Executing query");
  },
);

test("variables of a transformation: put in as they are, FIND_MAX after the extraction before it; data cannot break out", async () => {
  await source.sql(
    "create table facts (id int primary key, val text, at timestamptz); insert into facts values (7, 'plain', null)",
  );
  const job = await makeJob("facts", "facts");
  const script = `create or replace table seen as select <%= top %> as top, '<%= word %>' as word, '<%=kind%>' as kind`;
  const task = await makeTransformation(server, job.path, "see", script);
  const find = {
    type: "DYNAMIC",
    dynamicVariableOpType: "FIND_MAX",
    dynamicTable: "facts",
    dynamicDataSourceId: pool.dataSourceId,
  };
  await makeVariable(task, { name: "top", ...find, dataType: "INT", dynamicColumn: "id" });
  await makeVariable(task, { name: "word", ...find, dynamicColumn: "val" });
  await makeVariable(task, { name: "kind", values: [{ value: "<%=top%>" }] });
  await succeed(job, "FULL");
  expect(await queryPool(server, job.path, "select * from seen")).toEqual([[7, "plain", "<%=top%>"]]);
  await source.sql("update facts set val = 'x''; drop table facts; --'");
  const { status, log } = await run(job, "FULL");
  expect(status).toBe("FAIL");
  expect(log).toContainEqual({
    level: "ERROR",
    text: expect.stringContaining("<%= word %> comes from the data"),
    code: "VARIABLE_RESOLVING_ERROR",
  });
});

test("a run works with the variables as they were when it was asked for", async () => {
  await makeTable("slow", 2000);
  const slow = await makeJob("slow", "slow");
  const job = await makeJob("snapshot", {
    tableName: "edge",
    targetTableName: "snap",
    filterDefinition: "id = <%=id%>",
  });
  const id = await makeVariable(job.extractionId, { name: "id", dataType: "INT", values: [{ value: "3" }] });
  await limitRows(1000);
  await start(slow, "FULL");
  const executionId = await start(job, "FULL");
  await server.ok("PUT", `/integration/api/pools/${pool.poolId}/tasks/${job.extractionId}/variables/${id}`, {
    values: [{ value: "4" }],
  });
  expect(await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
  expect(filters(await logOf(executionId))).toEqual(["id = 3"]);
  await limitRows(0);
  expect(filters(await succeed(job, "FULL"))).toEqual(["id = 4"]);
});

test("without a delta filter and a change date, a delta load is a full one, with the warning", async () => {
  await makeTable("plain", 5);
  const job = await makeJob("plain", "plain");
  await succeed(job, "FULL");
  await source.sql("delete from plain where id = 1; update plain set val = 'new' where id = 2");
  expect(codes(await succeed(job, "DELTA"))).toContain("DELTA_LOAD_HAS_NO_FILTER");
  await expectEqual(job, "plain");
});

test("a target that a person dropped is loaded in full again; a view in its place is named", async () => {
  await makeTable("dropped", 5);
  const job = await makeJob("dropped", byDate("dropped"));
  const other = await makeJob("dropped by filter", {
    tableName: "dropped",
    targetTableName: "d2",
    deltaFilterDefinition: "id > 3",
  });
  await succeed(job, "FULL");
  await queryPool(server, job.path, "drop table dropped");
  await succeed(job, "DELTA");
  await expectEqual(job, "dropped");
  await queryPool(server, job.path, "create view d2 as select 1 as id");
  const { status, log } = await run(other, "DELTA");
  expect([status, log.map(({ text }) => text).join("\n")]).toEqual([
    "FAIL",
    expect.stringContaining("a view stands in the place of the table"),
  ]);
});
