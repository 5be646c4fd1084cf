import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../src/base/clock.ts";
import { newId } from "../../src/base/ids.ts";
import { AuditTrail } from "../../src/engine/audit-trail.ts";
import { ensureAdminKey } from "../../src/engine/keys.ts";
import type { AuditLog } from "../../src/model/audit.ts";
import type { Grant, KeyLimits } from "../../src/model/definitions.ts";
import { FatalSourceError } from "../../src/model/errors.ts";
import type { PoolData, SourceLook } from "../../src/model/operations.ts";
import type { StateStore } from "../../src/model/state-store.ts";
import { createApp, type App } from "../../src/server/index.ts";
import { openAuditLog, openSecretBox, openStateStore } from "../../src/state/index.ts";
import { RecordedExecutions, tablesOf } from "./recorded-executions.ts";

/** The app without a port, over the real state store; only the engine and the pools' processes are stood in for. */
export interface DeskApp {
  app: App;
  state: StateStore;
  executions: RecordedExecutions;
  poolData: PoolData;
  clock: { time: number };
  adminKey: string;
  /** What the app reported to the server's log. */
  reports: string[];
  auditLog: AuditLog;
  /** Holds the home, `home`, and its keys. */
  folder: string;
  /** What the source says to the next looks; an Error is thrown. */
  source: { tables: { schema: string; name: string }[] | Error; tags: string[] };
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** As `call` with the admin key; throws for anything that is not a 200. */
  ok<T>(method: string, path: string, body?: unknown): Promise<T>;
  key(grants: Grant[], expiresAt?: number, limits?: Partial<KeyLimits>): Promise<{ id: string; key: string }>;
  close(): Promise<void>;
}

export interface CallOptions {
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is. */
  raw?: string;
  /** null: no Authorization; absent: the admin's. */
  key?: string | null;
  scheme?: string;
  headers?: Record<string, string>;
  /** Where the call comes from; absent: nobody knows. */
  address?: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: unknown;
}

export const startOfTime = 1_800_000_000_000;

export async function openDeskApp(): Promise<DeskApp> {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-app-"));
  const state = await openStateStore(join(folder, "home", "state.db"));
  const time = { time: startOfTime };
  const clock: Clock = { now: () => time.time, monotonic: () => time.time, sleep };
  const adminKey = (await ensureAdminKey(state, clock, null)) ?? "";
  const changes: ((poolId: string) => void)[] = [];
  const executions = new RecordedExecutions(state, clock, (poolId) => {
    for (const changed of changes) changed(poolId);
  });
  const source: DeskApp["source"] = { tables: [], tags: [] };
  const look = (): { schema: string; name: string }[] => {
    if (source.tables instanceof Error) throw source.tables;
    return source.tables;
  };
  const sources: SourceLook = {
    test: async () => void look(),
    searchTables: async () => look(),
    sessionTags: async () => {
      look();
      return source.tags;
    },
  };
  const reports: string[] = [];
  const report = (line: string): void => void reports.push(line);
  const { log: auditLog } = openAuditLog(join(folder, "home", "state.db"), join(folder, "home.audit-key"));
  const audit = new AuditTrail({ log: auditLog, clock, report, notice: () => undefined });
  const poolData = tablesOf();
  const app = createApp({
    state,
    audit,
    auditLog,
    executions,
    poolData,
    secrets: openSecretBox(join(folder, "home.key")),
    sources,
    clock,
    mostRunning: 4,
    version: "0.0.0-test",
    onStatusChange: (changed) => changes.push(changed),
    report,
    checkAnswers: true,
  });
  const call = caller(app, adminKey);
  const ok = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await call(method, path, body === undefined ? {} : { body });
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${String(answer.status)} ${answer.text}`);
    return answer.json as T;
  };
  return {
    app,
    state,
    executions,
    poolData,
    clock: time,
    adminKey,
    reports,
    auditLog,
    folder,
    source,
    call,
    ok,
    key: (grants, expiresAt, limits = {}) =>
      ok("POST", "/desk/v1/keys", {
        name: "test",
        grants,
        ...limits,
        ...(expiresAt === undefined ? {} : { expiresAt }),
      }),
    async close() {
      await app.close();
      await audit.close();
      await auditLog.close();
      await state.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Time stands still; but what waits for it lets others go on, and ends when it is told to. */
async function sleep(_: number, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}

function caller(app: App, adminKey: string): DeskApp["call"] {
  return async (method, path, { body, raw, key = adminKey, scheme = "AppKey", ...more } = {}) => {
    const headers = new Headers(more.headers);
    if (key !== null) headers.set("authorization", `${scheme} ${key}`);
    const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const init: RequestInit = { method, headers };
    if (content !== undefined) init.body = content;
    const from = more.address === undefined ? undefined : { requestId: newId(), address: more.address };
    const response = await app.fetch(new Request(`http://desk.test${path}`, init), from);
    const text = await response.text();
    if (text.includes("CANARY-")) throw new Error(`a secret left the server: ${method} ${path}`);
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text !== "" ? JSON.parse(text) : undefined,
    };
  };
}

