/** What a kill -9 leaves behind, and how the next server ends it. */
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newKeyText } from "../src/engine/key-text.ts";
import { freezeWaiting, makeGate } from "./support/held-sessions.ts";
import {
  connectionTo,
  makeExtractionJob,
  queryPool,
  statusOf,
  taggedSessions,
  until,
  waitForStatus,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { startServerProcess, type ServerProcess } from "./support/server-process.ts";

let source: TestDatabase;
let folder: string;
let home: string;
let server: ServerProcess;
/** Of every server there was, also of the one that refused to start. */
const outputs: (() => string)[] = [];
const adminKey = newKeyText();

beforeAll(async () => {
  source = await createDatabase("restart");
  await source.sql(`
    create table "BSEG" as select g as belnr, 'text ' || g as sgtxt from generate_series(1, 50000) g;
    analyze;
  `);
  folder = await mkdtemp(join(tmpdir(), "nightdesk-restart-"));
  home = join(folder, "home");
  server = await startServer();
});

afterAll(async () => {
  await server?.end("SIGTERM");
  expect(await taggedSessions(source)).toEqual([]);
  await rm(folder, { recursive: true, force: true });
  await source?.end();
});

async function startServer(): Promise<ServerProcess> {
  try {
    const started = await startServerProcess(home, adminKey);
    outputs.push(started.output);
    return started;
  } catch (error) {
    outputs.push(() => String(error));
    throw error;
  }
}

async function makeJobs() {
  const { id: poolId } = await server.ok("POST", "/integration/api/pools", { name: "restart" });
  const configuration = connectionTo(source);
  const { id: dataSourceId } = await server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "ECC",
    poolId,
    configuration,
  });
  const job = await makeExtractionJob(server, { poolId, dataSourceId }, "long", ["BSEG"]);
  await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  await waitForStatus(server, poolId, job.jobId, "SUCCESS");
  const path = `/integration/api/datasource/POSTGRESQL/${dataSourceId}`;
  const whole = await server.ok("GET", path);
  await server.ok("PUT", path, {
    ...whole,
    configuration: { ...whole.configuration, maxRowsPerSecond: 1000 },
  });
  return { poolId: poolId as string, dataSourceId: dataSourceId as string, ...job };
}

async function startAndWaitForRows(job: Awaited<ReturnType<typeof makeJobs>>): Promise<void> {
  await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  await until(async () => {
    const { jobs } = await server.ok("GET", `/desk/v1/pools/${job.poolId}/status`);
    return jobs[0].rows > 0 ? true : null;
  });
}

const checksum = (path: string): Promise<unknown[][]> =>
  queryPool(server, path, `select count(*), sum(hash(t)) from "BSEG" t`);

test("kill -9 in a run: the next server ends the leftovers and the execution is FAIL, the pool as it was", async () => {
  const job = await makeJobs();
  const before = await checksum(job.path);
  await startAndWaitForRows(job);
  await server.end("SIGKILL");
  server = await startServer();
  expect(await waitForStatus(server, job.poolId, job.jobId, "FAIL", "CANCEL", "SUCCESS")).toBe("FAIL");
  expect(await taggedSessions(source)).toEqual([]);
  const { executionItems } = await server.ok(
    "GET",
    `/integration/api/pools/${job.poolId}/logs/${job.jobId}/executions`,
  );
  const detail = await server.ok(
    "GET",
    `/integration/api/pools/${job.poolId}/logs/executions/detail?executionId=${executionItems[0].executionId}&id=${job.jobId}&type=JOB&limit=5&page=0`,
  );
  expect(detail.logMessages[0].logMessage).toContain("server stopped");
  expect(await checksum(job.path)).toEqual(before);
});

test("kill -9 while a stop is not proven: the wish survives and ends as CANCEL", async () => {
  const job = await makeJobs();
  await startAndWaitForRows(job);
  const pid = await freezeWaiting(source, null, "ClientWrite", "ClientRead");
  try {
    const asked = server.ok("POST", `/desk/v1/pools/${job.poolId}/jobs/${job.jobId}/stop?wait=1`, {
      reason: "midnight",
    });
    expect((await asked).outcome).toBe("NOT PROVEN");
    await server.end("SIGKILL");
    server = await startServer();
    expect(await statusOf(server, job.poolId, job.jobId)).toBe("RUNNING");
  } finally {
    process.kill(pid, "SIGCONT");
  }
  expect(await waitForStatus(server, job.poolId, job.jobId, "FAIL", "CANCEL", "SUCCESS")).toBe("CANCEL");
});

