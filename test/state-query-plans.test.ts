import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { StateStore } from "../src/model/state-store.ts";
import { Connection } from "../src/state/sqlite/connection.ts";
import { migrate } from "../src/state/sqlite/migrations.ts";
import { stateStore } from "../src/state/sqlite/open.ts";
import {
  aDataSource,
  aHold,
  aJob,
  aKey,
  anExecution,
  anItem,
  aPool,
  aTable,
  aTask,
  aVariable,
  idle,
  operator,
  temporaryHome,
} from "./support/state-fixtures.ts";

/** What grows with every run, and what every request looks up. */
const large = [
  "execution",
  "run_plan",
  "stop_caller",
  "end_step",
  "settlement",
  "hold",
  "execution_item",
  "log_line",
  "task",
  "table_extraction",
  "task_variable",
  "job",
  "data_source",
  "api_key",
  "page_session",
];
/** The one list that is everything there is: an administrator asks for it. */
const wholeList = "SELECT * FROM api_key ORDER BY sequence";
/** Hold only what is QUEUED or RUNNING, or declared and still open: reading all of it is no scan of the past. */
const openOnly = ["execution_active", "settlement_open"];

function openConnection(): Connection {
  const connection = new Connection(join(temporaryHome(), "state.db"));
  onTestFinished(() => connection.close());
  migrate(connection, "state.db");
  return connection;
}

/** Steps of the plan that read a whole table of the past. */
function scans(connection: Connection, sql: string): string[] {
  return connection
    .all(`EXPLAIN QUERY PLAN ${sql}`)
    .map((row) => row.text("detail"))
    .filter((step) => {
      const [verb, table = ""] = step.split(" ");
      return verb === "SCAN" && large.includes(table) && !openOnly.some((index) => step.includes(index));
    });
}

/** Every method once, so that the connection has seen every statement. */
async function callEverything(store: StateStore): Promise<void> {
  const pool = aPool();
  const source = aDataSource(pool.id);
  const job = aJob(pool.id, { dataSourceId: source.id });
  const task = aTask(job);
  const table = aTable(task);
  const variable = aVariable(task);
  const execution = anExecution(job);
  const item = anItem(execution);
  const key = aKey();
  const hash = new Uint8Array(32);
  await store.insertPool(pool);
  await store.updatePool(pool);
  await Promise.all([store.pools(), store.pool(pool.id)]);
  await store.insertDataSource(source);
  await store.updateDataSource(source);
  await Promise.all([store.dataSources(pool.id), store.dataSource(source.id)]);
  await store.insertJob(job);
  await store.updateJob(job);
  await Promise.all([
    store.jobs(pool.id),
    store.job(job.id),
    store.poolStatus(pool.id),
    store.jobStatus(job.id),
  ]);
  await store.insertTask(task);
  await store.updateTask(task);
  await Promise.all([store.tasks(job.id), store.task(task.id)]);
  await store.insertTables([table]);
  await store.updateTables([table]);
  await Promise.all([store.tables(task.id), store.table(table.id)]);
  await store.insertVariable(variable);
  await store.updateVariable(variable);
  await Promise.all([store.variables(task.id), store.variable(variable.id)]);
  await store.saveExtractionConfiguration(task.id, { ignoreMetadataChanges: true, extra: {} });
  await store.extractionConfiguration(task.id);
  await store.enqueue(execution);
  await store.claimNext(4, 1);
  await store.requestStop(execution.id, operator, 2);
  await store.markSourceTouched(execution.id);
  await store.addSession(execution.id, { pid: 1, startedAt: "" });
  await store.recordProof(execution.id, idle);
  await store.recordStep(execution.id, { at: 2, step: "worker gone", note: "" });
  await Promise.all([store.stopCallers(execution.id), store.endSteps(execution.id)]);
  await Promise.all([store.settlement(execution.id), store.openSettlements(null)]);
  await Promise.all([store.openSettlements(pool.id), store.noteSettlement(execution.id, "idle", 3, "")]);
  const hold = aHold(pool.id);
  await store.insertHold(hold);
  await Promise.all([store.hold(hold.id), store.holds(pool.id, 3), store.nextHoldEnd(3)]);
  await store.endHolds(pool.id, [hold.id], 3, "night");
  await Promise.all([
    store.execution(execution.id),
    store.activeExecutions(),
    store.activeExecution(job.id),
    store.executions(job.id, 0, 10),
    store.executionsWithin(pool.id, { from: 0, to: 1, limit: 10 }),
  ]);
  await store.saveItem(item);
  await Promise.all([store.items(execution.id), store.item(item.id)]);
  await store.appendLog([
    {
      executionId: execution.id,
      itemId: item.id,
      level: "INFO",
      at: 1,
      message: "",
      code: null,
      parameters: [],
    },
  ]);
  for (const itemIds of [null, [item.id]]) {
    await store.log({ executionId: execution.id, itemIds, levels: [], page: 0, limit: 10 });
    await store.log({ executionId: execution.id, itemIds, levels: ["INFO"], page: 0, limit: 10 });
  }
  await store.finish(execution.id, "SUCCESS", { at: 3, proof: idle, failure: null });
  await store.insertKey(key, hash);
  await Promise.all([
    store.keyByHash(hash),
    store.keys(),
    store.keyById(key.id),
    store.keyUsed(key.id, 1),
    store.revokeKey(key.id, 1),
  ]);
  await store.insertPageSession({ keyId: key.id, openedAt: 1, usedAt: 1 }, hash);
  await Promise.all([store.pageSession(hash), store.pageSessionUsed(hash, 2)]);
  await store.deleteIdlePageSessions(1);
  await store.deletePageSession(hash);
  await store.deleteVariable(variable.id);
  await store.deleteTable(table.id);
  await store.deleteTask(task.id);
  await store.deleteJob(job.id);
  await store.deleteDataSource(source.id);
  await store.deletePool(pool.id);
}

