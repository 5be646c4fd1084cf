/** A source whose server dies, shuts down or starts again: what cannot be read is unknown, until it can be. */
import type { AuditRecordTransport } from "../src/contract/index.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startPostgres, type PostgresServer } from "../src/demo/postgres-server.ts";
import { openWire, type FaultyWire } from "./support/faulty-wire.ts";
import {
  checkScene,
  execute,
  lastLine,
  statusNow,
  stop,
  type Scene,
  type SceneJob,
  stoppingOf,
} from "./support/night-scene.ts";
import {
  connectionTo,
  makeExtractionJob,
  startTestServer,
  until,
  waitForStatus,
} from "./support/nightdesk.ts";
import type { TestDatabase } from "./support/postgres.ts";
import { makeTables } from "./support/source-tables.ts";

let home: string;
let cluster: PostgresServer;
let scene: Scene;
/** Backends of a killed postmaster: nobody else would end them. */
let orphans: number[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "nightdesk-postmaster-"));
  orphans = [];
  cluster = await start();
  const source = sourceOn(cluster);
  await makeTables(source);
  const server = await startTestServer();
  const { id: poolId } = await server.ok("POST", "/integration/api/pools", { name: "postmaster" });
  const { id } = await server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "own",
    poolId,
    configuration: connectionTo(source),
  });
  const wire = {} as FaultyWire;
  scene = {
    source,
    wire,
    server,
    poolId,
    connections: { fast: id, throttled: id },
    throttledRows: 0,
    jobs: [],
    end: () => server.stop(),
  };
});
afterEach(async () => {
  // What the last line of a test leaves is a source that can be read.
  if (scene !== undefined) await checkScene(scene);
  for (const pid of orphans) kill(pid, "SIGKILL");
  await scene?.end();
  await cluster?.stop();
  await rm(cluster.folder, { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
});

const start = (at = home): Promise<PostgresServer> =>
  startPostgres({
    home: at,
    searchPath: process.env["PATH"],
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off", shared_buffers: "16MB" },
    signal: AbortSignal.timeout(60_000),
  });

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/** A database as the tests know it, by one connection a statement: the server may be gone at the next. */
function sourceOn({ host, port, user, password, database }: PostgresServer): TestDatabase {
  const access = { host, port, user, password, database };
  return {
    ...access,
    superuser: { user, password },
    sql: async (text, params) => {
      const client = new pg.Client({ ...access, application_name: "nightdesk-test" });
      client.on("error", () => {});
      await client.connect();
      try {
        return (await client.query(text, params)).rows;
      } finally {
        await client.end();
      }
    },
    end: () => Promise.resolve(),
  };
}

/** A run whose query burns at the source: it sends nothing, and asks for nothing, for a long time. */
async function burning(name: string): Promise<{ job: SceneJob; executionId: string; backend: number }> {
  const { server, poolId, connections, source } = scene;
  const filterDefinition = "belnr = 1 and computing(600)";
  const made = await makeExtractionJob(server, { poolId, dataSourceId: connections.fast }, name, [
    { tableName: "BSEG", filterDefinition },
  ]);
  const job: SceneJob = { ...made, name, through: "fast", tables: {} };
  scene.jobs.push(job);
  const executionId = await execute(scene, job);
  const backend = await until(async () => {
    const rows = await source.sql<{ pid: number }>(
      "select pid from pg_stat_activity where application_name = $1 and query like 'COPY%' and state = 'active'",
      [`nd:${executionId}`],
    );
    return rows[0]?.pid ?? null;
  });
  orphans.push(backend);
  return { job, executionId, backend };
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
/** The server's own connection to the source is there: it opens while a run reads. */
async function looking(): Promise<void> {
  await until(async () => {
    const open = await scene.source.sql(
      "select from pg_stat_activity where application_name = 'nightdesk-control'",
    );
    return open.length > 0 ? true : null;
  });
}

/** Nobody new is let in. */
async function shuttingDown(): Promise<void> {
  await until(async () =>
    scene.source.sql("select 1").then(
      () => null,
      () => true,
    ),
  );
}

/** Stopped, and asked again once the desk has seen what keeps it from a proof. */
async function stopInVain(job: SceneJob, fits: Parameters<typeof stoppingOf>[2]): ReturnType<typeof stop> {
  expect((await stop(scene, job, { wait: 0 })).outcome).toBe("NOT PROVEN");
  await stoppingOf(scene, job, fits);
  return await stop(scene, job, { wait: 1 });
}

const settle = (executionId: string): ReturnType<Scene["server"]["call"]> =>
  scene.server.call("POST", `/desk/v1/executions/${executionId}/settle`, {
    body: { because: "the host is down for good" },
  });

test("the postmaster is killed and the query burns on: RUNNING and not proven, until a person declares it; the record never reads as proof", async () => {
  const { job, executionId, backend } = await burning("orphan");
  // So that the backend does not see that its client has gone.
  process.kill(backend, "SIGSTOP");
  expect((await settle(executionId)).status).toBe(409);
  process.kill(cluster.pid, "SIGKILL");
  await cluster.ended;
  expect(alive(backend)).toBe(true);
  const answer = await stopInVain(
    job,
    ({ level, why }) => level === "worker gone" && why.includes("cannot be read"),
  );
  expect(answer).toMatchObject({ outcome: "NOT PROVEN", proof: { level: "worker gone" } });
  expect(answer.proof?.note).toMatch(/cannot be read/);
  expect(await statusNow(scene, job)).toBe("RUNNING");

  const settled = await settle(executionId);
  expect(settled.status).toBe(200);
  expect(settled.json).toMatchObject({ status: "CANCEL", proof: { level: "declared" } });
  const { jobs } = await scene.server.ok("GET", `/desk/v1/pools/${scene.poolId}/status`);
  const row = jobs.find(({ id }: { id: string }) => id === job.jobId);
  expect(row.declared).toMatchObject({ because: "the host is down for good", seen: "unknown" });
  expect(await lastLine(scene, job, executionId)).toContain("declared");

  // A new server where the old one was is younger than the session; the case is closed by what it says.
  process.kill(backend, "SIGKILL");
  cluster = await start();
  const seen = await until(async () => {
    const receipt = await scene.server.ok("GET", `/desk/v1/executions/${executionId}/receipt`);
    return receipt.settlement.seen === "idle" ? receipt : null;
  });
  expect(seen.proof.level).toBe("declared");
  // Both came after the answers to the stop and to the settle.
  const { records } = await scene.server.ok("GET", "/desk/v1/audit?limit=1000");
  const ends = (records as AuditRecordTransport[]).filter(
    ({ deed, executions }) => deed === "end" && executions.includes(executionId),
  );
  expect(ends).toMatchObject([
    { channel: "server", action: "end of a stopped execution", outcome: "CANCEL, declared" },
    { channel: "server", action: "look at what was declared over", outcome: "source idle" },
  ]);
});

test("the postmaster is killed and a new server starts: the younger server is the proof, nobody has to declare", async () => {
  const { job, executionId, backend } = await burning("younger");
  process.kill(cluster.pid, "SIGKILL");
  await cluster.ended;
  expect((await stop(scene, job, { wait: 1 })).outcome).toBe("NOT PROVEN");
  kill(backend, "SIGKILL");
  cluster = await start();
  expect(await waitForStatus(scene.server, scene.poolId, job.jobId, "SUCCESS", "FAIL", "CANCEL")).toBe(
    "CANCEL",
  );
  const receipt = await scene.server.ok("GET", `/desk/v1/executions/${executionId}/receipt`);
  expect(receipt.proof.level).toBe("source idle");
  expect(receipt.steps.map(({ step }: { step: string }) => step)).toContain("source unknown");
});

test("a smart shutdown refuses our look while the query runs: unknown until the server is back", async () => {
  const { job, backend } = await burning("smart");
  process.kill(backend, "SIGSTOP");
  await looking();
  const inside = new pg.Client({ ...cluster, application_name: "nightdesk-test" });
  await inside.connect();
  process.kill(cluster.pid, "SIGTERM");
  await shuttingDown();
  // A second connection that is open already would go on reading; this one has to come anew, and is refused.
  await inside.query(
    "select pg_terminate_backend(pid, 60000) from pg_stat_activity where application_name = 'nightdesk-control'",
  );
  await inside.end();
  const answer = await stopInVain(job, ({ why }) => why.includes("cannot be read"));
  expect(answer.outcome).toBe("NOT PROVEN");
  expect(answer.proof?.note).toMatch(/shutting down|cannot be read/);
  expect(alive(backend)).toBe(true);
  expect(await statusNow(scene, job)).toBe("RUNNING");
  process.kill(backend, "SIGCONT");
  // The one cancel that reached it may have been lost, and nobody is let in to send another.
  kill(backend, "SIGTERM");
  await cluster.ended;
  expect(await statusNow(scene, job)).toBe("RUNNING");
  cluster = await start();
  expect(await waitForStatus(scene.server, scene.poolId, job.jobId, "SUCCESS", "FAIL", "CANCEL")).toBe(
    "CANCEL",
  );
});

test("a smart shutdown while our look is open already: it reads on, and nobody may declare what it sees", async () => {
  const { job, executionId, backend } = await burning("smart and open");
  process.kill(backend, "SIGSTOP");
  await looking();
  process.kill(cluster.pid, "SIGTERM");
  await shuttingDown();
  const answer = await stopInVain(job, ({ why }) => why.includes(String(backend)));
  expect(answer.outcome).toBe("NOT PROVEN");
  expect(answer.proof?.note).toContain(String(backend));
  const refused = await settle(executionId);
  expect([refused.status, refused.text]).toEqual([
    409,
    expect.stringContaining(`session ${String(backend)} of it is still there`),
  ]);
  process.kill(backend, "SIGCONT");
  kill(backend, "SIGTERM");
  expect(await waitForStatus(scene.server, scene.poolId, job.jobId, "SUCCESS", "FAIL", "CANCEL")).toBe(
    "CANCEL",
  );
  await cluster.ended;
  cluster = await start();
});

test("the name leads to another server: its empty list says nothing of the one where the query burns", async () => {
  const otherHome = join(home, "other");
  const other = await start(otherHome);
  const to = { host: cluster.host, port: cluster.port };
  const wire = await openWire(to);
  try {
    const { password } = cluster;
    await sourceOn(other).sql(`alter role postgres password '${password}'`);
    const { id } = await scene.server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
      name: "by name",
      poolId: scene.poolId,
      configuration: { ...connectionTo(scene.source), port: wire.port },
    });
    scene.connections.fast = id;
    const { job, backend } = await burning("by name");
    // The client is not noticed to be gone, as behind a switch of addresses.
    process.kill(backend, "SIGSTOP");
    to.port = other.port;
    wire.reset();
    const answer = await stopInVain(job, ({ why }) => why.includes("another one than"));
    expect(answer.outcome).toBe("NOT PROVEN");
    expect(answer.proof?.note).toContain("another one than its session was opened at");
    expect(await statusNow(scene, job)).toBe("RUNNING");
    to.port = cluster.port;
    process.kill(backend, "SIGCONT");
    expect(await waitForStatus(scene.server, scene.poolId, job.jobId, "SUCCESS", "FAIL", "CANCEL")).toBe(
      "CANCEL",
    );
  } finally {
    await wire.close();
    await other.stop();
    await rm(other.folder, { recursive: true, force: true });
  }
});

test("a source that dies in a run nobody stopped: RUNNING until it can be read, then FAIL", async () => {
  const { job, backend } = await burning("dies");
  process.kill(cluster.pid, "SIGKILL");
  await cluster.ended;
  kill(backend, "SIGKILL");
  await stoppingOf(scene, job, ({ level, why }) => level === "worker gone" && why.includes("cannot be read"));
  expect(await statusNow(scene, job)).toBe("RUNNING");
  cluster = await start();
  expect(await waitForStatus(scene.server, scene.poolId, job.jobId, "SUCCESS", "FAIL", "CANCEL")).toBe(
    "FAIL",
  );
});
