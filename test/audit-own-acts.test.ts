/** What the server does without a call is in the audit log too: its stops, late ends, holds that end by their time. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { AuditPage, AuditRecordTransport, DeskReport } from "../src/contract/index.ts";
import { newKeyText } from "../src/engine/key-text.ts";
import { verifyHome } from "../src/verify-home.ts";
import { noRoom, withDatabase } from "./support/audit-home.ts";
import { runNightdesk } from "./support/cli-run.ts";
import { openWire } from "./support/faulty-wire.ts";
import { freezeWaiting } from "./support/held-sessions.ts";
import {
  connectionTo,
  makeExtractionJob,
  startTestServer,
  taggedSessions,
  until,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { startServerProcess } from "./support/server-process.ts";

const adminKey = newKeyText();
let source: TestDatabase;
let folder: string;
let home: string;
let server: TestServer;

beforeAll(async () => {
  source = await createDatabase("own_acts");
  // Wide enough that a thousand rows a second fill what lies between: its session waits for us.
  const rows = "select g as belnr, repeat('x', 1000) as sgtxt from generate_series(1, 60000) g";
  await source.sql(`create table "BSEG" as ${rows}; analyze;`);
});
afterAll(async () => {
  await source?.end();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-acts-"));
  home = join(folder, "home");
});
afterEach(async () => {
  await server.stop();
  expect(await taggedSessions(source)).toEqual([]);
  expect(verifyHome(home)).toMatchObject({ holds: true });
  await rm(folder, { recursive: true, force: true });
});

async function start(settings: Record<string, string> = {}, mostRunning = 4): Promise<void> {
  server = await startTestServer({
    home,
    mostRunning,
    settings: { NIGHTDESK_ADMIN_KEY: adminKey, ...settings },
  });
}

type Place = Partial<ReturnType<typeof connectionTo>>;

async function makeJob(on: Pick<TestServer, "ok">, name = "Finance", place: Place = {}) {
  const { id: poolId } = await on.ok("POST", "/integration/api/pools", { name: `pool of ${name}` });
  const { id: dataSourceId } = await on.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "ECC",
    poolId,
    configuration: { ...connectionTo(source), maxRowsPerSecond: 1000, ...place },
  });
  const job = await makeExtractionJob(on, { poolId, dataSourceId }, name, ["BSEG"]);
  return { poolId: poolId as string, dataSourceId: dataSourceId as string, ...job };
}

type TestJob = Awaited<ReturnType<typeof makeJob>>;

async function execute(on: Pick<TestServer, "ok">, job: TestJob): Promise<string> {
  const { executionId } = await on.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  return executionId as string;
}

/** Rows are on their way, and its session is held back in sending more. */
async function streaming(): Promise<void> {
  await until(async () => {
    const waiting = await source.sql(
      `select from pg_stat_activity where application_name like 'nd:%' and wait_event = 'ClientWrite'
         and datname = current_database()`,
    );
    return waiting.length === 0 ? null : true;
  });
}

async function records(where: Partial<AuditRecordTransport> = {}): Promise<AuditRecordTransport[]> {
  const page: AuditPage = await server.ok("GET", "/desk/v1/audit?limit=1000");
  return page.records.filter((one) =>
    Object.entries(where).every(([name, value]) => one[name as keyof AuditRecordTransport] === value),
  );
}

async function reportOf({ poolId }: { poolId: string }): Promise<DeskReport> {
  const range = `from=${String(Date.now() - 600_000)}&to=${String(Date.now() + 1)}`;
  return await server.ok("GET", `/desk/v1/pools/${poolId}/report?${range}`);
}