test("no statement of the store scans the past", async () => {
  const connection = openConnection();
  const store = stateStore(connection);
  await callEverything(store);
  const statements = connection.statementTexts.filter((sql) => /\b(FROM|INTO|UPDATE)\b/.test(sql));
  expect(statements.length).toBeGreaterThan(50);
  expect(statements).toContain(wholeList);
  const offenders = statements
    .filter((sql) => sql !== wholeList)
    .map((sql) => ({ sql, scans: scans(connection, sql) }))
    .filter((found) => found.scans.length > 0);
  expect(offenders).toEqual([]);
});

test("the status of a pool reads rows of jobs only, in order and without sorting", () => {
  const connection = openConnection();
  const sql =
    "SELECT id, name, latest_status, latest_execution_id, latest_started_at FROM job WHERE pool_id = $poolId ORDER BY sequence";
  const store = stateStore(connection);
  void store.poolStatus("");
  expect(connection.statementTexts).toContain(sql);
  const plan = connection.all(`EXPLAIN QUERY PLAN ${sql}`).map((row) => row.text("detail"));
  expect(plan).toEqual(["SEARCH job USING INDEX job_of_pool (pool_id=?)"]);
});

test("the look at the plans finds a scan where there is one", () => {
  const connection = openConnection();
  expect(scans(connection, "SELECT * FROM execution WHERE queued_at = 1")).toHaveLength(1);
  expect(scans(connection, "SELECT count(*) FROM log_line WHERE message = 'x'")).toHaveLength(1);
});

test("every reference to a parent has an index, so that a delete of the parent does not scan", () => {
  const connection = openConnection();
  const tables = connection
    .all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .map((row) => row.text("name"));
  let seen = 0;
  for (const table of tables) {
    const keys = connection.all(
      `SELECT id, group_concat("from") AS columns FROM pragma_foreign_key_list('${table}') GROUP BY id`,
    );
    const indices = connection
      .all(`SELECT name FROM pragma_index_list('${table}') WHERE partial = 0`)
      .map((index) =>
        connection
          .all(`SELECT name FROM pragma_index_info('${index.text("name")}')`)
          .map((row) => row.text("name"))
          .join(),
      );
    for (const key of keys) {
      seen += 1;
      expect(
        indices.some((index) => `${index},`.startsWith(`${key.text("columns")},`)),
        `${table} (${key.text("columns")})`,
      ).toBe(true);
    }
  }
  expect(seen).toBeGreaterThanOrEqual(8);
});
