/** What hangs is ended by its limits, as FAIL with the reason and with proof; what works is left alone. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { newKeyText } from "../src/engine/key-text.ts";
import { contentInPool } from "./support/contents.ts";
import { freezeWaiting } from "./support/held-sessions.ts";
import {
  checkScene,
  endOf,
  execute,
  executeToRows,
  loadedJob,
  openScene,
  sessionOf,
  statusNow,
  stop,
  type Scene,
  stoppingOf,
} from "./support/night-scene.ts";
import { makeTransformation, waitForStatus, type TestServer, startTestServer } from "./support/nightdesk.ts";

/** Seconds without progress. */
const limit = 3;
let scene: Scene;

beforeAll(async () => {
  scene = await openScene("faults_watchdog", {
    settings: { NIGHTDESK_NO_PROGRESS_SECONDS: String(limit) },
    // What is in the sockets when the source falls silent is read first, and is progress.
    throttledRows: 2000,
  });
});
afterAll(() => scene?.end());
afterEach(async () => {
  scene.wire.heal();
  await checkScene(scene);
  expect(scene.server.reports).toEqual([]);
});

const withoutProgress = `stopped after ${String(limit)} s without progress (source idle`;

test("F3 a table that somebody locks: FAIL without progress, and the waiting session is gone", async () => {
  const job = await loadedJob(scene, "locked out");
  await scene.source.sql("begin");
  try {
    await scene.source.sql('lock table "BSEG" in access exclusive mode');
    const executionId = await execute(scene, job);
    await sessionOf(scene, executionId, ({ waits }) => waits === "relation");
    await waitForStatus(scene.server, scene.poolId, job.jobId, "SUCCESS", "FAIL", "CANCEL");
  } finally {
    await scene.source.sql("rollback");
  }
  const { status, says } = await endOf(scene, job);
  expect([status, says]).toEqual(["FAIL", expect.stringContaining(withoutProgress)]);
});

test("F3 a backend that is frozen: stopped without progress, RUNNING while it is there, FAIL when it is gone", async () => {
  const job = await loadedJob(scene, "frozen");
  const executionId = await executeToRows(scene, job);
  const pid = await freezeWaiting(scene.source, executionId, "ClientWrite");
  try {
    await stoppingOf(scene, job, ({ level }) => level === "worker gone");
    expect(await statusNow(scene, job)).toBe("RUNNING");
  } finally {
    process.kill(pid, "SIGCONT");
  }
  const { status, says } = await endOf(scene, job);
  expect([status, says]).toEqual(["FAIL", expect.stringContaining(withoutProgress)]);
});

test("F3 silence on the reading connection alone: FAIL without progress, with proof", async () => {
  const job = await loadedJob(scene, "silence");
  await executeToRows(scene, job);
  scene.wire.turn("blackhole", "first");
  const { status, says } = await endOf(scene, job);
  expect([status, says]).toEqual(["FAIL", expect.stringContaining(withoutProgress)]);
});

test("F3 silence on both connections: RUNNING as long as nobody can look, then FAIL without progress", async () => {
  const job = await loadedJob(scene, "silence on both");
  await executeToRows(scene, job);
  scene.wire.turn("blackhole");
  await stoppingOf(scene, job, () => true);
  expect(await statusNow(scene, job)).toBe("RUNNING");
  scene.wire.heal();
  const { status, says } = await endOf(scene, job);
  expect([status, says]).toEqual(["FAIL", expect.stringContaining(withoutProgress)]);
});

test("a query that computes at the source for longer than the limit is not ended", async () => {
  const seconds = limit * 2;
  const job = await loadedJob(scene, "computing", { filter: `belnr = 1 and computing(${String(seconds)})` });
  // The filter leaves one row.
  for (const one of scene.jobs) one.tables = {};
  const began = performance.now();
  await execute(scene, job);
  expect((await endOf(scene, job)).status).toBe("SUCCESS");
  expect(performance.now() - began).toBeGreaterThan(seconds * 1000);
});

test("a transformation that takes longer than the limit is not ended", async () => {
  const { server, poolId, connections } = scene;
  const base = `/integration/api/pools/${poolId}/jobs`;
  const body = { name: "transforming", dataPoolId: poolId, dataSourceId: connections.fast };
  const { id: jobId } = await server.ok("POST", base, body);
  // More than the limit, however fast the machine is: as many statements as that takes.
  const statement =
    "create or replace table work as select sum(hash(a.range + b.range)) s from range(5000) a, range(5000) b";
  const once = await timed(async () => {
    await makeTransformation(server, `${base}/${jobId}`, "once", statement);
    await server.ok("POST", `${base}/${jobId}/execute`, {});
    expect(await waitForStatus(server, poolId, jobId, "SUCCESS", "FAIL", "CANCEL")).toBe("SUCCESS");
  });
  const often = Array(Math.ceil((limit * 1200) / once))
    .fill(statement)
    .join(";");
  // A machine that was busy then may be quicker now; as long as it was over before the limit, nothing was shown.
  for (let all = 0; all <= limit * 1000;) {
    await makeTransformation(server, `${base}/${jobId}`, "often", often);
    all = await timed(async () => {
      await server.ok("POST", `${base}/${jobId}/execute`, {});
      expect(await waitForStatus(server, poolId, jobId, "SUCCESS", "FAIL", "CANCEL")).toBe("SUCCESS");
    });
  }
});

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

test("the execution limit ends a run that makes progress: FAIL with its reason", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-limit-"));
  const adminKey = newKeyText();
  const start = (settings: Record<string, string>): Promise<TestServer> =>
    startTestServer({
      home: join(folder, "home"),
      settings: { NIGHTDESK_ADMIN_KEY: adminKey, ...settings },
    });
  const limited = await openScene("faults_limit", { start: () => start({}) });
  try {
    // What is loaded before has no limit: how long that takes is the machine's affair.
    const job = await loadedJob(limited, "too long");
    const stubborn = await loadedJob(limited, "too long and stubborn", { filter: "stubborn()" });
    await limited.server.stop();
    limited.server = await start({ NIGHTDESK_EXECUTION_LIMIT_SECONDS: "6" });
    // The pool is open then: all of the time is for the rows.
    await contentInPool(limited.server, job.path, "BSEG");
    const executionId = await execute(limited, job);
    const { status, says } = await endOf(limited, job);
    expect([status, says]).toEqual([
      "FAIL",
      expect.stringContaining("stopped after its limit of 6 s (source idle"),
    ]);
    const { tables } = await limited.server.ok("GET", `/desk/v1/executions/${executionId}/receipt`);
    expect(tables.find(({ table }: { table: string }) => table === "BSEG").rows).toBeGreaterThan(100);
    await execute(limited, stubborn);
    expect((await endOf(limited, stubborn)).says).toContain("stopped after its limit of 6 s (source idle");
  } finally {
    await limited.end();
    await rm(folder, { recursive: true, force: true });
  }
});

test("a stop by a person that comes while a limit is about to fire is one end, by whoever was first", async () => {
  const job = await loadedJob(scene, "who was first", { filter: "pg_sleep(600) is not null" });
  const executionId = await execute(scene, job);
  await sessionOf(scene, executionId, ({ waits }) => waits === "PgSleep");
  await new Promise((resolve) => setTimeout(resolve, limit * 1000));
  await stop(scene, job, { wait: 50 });
  expect(["CANCEL", "FAIL"]).toContain((await endOf(scene, job)).status);
});
