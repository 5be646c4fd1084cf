/** The process of a pool is frozen (its event loop blocked): stops and ends do not depend on it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { newKeyText } from "../src/engine/key-text.ts";
import { killAfterMs } from "../src/engine/prove.ts";
import { freezeWaiting } from "./support/held-sessions.ts";
import {
  makeExtractionJob,
  makePool,
  queryPool,
  startTestServer,
  statusOf,
  taggedSessions,
  until,
  waitForStatus,
  type TestServer,
  readingSessions,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { poolPids } from "./support/processes.ts";
import { startServerProcess } from "./support/server-process.ts";
import { shortOpening } from "./support/short-opening.ts";
import { skippingClock } from "./support/skipping-clock.ts";

let source: TestDatabase;
/** The status is promised within a second, a cancel within ten: a tenth of what is asserted. */
const statusWithinMs = 10_000;
const cancelWithinMs = 100_000;

beforeAll(async () => {
  source = await createDatabase("frozen_pools");
  await source.sql(`create table "VBAK" as select g as vbeln from generate_series(1, 100) g; analyze`);
});
afterAll(async () => {
  expect(await taggedSessions(source)).toEqual([]);
  await source?.end();
});

type Server = Pick<TestServer, "ok" | "call">;

/** A run that waits at the source, and the one process of its pool. */
async function runningJob(server: Server, home: string) {
  const pool = await makePool(server, source);
  const table = { tableName: "VBAK", filterDefinition: "pg_sleep(600) is not null" };
  const job = await makeExtractionJob(server, pool, "endless", [table]);
  await server.ok("POST", `${job.path}/execute`, {});
  await readingSessions(source);
  const [pid = 0, ...others] = await poolPids(home);
  expect(others).toEqual([]);
  return { ...pool, ...job, pid, stop: `/desk/v1/pools/${pool.poolId}/jobs/${job.jobId}/stop` };
}

async function receiptOf(server: Server, poolId: string, jobId: string) {
  const { executionItems } = await server.ok(
    "GET",
    `/integration/api/pools/${poolId}/logs/${jobId}/executions`,
  );
  return server.ok("GET", `/desk/v1/executions/${executionItems[0].executionId as string}/receipt`);
}

async function home(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-frozen-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "home");
}

/** Freezes the next process of a pool that is not `known`, before it can have opened its file. */
async function freezeNext(at: string, known: number): Promise<number> {
  const pid = await until(async () => (await poolPids(at)).find((one) => one !== known) ?? null);
  process.kill(pid, "SIGSTOP");
  return pid;
}

test("its event loop is blocked for a while: the source is left at once, status answers, CANCEL when it comes back", async () => {
  const server = await startTestServer();
  onTestFinished(() => server.stop());
  const { poolId, jobId, pid, stop } = await runningJob(server, server.home);
  process.kill(pid, "SIGSTOP");
  const asked = performance.now();
  const first = await server.ok("POST", `${stop}?wait=1`, { reason: "midnight" });
  expect(first).toMatchObject({ outcome: "NOT PROVEN" });
  await until(async () => ((await taggedSessions(source)).length === 0 ? true : null));
  const read = performance.now();
  expect(await statusOf(server, poolId, jobId)).toBe("RUNNING");
  await server.ok("GET", `/desk/v1/pools/${poolId}/status`);
  expect(performance.now() - read).toBeLessThan(statusWithinMs);
  // The server's own look comes after ours.
  await until(async () => {
    const { jobs } = await server.ok("GET", `/desk/v1/pools/${poolId}/status`);
    return jobs[0].stopping.why.includes("the pool's process has not ended it yet") ? true : null;
  });
  process.kill(pid, "SIGCONT");
  expect((await server.ok("POST", `${stop}?wait=50`, { reason: "midnight" })).outcome).toMatch(
    /^(STOPPED|WAS NOT RUNNING)$/,
  );
  expect(performance.now() - asked).toBeLessThan(cancelWithinMs);
  expect(await statusOf(server, poolId, jobId)).toBe("CANCEL");
  const { steps } = await receiptOf(server, poolId, jobId);
  expect(steps.map(({ step }: { step: string }) => step)).not.toContain("killed the worker");
  expect(await poolPids(server.home)).toEqual([pid]);
});

