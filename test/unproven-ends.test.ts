/** Ends that cannot be proven at first: no status before the proof, and always a way to it. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newKeyText } from "../src/engine/key-text.ts";
import {
  makeExtractionJob,
  makePool,
  startTestServer,
  statusOf,
  readingSessions,
  taggedSessions,
  until,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { startServerProcess } from "./support/server-process.ts";
import { startProxy } from "./support/source-proxy.ts";

let source: TestDatabase;
beforeAll(async () => {
  source = await createDatabase("unproven");
  await source.sql(`create table "VBAK" as select g as vbeln from generate_series(1, 1000) g; analyze`);
});
afterAll(async () => {
  expect(await taggedSessions(source)).toEqual([]);
  await source?.end();
});

const sleeping = { tableName: "VBAK", filterDefinition: "pg_sleep(60) is not null" };

async function receiptOf(server: Pick<TestServer, "ok">, poolId: string, jobId: string) {
  const { executionItems } = await server.ok(
    "GET",
    `/integration/api/pools/${poolId}/logs/${jobId}/executions`,
  );
  return server.ok("GET", `/desk/v1/executions/${executionItems[0].executionId}/receipt`);
}

test("a login that goes dark in the middle may have left a session: unknown, until the source can be read", async () => {
  const server = await startTestServer();
  try {
    const proxy = await startProxy(source);
    const pool = await makePool(server, { ...source, host: "localhost", port: proxy.port });
    const job = await makeExtractionJob(server, pool, "dark", ["VBAK"]);
    const dark = proxy.darkAtStatement();
    await server.ok("POST", `${job.path}/execute`, {});
    // A session is listed before its client is let in, and a stop that comes then finds nothing dark.
    await dark;
    expect(await taggedSessions(source)).toHaveLength(1);
    const cancel = await server.call("POST", `${job.path}/cancel`);
    expect([cancel.status, cancel.headers.get("x-nightdesk-code")]).toEqual([202, "20"]);
    expect(cancel.text).toContain("cannot be read");
    expect(await statusOf(server, pool.poolId, job.jobId)).toBe("RUNNING");
    expect(await taggedSessions(source)).toHaveLength(1);
    proxy.heal();
    expect(await waitForStatus(server, pool.poolId, job.jobId, "CANCEL", "FAIL", "SUCCESS")).toBe("CANCEL");
    expect(await taggedSessions(source)).toEqual([]);
  } finally {
    await server.stop();
  }
});

test("a run that ended by itself is RUNNING until its idle session is gone, and the desk says why", async () => {
  const server = await startTestServer();
  try {
    const pool = await makePool(server, source);
    const path = `/integration/api/datasource/POSTGRESQL/${pool.dataSourceId}`;
    const whole = await server.ok("GET", path);
    await server.ok("PUT", path, {
      ...whole,
      configuration: { ...whole.configuration, maxRowsPerSecond: 300 },
    });
    const job = await makeExtractionJob(server, pool, "done", ["VBAK"]);
    await server.ok("POST", `${job.path}/execute`, {});
    // Everything is sent, our side is still paying for the rows: the backend is idle.
    const pid = await until(async () => {
      const [idle] = await source.sql<{ pid: number }>(
        "select pid from pg_stat_activity where application_name like 'nd:%' and state = 'idle' and query like 'COPY%' and datname = current_database()",
      );
      return idle?.pid ?? null;
    });
    process.kill(pid, "SIGSTOP");
    try {
      const stopping = await until(async () => {
        const { jobs } = await server.ok("GET", `/desk/v1/pools/${pool.poolId}/status`);
        return jobs[0].stopping;
      });
      expect(stopping).toMatchObject({ level: "worker gone", callers: 0 });
      expect(stopping.why).toContain(String(pid));
      expect(await statusOf(server, pool.poolId, job.jobId)).toBe("RUNNING");
      const tables = await server.ok("GET", `/integration/api/pools/${pool.poolId}/tables`);
      expect(tables.map((table: { name: string }) => table.name)).toContain("VBAK");
    } finally {
      process.kill(pid, "SIGCONT");
    }
    expect(await waitForStatus(server, pool.poolId, job.jobId, "CANCEL", "FAIL", "SUCCESS")).toBe("SUCCESS");
    expect(await receiptOf(server, pool.poolId, job.jobId)).toMatchObject({
      callers: [],
      tables: [{ effect: "loaded", rows: 1000 }],
    });
  } finally {
    await server.stop();
  }
});

test("a pool whose file cannot be opened fails the run, and keeps neither the job nor its place", async () => {
  const server = await startTestServer({ mostRunning: 1 });
  try {
    const pool = await makePool(server, source);
    const job = await makeExtractionJob(server, pool, "damaged", ["VBAK"]);
    const folder = join(server.home, "pools", pool.poolId);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "pool.duckdb"), "this is no database ".repeat(1000));
    await server.ok("POST", `${job.path}/execute`, {});
    expect(await waitForStatus(server, pool.poolId, job.jobId, "CANCEL", "FAIL", "SUCCESS")).toBe("FAIL");
    await rm(join(folder, "pool.duckdb"));
    await server.ok("POST", `${job.path}/execute`, {});
    expect(await waitForStatus(server, pool.poolId, job.jobId, "CANCEL", "FAIL", "SUCCESS")).toBe("SUCCESS");
  } finally {
    await server.stop();
  }
});

test("what a pool that nobody can open any more holds is unknown, and the receipt says so", async () => {
  const server = await startTestServer();
  try {
    const pool = await makePool(server, source);
    const job = await makeExtractionJob(server, pool, "lost", [sleeping]);
    await server.ok("POST", `${job.path}/execute`, {});
    await readingSessions(source);
    const folder = join(server.home, "pools", pool.poolId);
    const { pid } = JSON.parse(await readFile(join(folder, "owner.json"), "utf8"));
    // Not the process of the pool that comes after it may find the file whole.
    process.kill(pid, "SIGSTOP");
    await writeFile(join(folder, "pool.duckdb"), "this is no database ".repeat(1000));
    process.kill(pid, "SIGKILL");
    expect(await waitForStatus(server, pool.poolId, job.jobId, "CANCEL", "FAIL", "SUCCESS")).toBe("FAIL");
    expect(await receiptOf(server, pool.poolId, job.jobId)).toMatchObject({
      tables: [{ table: "VBAK", effect: "unknown" }],
    });
  } finally {
    await server.stop();
  }
}, 120_000);

test("after a kill -9 a frozen orphan is killed, what it left at the source is ended, and a stop asked for meanwhile is a CANCEL", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-orphan-"));
  const home = join(folder, "home");
  const key = newKeyText();
  let server = await startServerProcess(home, key);
  try {
    const pool = await makePool(server, source);
    const job = await makeExtractionJob(server, pool, "orphan", [sleeping]);
    await server.ok("POST", `${job.path}/execute`, {});
    await readingSessions(source);
    const owner = JSON.parse(await readFile(join(home, "pools", pool.poolId, "owner.json"), "utf8"));
    const { stdout } = await promisify(execFile)("ps", ["-o", "args=", "-p", String(owner.pid)]);
    expect(stdout).toContain("pool-process");
    process.kill(owner.pid, "SIGSTOP");
    await server.end("SIGKILL");
    server = await startServerProcess(home, key);
    // Not only when the pool is taken over: at once.
    await until(async () => ((await taggedSessions(source)).length === 0 ? true : null));
    const stop = server.ok("POST", `/desk/v1/pools/${pool.poolId}/jobs/${job.jobId}/stop?wait=40`, {
      reason: "late",
    });
    expect((await stop).outcome).toBe("STOPPED");
    expect(await statusOf(server, pool.poolId, job.jobId)).toBe("CANCEL");
    await until(async () => {
      const state = await readFile(`/proc/${String(owner.pid)}/stat`, "utf8").catch(() => null);
      return state === null || / Z /.test(state) ? true : null;
    });
    // Nothing half-written is left behind.
    const again = await makeExtractionJob(server, pool, "after", ["VBAK"]);
    await server.ok("POST", `${again.path}/execute`, {});
    expect(await waitForStatus(server, pool.poolId, again.jobId, "FAIL", "SUCCESS")).toBe("SUCCESS");
  } finally {
    await server.end("SIGTERM");
    await pause(0);
    expect((await readdir(home)).length).toBeGreaterThan(0);
    await rm(folder, { recursive: true, force: true });
  }
});