test("SIGTERM in a run stops it with proof and exits 0", async () => {
  const job = await makeJobs();
  await startAndWaitForRows(job);
  expect(await server.end("SIGTERM")).toBe(0);
  expect(await taggedSessions(source)).toEqual([]);
  server = await startServer();
  expect(await statusOf(server, job.poolId, job.jobId)).toBe("FAIL");
});

test("SIGTERM: no new work, a grace in which a run may end by itself, each step in the log", async () => {
  await server.end("SIGTERM");
  server = await startServerProcess(home, adminKey, { NIGHTDESK_STOP_GRACE_SECONDS: "50" });
  const job = await makeJobs();
  const other = await makeExtractionJob(server, job, "other", ["BSEG"]);
  // Under way when the signal comes, and over before the grace is.
  const gate = await makeGate(source);
  const held = await makeExtractionJob(server, job, "held", [
    { tableName: "BSEG", filterDefinition: `belnr = 1 and ${gate.filter}` },
  ]);
  await server.ok("POST", `${held.path}/execute`, { mode: "FULL" });
  await gate.reached();
  const ended = server.end("SIGTERM");
  await until(async () => (/they have 50 s/.test(server.output()) ? true : null));
  const refused = await server.call("POST", `${other.path}/execute`, { body: { mode: "FULL" } });
  expect([refused.status, refused.json.errorCode]).toEqual([409, "SERVER_SHUTTING_DOWN"]);
  expect(refused.text).toContain("the server is shutting down");
  await gate.open();
  expect(await ended).toBe(0);
  expect(server.output()).toMatch(
    /no new work[\s\S]*1 execution\(s\) run; they have 50 s to end by themselves/,
  );
  expect(server.output()).not.toContain("stopping 1 execution(s)");
  server = await startServerProcess(home, adminKey);
  expect(await statusOf(server, job.poolId, held.jobId)).toBe("SUCCESS");
  expect(await statusOf(server, job.poolId, other.jobId)).toBeNull();
});

test("SIGTERM: a run that outlasts its grace is stopped after it, the lines in this order", async () => {
  await server.end("SIGTERM");
  server = await startServerProcess(home, adminKey, { NIGHTDESK_STOP_GRACE_SECONDS: "1" });
  const job = await makeJobs();
  await startAndWaitForRows(job);
  expect(await server.end("SIGTERM")).toBe(0);
  expect(server.output()).toMatch(
    /no new work[\s\S]*1 execution\(s\) run; they have 1 s to end by themselves[\s\S]*stopping 1 execution\(s\), reason shutdown/,
  );
  expect(server.output()).not.toMatch(/killed the process|not proven/);
  expect(await taggedSessions(source)).toEqual([]);
  server = await startServerProcess(home, adminKey);
  expect(await statusOf(server, job.poolId, job.jobId)).toBe("FAIL");
});

test("SIGTERM while the end cannot be proven: cancel, kill, each logged, exit code 20, and the next server goes on", async () => {
  const job = await makeJobs();
  await startAndWaitForRows(job);
  const pid = await freezeWaiting(source, null, "ClientWrite", "ClientRead");
  try {
    expect(await server.end("SIGTERM")).toBe(20);
    expect(server.output()).toContain("stopping 1 execution(s), reason shutdown");
    expect(server.output()).toContain("1 execution(s) not proven to have ended");
    server = await startServerProcess(home, adminKey);
    expect(await statusOf(server, job.poolId, job.jobId)).toBe("RUNNING");
  } finally {
    process.kill(pid, "SIGCONT");
  }
  expect(await waitForStatus(server, job.poolId, job.jobId, "FAIL", "CANCEL", "SUCCESS")).toBe("FAIL");
});

test("a second server on the same home refuses and says who holds it; after a kill -9 the next one starts", async () => {
  await expect(startServer()).rejects.toThrow(String(server.child.pid));
  await server.end("SIGKILL");
  server = await startServer();
  expect((await server.call("GET", "/healthz", { key: null })).status).toBe(200);
});

test("no secret is in any file of the home, and in nothing the server printed", async () => {
  const files = await readdir(home, { recursive: true, withFileTypes: true });
  let looked = 0;
  for (const entry of files) {
    if (!entry.isFile()) continue;
    const content = await readFile(join(entry.parentPath, entry.name));
    looked += content.length;
    expect(content.includes(source.password), entry.name).toBe(false);
    expect(content.includes(adminKey), entry.name).toBe(false);
  }
  expect(looked).toBeGreaterThan(10_000);
  expect(outputs).toHaveLength(6);
  for (const output of outputs) {
    expect(output()).toMatch(/listens on|the server ended with/);
    expect(output()).not.toContain("CANARY-");
    expect(output()).not.toContain(adminKey);
  }
});