test("it never comes back: a stop kills it, says so, and the pool goes on with a successor", async () => {
  const clock = skippingClock();
  const server = await startTestServer({ clock });
  onTestFinished(() => server.stop());
  const { poolId, jobId, path, pid, stop } = await runningJob(server, server.home);
  process.kill(pid, "SIGSTOP");
  expect((await server.ok("POST", `${stop}?wait=1`, { reason: "midnight" })).outcome).toBe("NOT PROVEN");
  clock.skip(killAfterMs);
  expect((await server.ok("POST", `${stop}?wait=50`, { reason: "midnight" })).outcome).toBe("STOPPED");
  expect(await statusOf(server, poolId, jobId)).toBe("CANCEL");
  const { steps } = await receiptOf(server, poolId, jobId);
  expect(steps.map(({ step }: { step: string }) => step)).toContain("killed the worker");
  expect(await queryPool(server, path, "select 42")).toEqual([[42]]);
  expect(await poolPids(server.home)).not.toContain(pid);
});

test("SIGTERM: cancel, then kill, each logged; all is proven, so 0, and the next server finds the end", async () => {
  const at = await home();
  const key = newKeyText();
  let server = await startServerProcess(at, key);
  onTestFinished(() => void server.end("SIGKILL"));
  const { poolId, jobId, pid } = await runningJob(server, at);
  process.kill(pid, "SIGSTOP");
  expect(await server.end("SIGTERM")).toBe(0);
  expect(server.output()).toMatch(
    /no new work[\s\S]*stopping 1 execution\(s\), reason shutdown[\s\S]*killed the process of the pool of 1 execution\(s\)/,
  );
  expect(server.output()).not.toContain("not proven");
  expect(await poolPids(at)).toEqual([]);
  server = await startServerProcess(at, key);
  expect(await statusOf(server, poolId, jobId)).toBe("FAIL");
  await server.end("SIGTERM");
});

test("a successor that freezes while it opens does not keep an end from being written", async () => {
  const server = await startTestServer();
  onTestFinished(() => server.stop());
  const { poolId, jobId, pid } = await runningJob(server, server.home);
  const opensSooner = shortOpening();
  process.kill(pid, "SIGKILL");
  const frozen = await freezeNext(server.home, pid);
  opensSooner.mockRestore();
  expect(await waitForStatus(server, poolId, jobId, "FAIL", "CANCEL", "SUCCESS")).toBe("FAIL");
  expect(await poolPids(server.home)).not.toContain(frozen);
}, 120_000);

test("a successor that freezes after it opened is given up: the end is written without its word", async () => {
  const real = AbortSignal.timeout.bind(AbortSignal);
  const spy = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => real(ms === 90_000 ? 1000 : ms));
  onTestFinished(() => {
    spy.mockRestore();
  });
  const server = await startTestServer();
  onTestFinished(() => server.stop());
  const { poolId, jobId, path, pid } = await runningJob(server, server.home);
  // As long as its backend is frozen the end is not proven, and nobody asks the successor for it.
  const backend = await freezeWaiting(source, null, "PgSleep");
  try {
    process.kill(pid, "SIGKILL");
    expect(await queryPool(server, path, "select 42")).toEqual([[42]]);
    for (const successor of await poolPids(server.home)) process.kill(successor, "SIGSTOP");
  } finally {
    process.kill(backend, "SIGCONT");
  }
  expect(await waitForStatus(server, poolId, jobId, "FAIL", "CANCEL", "SUCCESS")).toBe("FAIL");
  expect((await receiptOf(server, poolId, jobId)).tables).toMatchObject([{ effect: "unknown" }]);
});

test("SIGTERM while a successor is frozen in its opening: the server ends, with 20, and leaves nothing running", async () => {
  const at = await home();
  const key = newKeyText();
  const server = await startServerProcess(at, key);
  onTestFinished(() => void server.end("SIGKILL"));
  const { pid } = await runningJob(server, at);
  process.kill(pid, "SIGKILL");
  await freezeNext(at, pid);
  expect(await server.end("SIGTERM")).toBe(20);
  expect(server.output()).toContain("1 execution(s) not proven to have ended");
  expect(await poolPids(at)).toEqual([]);
  await until(async () => ((await taggedSessions(source)).length === 0 ? true : null));
});
