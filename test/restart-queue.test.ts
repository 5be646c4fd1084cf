/** Several executions at once when the server dies: what ran ends, what waited begins in its old order. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { newKeyText } from "../src/engine/key-text.ts";
import {
  makeExtractionJob,
  makePool,
  statusOf,
  readingSessions,
  taggedSessions,
  until,
  waitForStatus,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { poolPids } from "./support/processes.ts";
import { startServerProcess, type ServerProcess } from "./support/server-process.ts";

let source: TestDatabase;
let home: string;
let server: ServerProcess;
const adminKey = newKeyText();

beforeAll(async () => {
  source = await createDatabase("restart_queue");
  await source.sql(`create table "VBAK" as select g as vbeln from generate_series(1, 100) g; analyze`);
});
afterAll(async () => {
  await server?.end("SIGTERM");
  expect(await taggedSessions(source)).toEqual([]);
  await source?.end();
});

async function start(settings: Record<string, string> = {}): Promise<void> {
  server = await startServerProcess(home, adminKey, settings);
}

/** A pool on a home of its own, with jobs that wait at the source until they are stopped, and others that do not. */
async function stage(settings: Record<string, string>, filters: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-restart-queue-"));
  home = join(folder, "home");
  onTestFinished(async () => {
    await server.end("SIGTERM");
    await rm(folder, { recursive: true, force: true });
  });
  await start(settings);
  const pool = await makePool(server, source);
  const jobs: { jobId: string; path: string }[] = [];
  for (const [n, filterDefinition] of filters.entries()) {
    const table = { tableName: "VBAK", targetTableName: `T${String(n)}`, filterDefinition };
    jobs.push(await makeExtractionJob(server, pool, `job ${String(n)}`, [table]));
  }
  return { ...pool, jobs };
}

const endless = "pg_sleep(600) is not null";

test("kill -9 with two executions of one pool: both end, each as it was asked, with one process for their pool", async () => {
  const { poolId, jobs } = await stage({}, [endless, endless]);
  for (const { path } of jobs) await server.ok("POST", `${path}/execute`, {});
  await readingSessions(source, 2);
  const before = await poolPids(home);
  // What the next server waits for does not go before the stop is asked for: else both were over without it.
  for (const pid of before) process.kill(pid, "SIGSTOP");
  await server.end("SIGKILL");
  await start();
  const [first, second] = jobs;
  const stop = `/desk/v1/pools/${poolId}/jobs/${second?.jobId ?? ""}/stop?wait=50`;
  const seen = new Set<number>();
  const stopped = server.call("POST", stop, { body: { reason: "midnight" } });
  await until(async () => {
    const { jobs: rows } = await server.ok("GET", `/desk/v1/pools/${poolId}/status`);
    const { stopping } = rows.find(({ id }: { id: string }) => id === second?.jobId);
    return stopping?.callers === 1 ? true : null;
  });
  for (const pid of await poolPids(home)) if (before.includes(pid)) process.kill(pid, "SIGCONT");
  const ended = waitForStatus(server, poolId, first?.jobId ?? "", "FAIL", "CANCEL", "SUCCESS");
  let over = false;
  const watching = until(async () => {
    for (const pid of await poolPids(home)) if (!before.includes(pid)) seen.add(pid);
    return over ? true : null;
  });
  expect((await stopped).json.outcome).toBe("STOPPED");
  expect(await ended).toBe("FAIL");
  expect(await statusOf(server, poolId, second?.jobId ?? "")).toBe("CANCEL");
  over = true;
  await watching;
  expect(seen.size).toBe(1);
  expect(server.output()).not.toMatch(/trying again/);
  expect(await taggedSessions(source)).toEqual([]);
});

test("kill -9 with three in the queue: they begin after the restart, in their old order", async () => {
  const settings = { NIGHTDESK_MOST_RUNNING: "1" };
  const { poolId, jobs } = await stage(settings, [endless, "true", "true", "true"]);
  const [blocking, ...waiting] = jobs;
  // Not in the order in which the jobs were made.
  const queued = [waiting[1], waiting[2], waiting[0]].map((job) => job ?? { jobId: "", path: "" });
  await server.ok("POST", `${blocking?.path ?? ""}/execute`, {});
  await readingSessions(source);
  for (const { path } of queued) await server.ok("POST", `${path}/execute`, {});
  for (const { jobId } of queued) expect(await statusOf(server, poolId, jobId)).toBe("QUEUED");
  await server.end("SIGKILL");
  await start(settings);
  expect(await waitForStatus(server, poolId, blocking?.jobId ?? "", "FAIL", "CANCEL")).toBe("FAIL");
  const startedAt: number[] = [];
  for (const { jobId } of queued) {
    expect(await waitForStatus(server, poolId, jobId, "SUCCESS", "FAIL", "CANCEL")).toBe("SUCCESS");
    const { executionItems } = await server.ok(
      "GET",
      `/integration/api/pools/${poolId}/logs/${jobId}/executions`,
    );
    expect(executionItems).toHaveLength(1);
    const receipt = await server.ok(
      "GET",
      `/desk/v1/executions/${executionItems[0].executionId as string}/receipt`,
    );
    startedAt.push(receipt.startedAt as number);
  }
  expect(startedAt.every((at) => at > 0)).toBe(true);
  expect(startedAt).toEqual(startedAt.toSorted((a, b) => a - b));
  expect(new Set(startedAt).size).toBe(3);
});
