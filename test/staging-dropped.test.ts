import { DuckDBInstance } from "@duckdb/node-api";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createDatabase } from "./support/postgres.ts";
import {
  makeExtractionJob,
  makePool,
  startTestServer,
  readingSessions,
  until,
  waitForStatus,
} from "./support/nightdesk.ts";

/** Every table in a pool's file, seen without the store and its rules: opening it there would drop what is left. */
async function tablesInFile(file: string): Promise<string[]> {
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  const found = await connection.runAndReadAll(
    "SELECT table_name FROM duckdb_tables() WHERE NOT starts_with(schema_name, '_nightdesk') ORDER BY 1",
  );
  connection.disconnectSync();
  instance.closeSync();
  return found.getRows().map(([name]) => String(name));
}

test.each([
  ["fails", "10 / (a - 5) > 0", "FAIL"],
  ["is cancelled", "a < 3 OR pg_sleep(3600) IS NOT NULL", "CANCEL"],
])("an extraction that %s in its second table leaves no staging in the file", async (_, filter, status) => {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-staging-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const source = await createDatabase("staging_dropped");
  onTestFinished(() => source.end());
  await source.sql("create table t as select g a from generate_series(1, 10) g");
  const server = await startTestServer({ home: join(folder, "home") });
  let stopped = false;
  onTestFinished(async () => {
    if (!stopped) await server.stop();
  });
  const pool = await makePool(server, source);
  const good = await makeExtractionJob(server, pool, "good", [{ tableName: "t", targetTableName: "kept" }]);
  await server.ok("POST", `${good.path}/execute`, {});
  await waitForStatus(server, pool.poolId, good.jobId, "SUCCESS");
  const job = await makeExtractionJob(server, pool, "job", [
    { tableName: "t", targetTableName: "first" },
    { tableName: "t", targetTableName: "second", filterDefinition: filter },
  ]);
  await server.ok("POST", `${job.path}/execute`, {});
  if (status === "CANCEL") {
    await readingSessions(source);
    await until(async () => {
      const rows = await source.sql(
        "select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()",
      );
      return rows.length > 0 ? rows : null;
    });
    await server.ok("POST", `${job.path}/cancel`);
  }
  await waitForStatus(server, pool.poolId, job.jobId, status);
  await server.stop();
  stopped = true;
  expect(await tablesInFile(join(server.home, "pools", pool.poolId, "pool.duckdb"))).toEqual(["kept"]);
});
