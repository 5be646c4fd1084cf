import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../src/base/clock.ts";
import { poolEnvironment, readConfig } from "../../src/config.ts";
import { startNightdesk, type Nightdesk, type RelayLimits } from "../../src/nightdesk.ts";
import type { TestDatabase } from "./postgres.ts";
import { until } from "./until.ts";

export { until } from "./until.ts";

/** A real server on a free port, with a home of its own below the system's temporary folder. */
export interface TestServer {
  url: string;
  home: string;
  adminKey: string;
  reports: string[];
  /** What the server wanted kept elsewhere: heads of the audit log. */
  notices: string[];
  /** The body of every answer so far. */
  answers: string[];
  /** Calls as the admin unless `key` is given; null sends no Authorization at all. */
  call: (method: string, path: string, options?: CallOptions) => Promise<Answer>;
  /** As `call`, and throws for anything that is not 2xx. */
  ok: (method: string, path: string, body?: unknown) => Promise<any>; // eslint-disable-line
  stop: () => Promise<void>;
}

export interface CallOptions {
  body?: unknown;
  raw?: string;
  key?: string | null;
  scheme?: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** Parsed body; undefined if there is none or it is not JSON. */
  json: any; // eslint-disable-line
}

export async function startTestServer(
  options: {
    mostRunning?: number;
    home?: string;
    settings?: Record<string, string>;
    clock?: Clock;
    relay?: RelayLimits;
  } = {},
): Promise<TestServer> {
  const home = options.home ?? join(await mkdtemp(join(tmpdir(), "nightdesk-test-")), "home");
  const reports: string[] = [];
  const notices: string[] = [];
  const env = {
    ...process.env,
    NIGHTDESK_MOST_RUNNING: String(options.mostRunning ?? 4),
    NIGHTDESK_STOP_GRACE_SECONDS: "0",
    ...options.settings,
  };
  const server: Nightdesk = await startNightdesk(readConfig({ home, port: 0 }, env), {
    report: (line) => reports.push(line),
    log: (line) => notices.push(line),
    poolEnvironment: poolEnvironment(process.env),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.relay === undefined ? {} : { relay: options.relay }),
  });
  const adminKey = server.newAdminKey ?? options.settings?.["NIGHTDESK_ADMIN_KEY"] ?? "";
  const answers: string[] = [];
  const call: TestServer["call"] = async (...request) => {
    const answer = await caller(server.url, adminKey)(...request);
    answers.push(answer.text);
    return answer;
  };
  return {
    url: server.url,
    home,
    adminKey,
    reports,
    notices,
    answers,
    call,
    ok: checked(call),
    stop: async () => {
      await server.stop();
      if (options.home === undefined) await rm(join(home, ".."), { recursive: true, force: true });
    },
  };
}

