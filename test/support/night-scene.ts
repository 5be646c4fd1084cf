/** A server, a source behind a faulty wire, and jobs that load it: the stage of every fault. */
import { expect } from "vitest";
import { systemClock, type Clock } from "../../src/base/clock.ts";
import { contentAtSource, contentInPool, type Content } from "./contents.ts";
import { openWire, type FaultyWire } from "./faulty-wire.ts";
import { expectInvariants, type WatchedJob } from "./invariants.ts";
import {
  connectionTo,
  executionsOf,
  makeExtractionJob,
  startTestServer,
  statusOf,
  until,
  waitForStatus,
  type TestServer,
} from "./nightdesk.ts";
import { createDatabase, type TestDatabase } from "./postgres.ts";
import { makeTables } from "./source-tables.ts";
import { startServerProcess, type ServerProcess } from "./server-process.ts";

/** The server as a scene sees it, in this process or in its own. */
export interface SceneServer extends Pick<TestServer, "call" | "ok" | "home" | "stop" | "url"> {
  reports: string[];
}

export interface Scene {
  source: TestDatabase;
  wire: FaultyWire;
  /** Replaced by a test that starts it again. */
  server: SceneServer;
  poolId: string;
  /** Through the wire: as fast as it goes, and `throttledRows` a second. */
  connections: { fast: string; throttled: string };
  throttledRows: number;
  /** All jobs made so far. */
  jobs: SceneJob[];
  end(): Promise<void>;
}

export interface SceneJob extends WatchedJob {
  name: string;
  through: "fast" | "throttled";
  extractionId: string;
}

export async function openScene(
  name: string,
  {
    settings = {},
    rows,
    // A run takes a minute, so that what is to happen in it does, also on a busy machine.
    throttledRows = 500,
    clock = systemClock,
    start = () => startTestServer({ settings, clock }),
  }: {
    settings?: Record<string, string>;
    rows?: number;
    throttledRows?: number;
    clock?: Clock;
    start?: () => Promise<SceneServer>;
  } = {},
): Promise<Scene> {
  const source = await createDatabase(name);
  await makeTables(source, rows);
  const wire = await openWire(source);
  const server = await start();
  const { id: poolId } = await server.ok("POST", "/integration/api/pools", { name });
  const connect = async (label: string, maxRowsPerSecond: number): Promise<string> => {
    const configuration = { ...connectionTo(source), host: "localhost", port: wire.port, maxRowsPerSecond };
    const body = { name: label, poolId, configuration };
    return (await server.ok("POST", "/integration/api/datasource/POSTGRESQL", body)).id as string;
  };
  const connections = {
    fast: await connect("fast", 0),
    throttled: await connect("throttled", throttledRows),
  };
  const scene: Scene = {
    source,
    wire,
    server,
    poolId,
    connections,
    throttledRows,
    jobs: [],
    end: async () => {
      wire.heal();
      await scene.server.stop();
      await wire.close();
      await source.end();
    },
  };
  return scene;
}

/** A server in a process of its own, on a home that outlives it. */
export async function serverProcess(
  home: string,
  adminKey: string,
  settings: Record<string, string> = {},
): Promise<SceneServer & ServerProcess> {
  const server = await startServerProcess(home, adminKey, settings);
  return { ...server, home, reports: [], stop: async () => void (await server.end("SIGTERM")) };
}

/**
 * A job that has loaded its tables once, at the first version of the source; the source then has a newer one. Its
 * tables may hold either, whole.
 */