export function unreachable(): Error {
  return new FatalSourceError("password authentication failed", {
    operation: "connect to the source",
    place: '"ECC" at db.example:5432',
    next: "Check the password.",
  });
}

/** A pool with one of everything, made over the wire; ids by their names in the path templates. */
export interface World {
  poolId: string;
  dataSourceId: string;
  jobId: string;
  /** The extraction; `transformationId` is the other task. */
  taskId: string;
  transformationId: string;
  tableId: string;
  /** Of the extraction. */
  variableId: string;
  /** Of the transformation's workbench. */
  statementId: string;
  /** Over. */
  executionId: string;
  keyId: string;
  /** A team far away, without pools. */
  teamId: string;
}

export const configuration = {
  host: "db.example",
  port: 5432,
  database: "ecc",
  user: "reader",
  password: "CANARY-password",
  ssl: { mode: "disable" },
};

export const aTeam = (name: string, ...pools: string[]) => ({
  name,
  url: "https://team.example",
  credentials: { scheme: "AppKey", key: "CANARY-KEY-of-a-team" },
  pools,
});

export async function makeWorld(desk: DeskApp, name: string): Promise<World> {
  type Made = { id: string };
  const pool = await desk.ok<Made>("POST", "/integration/api/pools", { name });
  const connection = { name: "ECC", poolId: pool.id, configuration };
  const source = await desk.ok<Made>("POST", "/integration/api/datasource/POSTGRESQL", connection);
  const key = await desk.key([{ poolId: pool.id, verbs: ["view"] }]);
  const team = await desk.ok<Made>("POST", "/desk/v1/teams", aTeam(name));
  const inJob = await makeJob(desk, { poolId: pool.id, dataSourceId: source.id }, "Finance");
  return { poolId: pool.id, dataSourceId: source.id, ...inJob, keyId: key.id, teamId: team.id };
}

/** A job with one of everything; the ids of it that a `World` has. */
export async function makeJob(
  desk: DeskApp,
  { poolId, dataSourceId }: Pick<World, "poolId" | "dataSourceId">,
  name: string,
): Promise<Omit<World, "poolId" | "dataSourceId" | "keyId" | "teamId">> {
  type Made = { id: string };
  const at = `/integration/api/pools/${poolId}`;
  const job = await desk.ok<Made>("POST", `${at}/jobs`, { name, dataSourceId });
  const tasks = `${at}/jobs/${job.id}/tasks/`;
  const extraction = await desk.ok<Made>("POST", tasks, { taskType: "EXTRACTION", name: "Extract" });
  const transformation = await desk.ok<Made>("POST", tasks, {
    taskType: "TRANSFORMATION",
    name: "Transform",
  });
  const tables = `${at}/jobs/${job.id}/extractions/${extraction.id}/tables/`;
  const [table] = await desk.ok<Made[]>("POST", tables, [{ tableName: "BKPF" }]);
  const variable = await desk.ok<Made>("POST", `${at}/tasks/${extraction.id}/variables/`, {
    name: "year",
    type: "PRIVATE_CONSTANT",
    dataType: "INT",
    values: [{ value: "2024" }],
  });
  const workbench = `${at}/jobs/${job.id}/workbench/${transformation.id}/execute`;
  const statement = await desk.ok<Made>("POST", workbench, { statement: "SELECT 1" });
  const run = await desk.ok<{ executionId: string }>("POST", `${at}/jobs/${job.id}/execute`);
  await desk.executions.succeed(run.executionId);
  return {
    jobId: job.id,
    taskId: extraction.id,
    transformationId: transformation.id,
    tableId: table?.id ?? newId(),
    variableId: variable.id,
    statementId: statement.id,
    executionId: run.executionId,
  };
}
