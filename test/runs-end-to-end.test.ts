/** What a whole run does at the real server with the real source: modes, snapshot, one change date, progress. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import {
  connectionTo,
  makeExtractionJob,
  makePool,
  makeTransformation,
  queryPool,
  startTestServer,
  statusOf,
  readingSessions,
  until,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";

let source: TestDatabase;
let server: TestServer;
let pool: { poolId: string; dataSourceId: string };
beforeAll(async () => {
  source = await createDatabase("runs");
  await source.sql(`
    create table t as select g as a from generate_series(1, 10) g;
    create table big as select g as a, repeat('x', 80) as b from generate_series(1, 20000) g;
    create table one as select 1 as a;
    analyze`);
  server = await startTestServer({ mostRunning: 1 });
  pool = await makePool(server, source);
});
afterAll(async () => {
  await server.stop();
  await source.end();
});

const logs = () => `/integration/api/pools/${pool.poolId}/logs`;
async function lastExecution(jobId: string): Promise<string> {
  const { executionItems } = await server.ok("GET", `${logs()}/${jobId}/executions`);
  return executionItems[0].executionId;
}
async function codesOf(jobId: string): Promise<string[]> {
  const execution = await lastExecution(jobId);
  const detail = await server.ok("GET", `${logs()}/executions/detail?executionId=${execution}&limit=100`);
  return detail.logMessages.map((line: { logTranslationCode: string }) => line.logTranslationCode);
}
async function stepsOf(jobId: string) {
  return server.ok("GET", `${logs()}/executions?executionId=${await lastExecution(jobId)}&type=STEP`);
}

test.each([
  ["DELTA", { filterDefinition: "a > 2" }, 8, true],
  ["FULL", { filterDefinition: "a > 2" }, 8, false],
  ["FULL", { filterDefinition: "a > 2", deltaFilterDefinition: "a > 100" }, 8, false],
])("%s of a table with %j loads %s rows in full", async (mode, filters, rows, said) => {
  const name = `mode ${mode} ${Object.keys(filters).join()}`;
  const job = await makeExtractionJob(server, pool, name, [
    { tableName: "t", targetTableName: "loaded", ...filters },
  ]);
  // Twice: a full load replaces what is there.
  for (let round = 0; round < 2; round++) {
    await server.ok("POST", `${job.path}/execute`, { mode });
    await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS", "FAIL");
    expect(await statusOf(server, pool.poolId, job.jobId)).toBe("SUCCESS");
    expect(await queryPool(server, job.path, "select count(*)::int from loaded")).toEqual([[rows]]);
  }
  expect((await codesOf(job.jobId)).includes("DELTA_LOAD_HAS_NO_FILTER")).toBe(said);
});

test("all tables of a task have the same change date, that of the task's beginning", async () => {
  const job = await makeExtractionJob(server, pool, "dates", [
    { tableName: "one", targetTableName: "early" },
    { tableName: "one", targetTableName: "late", filterDefinition: "pg_sleep(0.1) is not null" },
  ]);
  const before = Date.now();
  await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS");
  const date = `epoch_ms("_CELONIS_CHANGE_DATE")::double`;
  const [dates = []] = await queryPool(
    server,
    job.path,
    `select (select ${date} from early), (select ${date} from late)`,
  );
  expect(dates[0]).toBe(dates[1]);
  expect(dates[0]).toBeGreaterThanOrEqual(before);
  expect(dates[0]).toBeLessThanOrEqual(Date.now());
});

test("what a job was when it was executed is what runs, whatever was changed while it was queued", async () => {
  const blocker = await makeExtractionJob(server, pool, "blocker", [
    { tableName: "one", filterDefinition: "pg_sleep(3600) is not null" },
  ]);
  const job = await makeExtractionJob(server, pool, "changed", [
    { tableName: "t", targetTableName: "as_asked", filterDefinition: "a <= 3" },
  ]);
  const changed = await makeTransformation(
    server,
    job.path,
    "one",
    "create table made as select 'asked' as w",
  );
  const deleted = await makeTransformation(
    server,
    job.path,
    "two",
    "create table also as select 'asked' as w",
  );

  await server.ok("POST", `${blocker.path}/execute`, { mode: "FULL" });
  await readingSessions(source);
  await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  expect(await statusOf(server, pool.poolId, job.jobId)).toBe("QUEUED");

  const tables = `${job.path}/extractions/${job.extractionId}/tables/`;
  const [table] = await server.ok("GET", tables);
  await server.ok("PUT", tables, [{ ...table, targetTableName: "as_changed", filterDefinition: "a = 4" }]);
  const put = await server.call("PUT", `${job.path}/transformations/${changed}/statement`, {
    raw: "create table made as select 'changed' as w",
  });
  expect(put.status).toBe(200);
  expect((await server.call("DELETE", `${job.path}/tasks/${deleted}`)).status).toBeLessThan(300);
  const [again] = await server.ok("GET", tables);
  expect(again.targetTableName).toBe("as_changed");
  expect(await statusOf(server, pool.poolId, job.jobId)).toBe("QUEUED");

  expect((await server.call("POST", `${blocker.path}/cancel`)).status).toBe(200);
  await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS", "FAIL");
  expect(
    await queryPool(
      server,
      job.path,
      "select (select count(*)::int from as_asked), (select w from made), (select w from also)",
    ),
  ).toEqual([[3, "asked", "asked"]]);
  const names = (await server.ok("GET", `/integration/api/pools/${pool.poolId}/tables`)) as {
    name: string;
  }[];
  expect(names.map(({ name }) => name)).not.toContain("as_changed");
});

test("a table that is being read says how far it is: rows, the source's estimate, bytes", async () => {
  const slow = await server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "slow",
    poolId: pool.poolId,
    configuration: { ...connectionTo(source), maxRowsPerSecond: 4000 },
  });
  const job = await makeExtractionJob(server, { ...pool, dataSourceId: slow.id }, "progress", ["big"]);
  await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  const seen = await until(async () => {
    const [step] = await stepsOf(job.jobId).catch(() => []);
    return step !== undefined && step.rows > 0 ? step : null;
  });
  expect(seen).toMatchObject({ type: "STEP", name: "big", status: "RUNNING", estimatedRows: 20000 });
  expect(seen.rows).toBeLessThan(20000);
  // 80 characters of text alone; a row of COPY is not twice that.
  expect(seen.bytes).toBeGreaterThan(seen.rows * 80);
  expect(seen.bytes).toBeLessThan(seen.rows * 160);
  const later = await until(async () => {
    const [step] = await stepsOf(job.jobId);
    return step.rows > seen.rows ? step : null;
  });
  expect(later.bytes).toBeGreaterThan(seen.bytes);
  await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS");
  const [over] = await stepsOf(job.jobId);
  expect(over).toMatchObject({ status: "SUCCESS", rows: 20000, estimatedRows: 20000 });
  expect(over.bytes).toBeGreaterThan(20000 * 80);
});