export async function loadedJob(
  scene: Scene,
  name: string,
  { through = "throttled", filter }: { through?: "fast" | "throttled"; filter?: string } = {},
): Promise<SceneJob> {
  const { server, source, poolId, connections } = scene;
  const dataSourceId = connections[through];
  const tables = ["BKPF", "BSEG"].map((tableName) => ({ tableName }));
  const path = `/integration/api/datasource/POSTGRESQL/${dataSourceId}`;
  const limit = async (maxRowsPerSecond: number): Promise<void> => {
    const whole = await server.ok("GET", path);
    await server.ok("PUT", path, {
      ...whole,
      configuration: { ...whole.configuration, maxRowsPerSecond },
    });
  };
  await limit(0);
  const {
    jobId,
    extractionId,
    path: jobPath,
  } = await makeExtractionJob(server, { poolId, dataSourceId }, name, tables);
  await server.ok("POST", `${jobPath}/execute`, { mode: "FULL" });
  expect(await waitForStatus(server, poolId, jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
  const old = await contents((table) => contentInPool(server, jobPath, table));
  await source.sql('update "BSEG" set version = version + 1; update "BKPF" set version = version + 1');
  const fresh = await contents((table) => contentAtSource(source, table));
  if (through === "throttled") await limit(scene.throttledRows);
  if (filter !== undefined) await setFilter(server, jobPath, extractionId, filter);
  const job: SceneJob = {
    name,
    through,
    jobId,
    extractionId,
    path: jobPath,
    tables: {
      BKPF: [old["BKPF"] ?? "", fresh["BKPF"] ?? ""],
      BSEG: [old["BSEG"] ?? "", fresh["BSEG"] ?? ""],
    },
  };
  for (const other of scene.jobs) {
    // What the next run of another job loads is newer too; and jobs of one connection share its tables.
    for (const [table, allowed] of Object.entries(other.tables)) {
      const more = other.through === through ? job.tables[table] : [fresh[table] ?? ""];
      allowed.push(...(more ?? []));
    }
  }
  scene.jobs.push(job);
  return job;
}

async function contents(of: (table: string) => Promise<Content>): Promise<Record<string, Content>> {
  return { BKPF: await of("BKPF"), BSEG: await of("BSEG") };
}

/** The filter of BSEG, as a data engineer sets it. */
async function setFilter(
  server: Pick<TestServer, "ok">,
  jobPath: string,
  extractionId: string,
  filterDefinition: string,
): Promise<void> {
  const base = `${jobPath}/extractions/${extractionId}/tables/`;
  const tables = (await server.ok("GET", base)) as { tableName: string }[];
  const bseg = tables.find(({ tableName }) => tableName === "BSEG");
  await server.ok("PUT", base, [{ ...bseg, filterDefinition }]);
}

/** Starts the job; resolves with the execution's id. */
export async function execute({ server, poolId }: Scene, { path, jobId }: SceneJob): Promise<string> {
  await server.ok("POST", `${path}/execute`, { mode: "FULL" });
  const { jobs } = await server.ok("GET", `/desk/v1/pools/${poolId}/status`);
  return jobs.find((entry: { id: string }) => entry.id === jobId).executionId as string;
}

/** Starts it and waits until rows arrive. */
export async function executeToRows(scene: Scene, job: SceneJob): Promise<string> {
  const executionId = await execute(scene, job);
  const { server, poolId } = scene;
  await until(async () => {
    const { jobs } = await server.ok("GET", `/desk/v1/pools/${poolId}/status`);
    const row = jobs.find((entry: { id: string }) => entry.id === job.jobId);
    if (row.status !== "RUNNING" && row.status !== "QUEUED") throw new Error(`it is ${String(row.status)}`);
    return row.rows > 100 ? row : null;
  });
  return executionId;
}

/** Waits for the end; the newest execution's status with its last log line. */
export async function endOf(scene: Scene, job: SceneJob): Promise<{ status: string; says: string }> {
  const { server, poolId } = scene;
  await waitForStatus(server, poolId, job.jobId, "SUCCESS", "FAIL", "CANCEL");
  const [newest] = await executionsOf(server, poolId, job.jobId);
  const { executionId = "", status = "" } = newest ?? {};
  return { status, says: await lastLine(scene, job, executionId) };
}

/** All invariants, see there. */
export async function checkScene({ server, source, poolId, jobs }: Scene): Promise<void> {
  await expectInvariants({ server, home: server.home, source, poolId, jobs });
}

/** The newest log line of an execution. */
export async function lastLine(
  { server, poolId }: Pick<Scene, "server" | "poolId">,
  { jobId }: SceneJob,
  executionId: string,
): Promise<string> {
  const { logMessages } = await server.ok(
    "GET",
    `/integration/api/pools/${poolId}/logs/executions/detail?executionId=${executionId}&id=${jobId}&type=JOB&limit=5&page=0`,
  );
  return logMessages[0].logMessage as string;
}

/** The desk's stop: its outcome, and the proof. */
export async function stop(
  { server, poolId }: Scene,
  { jobId }: SceneJob,
  { wait = 20, execution }: { wait?: number; execution?: string } = {},
): Promise<{ outcome: string; executionId: string | null; proof: { level: string; note: string } | null }> {
  const which = execution === undefined ? "" : `&execution=${execution}`;
  return await server.ok("POST", `/desk/v1/pools/${poolId}/jobs/${jobId}/stop?wait=${String(wait)}${which}`, {
    reason: "midnight",
  });
}

/** What the desk says of the end of a job that runs, as soon as `fits` it. */
export async function stoppingOf(
  { server, poolId }: Pick<Scene, "server" | "poolId">,
  { jobId }: Pick<SceneJob, "jobId">,
  fits: (stopping: Stopping) => boolean,
): Promise<Stopping> {
  return until(async () => {
    const { jobs } = await server.ok("GET", `/desk/v1/pools/${poolId}/status`);
    const { status, stopping } = jobs.find(({ id }: { id: string }) => id === jobId);
    if (status !== "RUNNING" && status !== "QUEUED") throw new Error(`it is ${String(status)}`);
    return stopping !== null && fits(stopping) ? stopping : null;
  });
}

interface Stopping {
  level: string;
  why: string;
  callers: number;
}

/** A session of the execution at the source, as soon as `fits` it. */
export async function sessionOf(
  { source }: Pick<Scene, "source">,
  executionId: string,
  fits: (session: { pid: number; state: string; waits: string }) => boolean = () => true,
): Promise<number> {
  return until(async () => {
    // Inside a transaction the server would show the first answer again.
    await source.sql("select pg_stat_clear_snapshot()");
    const rows = await source.sql<{ pid: number; state: string; waits: string }>(
      "select pid, coalesce(state, '') as state, coalesce(wait_event, '') as waits from pg_stat_activity where application_name = $1",
      [`nd:${executionId}`],
    );
    return rows.find(fits)?.pid ?? null;
  });
}

export const statusNow = ({ server, poolId }: Scene, { jobId }: SceneJob): Promise<string | null> =>
  statusOf(server, poolId, jobId);