/** The two records of a stop of the server itself, which are one line of the report. */
async function ownStop(
  job: TestJob,
  executionId: string,
  action: string,
): Promise<Pick<AuditRecordTransport, "outcome" | "because">> {
  const own = await until(async () => {
    const found = await records({ channel: "server", action });
    return found.length >= 2 ? found : null;
  });
  const common = {
    key: null,
    channel: "server",
    deed: "stop",
    ids: { poolId: job.poolId, jobId: job.jobId },
    executions: [executionId],
    requestId: own[0]?.requestId,
    address: null,
    late: false,
  };
  expect(own).toMatchObject([
    { ...common, phase: "asked", outcome: null },
    { ...common, phase: "done" },
  ]);
  expect(own[0]?.requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(own[0]?.because).toBe(own[1]?.because);
  const { outcome = null, because = null } = own[1] ?? {};
  const { stops, ran } = await reportOf(job);
  const executions = [{ executionId, proof: { level: "source idle" } }];
  expect(stops).toMatchObject([
    { channel: "server", action, outcome, because, jobName: "Finance", executions },
  ]);
  expect(ran).toMatchObject([{ executionId, status: "FAIL" }]);
  return { outcome, because };
}

test("shutdown: its stop and the proof are in the log and once in the report, over HTTP and the command", async () => {
  await start();
  const job = await makeJob(server);
  const executionId = await execute(server, job);
  await streaming();
  await server.stop();
  await start();
  expect(await ownStop(job, executionId, "stop: shutdown")).toEqual({
    outcome: "FAIL, source idle",
    because: "stopped because the server shuts down",
  });
  const env = { NIGHTDESK_URL: server.url, NIGHTDESK_POOL: job.poolId, NIGHTDESK_KEY: adminKey };
  const from = new Date(Date.now() - 600_000).toISOString();
  const to = new Date(Date.now() + 1).toISOString();
  const { lines } = await runNightdesk(["report", "--from", from, "--to", to], { env });
  const stops = lines.filter((line) => line.startsWith("  stop "));
  expect(stops).toEqual([
    expect.stringMatching(
      /UTC the server itself, stop: shutdown, job "Finance", FAIL, source idle, because "stopped because the server shuts down", execution/,
    ),
  ]);
  expect(lines.at(-1)).toBe(
    "CODE 0 REASON 1 ran, 1 stops, 0 holds, 0 releases, 0 dry runs, 0 holds ended by time, 0 settles, 0 late ends, 0 denied, 0 refused, 0 open",
  );
});

test("limits of time and of progress, each with its reason", async () => {
  await start({ NIGHTDESK_EXECUTION_LIMIT_SECONDS: "2" });
  const long = await makeJob(server);
  expect(await ownStop(long, await execute(server, long), "stop: execution limit")).toEqual({
    outcome: "FAIL, source idle",
    because: "stopped after its limit of 2 s",
  });
  await server.stop();

  await start({ NIGHTDESK_NO_PROGRESS_SECONDS: "1" });
  const stuck = await makeJob(server, "Finance", { maxRowsPerSecond: 100_000 } as Place);
  await source.sql("begin");
  try {
    await source.sql('lock table "BSEG" in access exclusive mode');
    expect(await ownStop(stuck, await execute(server, stuck), "stop: no-progress limit")).toEqual({
      outcome: "FAIL, source idle",
      because: "stopped after 1 s without progress",
    });
  } finally {
    await source.sql("rollback");
  }
});

test("a connect that takes too long is given up by the server, which is recorded as its stop", async () => {
  await start();
  const wire = await openWire(source);
  try {
    wire.turn("blackhole", "first");
    const job = await makeJob(server, "Finance", { host: "127.0.0.1", port: wire.port });
    const executionId = await execute(server, job);
    const [record] = await until(async () => {
      const found = await records({ channel: "server" });
      return found.length === 0 ? null : found;
    });
    expect(record).toMatchObject({
      phase: "event",
      action: "stop: connect limit",
      deed: "stop",
      executions: [executionId],
      outcome: "FAIL, source idle",
      because: expect.stringMatching(/^connect to the source .*no answer within 10 s/),
    });
    expect((await reportOf(job)).stops).toHaveLength(1);
  } finally {
    await wire.close();
  }
});

test("kill -9: the next server's stop of what was left is recorded as of a restart", async () => {
  const first = await startServerProcess(home, adminKey);
  let job: TestJob;
  let executionId: string;
  try {
    job = await makeJob(first);
    executionId = await execute(first, job);
    await streaming();
  } finally {
    await first.end("SIGKILL");
    await start();
  }
  expect(await ownStop(job, executionId, "stop: restart")).toEqual({
    outcome: "FAIL, source idle",
    because: "server stopped",
  });
});

test("a stop that is proven after its answer: the end is recorded, and no second stop counted", async () => {
  await start();
  const job = await makeJob(server);
  const executionId = await execute(server, job);
  const pid = await freezeWaiting(source, null, "ClientWrite");
  try {
    const stop = await server.call("POST", `/desk/v1/pools/${job.poolId}/jobs/${job.jobId}/stop?wait=1`, {
      body: { reason: "24:00" },
    });
    expect(stop.json).toMatchObject({ outcome: "NOT PROVEN" });
    // Nothing of it is known yet.
    expect(await records({ deed: "end" })).toEqual([]);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await waitForStatus(server, job.poolId, job.jobId, "CANCEL");
  const [end, ...more] = await until(async () => {
    const ends = await records({ deed: "end" });
    return ends.length === 0 ? null : ends;
  });
  expect([end, more]).toMatchObject([
    {
      channel: "server",
      phase: "event",
      action: "end of a stopped execution",
      outcome: "CANCEL, source idle",
      because: 'stopped on request of key "admin": 24:00',
      executions: [executionId],
    },
    [],
  ]);
  const report = await reportOf(job);
  expect(report.stops).toMatchObject([{ outcome: "NOT PROVEN", executions: [{ executionId }] }]);
  expect(report.ends).toMatchObject([{ outcome: "CANCEL, source idle", executions: [{ executionId }] }]);

  // One that is proven in time leaves no such record.
  await execute(server, job);
  await streaming();
  const quick = await server.ok("POST", `/desk/v1/pools/${job.poolId}/jobs/${job.jobId}/stop?wait=50`);
  expect(quick).toMatchObject({ outcome: "STOPPED" });
  await server.stop();
  await start();
  expect(await records({ deed: "end" })).toHaveLength(1);
});

test("a server that ends without proof says so; the next one records the end under no new stop", async () => {
  await start();
  const job = await makeJob(server);
  const executionId = await execute(server, job);
  const pid = await freezeWaiting(source, null, "ClientWrite");
  try {
    await server.stop();
    await start();
    expect(await records({ channel: "server" })).toMatchObject([
      { phase: "asked", action: "stop: shutdown" },
      { phase: "done", action: "stop: shutdown", outcome: "NOT PROVEN, worker gone" },
    ]);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await waitForStatus(server, job.poolId, job.jobId, "FAIL");
  const [end] = await until(async () => {
    const ends = await records({ deed: "end" });
    return ends.length === 0 ? null : ends;
  });
  expect(end).toMatchObject({
    outcome: "FAIL, source idle",
    because: "stopped because the server shuts down",
    executions: [executionId],
  });
  expect((await reportOf(job)).stops).toHaveLength(1);
});

test("a stop of the server goes on when nothing can be recorded, says so, and is recorded late", async () => {
  await start({ NIGHTDESK_EXECUTION_LIMIT_SECONDS: "2" });
  const job = await makeJob(server);
  await execute(server, job);
  withDatabase(home, (database) => database.exec(noRoom));
  expect(await waitForStatus(server, job.poolId, job.jobId, "FAIL", "SUCCESS", "CANCEL")).toBe("FAIL");
  expect(await taggedSessions(source)).toEqual([]);
  const told = (): string[] =>
    server.reports.filter((line) => line.startsWith("audit: not written") && line.includes('"server"'));
  await until(async () => (told().length === 2 ? true : null));
  expect(told()[0]).toContain('"stop: execution limit"');
  expect(await records({ channel: "server" })).toEqual([]);
  withDatabase(home, (database) => database.exec("DROP TRIGGER no_room"));
  const late = await until(async () => {
    const found = await records({ channel: "server" });
    return found.length === 2 ? found : null;
  });
  expect(late).toMatchObject([
    { phase: "asked", late: true },
    { phase: "done", late: true, outcome: "FAIL, source idle" },
  ]);
});

test("a hold that ends by its time: once, with what it lets start; also one that ended while no server ran", async () => {
  await start({}, 1);
  const running = await makeJob(server, "running");
  await execute(server, running);
  await streaming();
  const waiting = await makeJob(server, "waiting");
  const executionId = await execute(server, waiting);
  const hold = async (until: number): Promise<void> => {
    const body = { scope: "job", id: waiting.jobId, reason: "patch night", until };
    await server.ok("POST", `/desk/v1/pools/${waiting.poolId}/holds`, body);
  };
  // Not over before it is asked for.
  const first = Date.now() + 1500;
  await hold(first);
  const ended = async (count: number): Promise<AuditRecordTransport[]> =>
    await until(async () => {
      const found = await records({ channel: "server", deed: "release" });
      return found.length === count ? found : null;
    });
  expect(await ended(1)).toMatchObject([
    {
      phase: "event",
      action: "end of a hold",
      ids: { poolId: waiting.poolId, jobId: waiting.jobId },
      executions: [executionId],
      outcome: `ENDED BY ITS TIME, ${new Date(first).toISOString()}`,
      because: "patch night",
    },
  ]);
  expect((await reportOf(waiting)).holds).toMatchObject([
    { outcome: "HELD" },
    { outcome: expect.stringContaining("ENDED BY ITS TIME"), channel: "server", jobName: "waiting" },
  ]);

  const second = Date.now() + 2500;
  await hold(second);
  await server.stop();
  await until(async () => (Date.now() > second ? true : null));
  for (let round = 0; round < 2; round += 1) {
    await start({}, 1);
    expect((await ended(2))[1]?.outcome).toBe(`ENDED BY ITS TIME, ${new Date(second).toISOString()}`);
    if (round === 0) await server.stop();
  }
  await server.ok("POST", `/desk/v1/pools/${waiting.poolId}/stop?wait=50`);
});