export function caller(url: string, adminKey: string): TestServer["call"] {
  return async (method, path, { body, raw, key = adminKey, scheme = "AppKey" } = {}) => {
    const headers: Record<string, string> = {};
    if (key !== null) headers["authorization"] = `${scheme} ${key}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const init: RequestInit = { method, headers };
    const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    if (content !== undefined) init.body = content;
    const response = await fetch(url + path, init);
    const text = await response.text();
    let json: unknown;
    try {
      json = text === "" ? undefined : JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, headers: response.headers, text, json };
  };
}

export function checked(call: TestServer["call"]): TestServer["ok"] {
  return async (method, path, body) => {
    const answer = await call(method, path, { body });
    if (answer.status < 200 || answer.status > 299) {
      throw new Error(`${method} ${path} -> ${String(answer.status)} ${answer.text}`);
    }
    return answer.json;
  };
}

/** A pool with a connection to the test database. */
export async function makePool(server: Pick<TestServer, "ok">, source: TestDatabase, name = "SAP ECC") {
  const { id: poolId } = await server.ok("POST", "/integration/api/pools", { name });
  const { id: dataSourceId } = await server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "ECC",
    poolId,
    configuration: connectionTo(source),
  });
  return { poolId: poolId as string, dataSourceId: dataSourceId as string };
}

export function connectionTo(source: TestDatabase) {
  const { host, port, database, user, password } = source;
  return { host, port, database, user, password, ssl: { mode: "disable" } };
}

/** A job with one extraction of the given tables; entries are wire objects or table names. */
export async function makeExtractionJob(
  server: Pick<TestServer, "ok">,
  { poolId, dataSourceId }: { poolId: string; dataSourceId: string },
  name: string,
  tables: (string | Record<string, unknown>)[],
) {
  const base = `/integration/api/pools/${poolId}/jobs`;
  const { id: jobId } = await server.ok("POST", base, { name, dataPoolId: poolId, dataSourceId });
  const { id: extractionId } = await server.ok("POST", `${base}/${jobId}/tasks/`, {
    taskType: "EXTRACTION",
    name: `extract ${name}`,
    jobId,
  });
  await server.ok(
    "POST",
    `${base}/${jobId}/extractions/${extractionId}/tables/`,
    tables.map((table) => (typeof table === "string" ? { tableName: table, taskId: extractionId } : table)),
  );
  return { jobId: jobId as string, extractionId: extractionId as string, path: `${base}/${jobId as string}` };
}

export async function makeTransformation(
  server: Pick<TestServer, "ok" | "call">,
  jobPath: string,
  name: string,
  statement: string,
): Promise<string> {
  const { id } = await server.ok("POST", `${jobPath}/tasks/`, { taskType: "TRANSFORMATION", name });
  const put = await server.call("PUT", `${jobPath}/transformations/${id}/statement`, { raw: statement });
  if (put.status !== 200) throw new Error(put.text);
  return id as string;
}

/** The job's entry of logs/status. */
export async function statusOf(
  server: Pick<TestServer, "ok">,
  poolId: string,
  jobId: string,
): Promise<string | null> {
  const list = (await server.ok("GET", `/integration/api/pools/${poolId}/logs/status`)) as {
    id: string;
    status?: string | null;
  }[];
  const entry = list.find(({ id }) => id === jobId);
  if (entry === undefined) throw new Error(`job ${jobId} is not in logs/status`);
  return entry.status ?? null;
}

/** Asks until the answer is one of `wanted`. */
export async function waitForStatus(
  server: Pick<TestServer, "ok">,
  poolId: string,
  jobId: string,
  ...wanted: string[]
): Promise<string> {
  return until(async () => {
    const status = await statusOf(server, poolId, jobId);
    return status !== null && wanted.includes(status) ? status : null;
  });
}

/** Runs a statement in the pool as a person would: the workbench. */
export async function queryPool(
  server: Pick<TestServer, "ok">,
  jobPath: string,
  statement: string,
): Promise<unknown[][]> {
  const [task] = await server.ok("GET", `${jobPath}/tasks/`);
  const base = `${jobPath}/workbench/${task.id}`;
  const { id } = await server.ok("POST", `${base}/execute`, { statement });
  const over = await until(async () => {
    const state = await server.ok("GET", `${base}/${id}`);
    return state.status === "RUNNING" || state.status === "QUEUED" ? null : state;
  });
  if (over.status !== "SUCCESS") throw new Error(`${statement}: ${over.error}`);
  const results = await server.ok("GET", `${base}/${id}/results`);
  return results[results.length - 1].result.tableContent;
}

/** Sessions of executions at the source, seen over the test's own connection. */
export async function taggedSessions(source: TestDatabase): Promise<{ pid: number; state: string }[]> {
  return (await source.sql(
    "select pid, state from pg_stat_activity where application_name like 'nd:%' and datname = current_database()",
  )) as { pid: number; state: string }[];
}

/**
 * Resolves as soon as `count` sessions read a table. A session that is only there may still be at its first
 * statements, before its run has a table to tell of.
 */
export async function readingSessions(source: TestDatabase, count = 1): Promise<void> {
  await until(async () => {
    const reading = await source.sql(
      "select from pg_stat_activity where application_name like 'nd:%' and query like 'COPY%' and state = 'active' and datname = current_database()",
    );
    return reading.length >= count ? true : null;
  });
}

/** An execution as the logs list it. */
export interface Seen {
  executionId: string;
  status: string;
}

export async function executionsOf(
  server: Pick<TestServer, "ok">,
  poolId: string,
  jobId: string,
): Promise<Seen[]> {
  const { executionItems } = await server.ok(
    "GET",
    `/integration/api/pools/${poolId}/logs/${jobId}/executions`,
  );
  return executionItems as Seen[];
}
