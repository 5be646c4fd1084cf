import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { newId } from "../../src/base/ids.ts";
import type {
  ApiKey,
  DataPool,
  DataSource,
  Job,
  TableExtraction,
  Task,
  TaskVariable,
} from "../../src/model/definitions.ts";
import type { Execution, ExecutionItem } from "../../src/model/execution.ts";
import type { Hold } from "../../src/model/hold.ts";
import type { StateStore } from "../../src/model/state-store.ts";
import type { Proof, StopReason } from "../../src/model/stop.ts";
import { openStateStore } from "../../src/state/index.ts";

/** A folder of its own for the running test; removed when the test ends. */
export function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), "nightdesk-state-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

/** A new store in a folder of its own, closed when the test ends. */
export async function temporaryStore(): Promise<StateStore> {
  const store = await openStateStore(join(temporaryHome(), "state.db"));
  onTestFinished(() => store.close());
  return store;
}

export const idle: Proof = { level: "source idle", at: 900, note: "no session of it at the source" };
export const operator: StopReason = { by: "operator", keyName: "night", channel: "wire", because: null };

export function aPool(changes: Partial<DataPool> = {}): DataPool {
  return { id: newId(), name: "SAP ECC", description: null, createdAt: 1_750_000_000_000, ...changes };
}

export function aDataSource(poolId: string, changes: Partial<DataSource> = {}): DataSource {
  return {
    id: newId(),
    poolId,
    name: "ECC",
    type: "POSTGRESQL",
    configuration: {
      host: "db.example",
      port: 5432,
      database: "ecc",
      user: "reader",
      ssl: { mode: "disable" },
    },
    sealedPassword: "v1.sealed",
    createdAt: 1_750_000_000_001,
    ...changes,
  };
}

export function aJob(poolId: string, changes: Partial<Job> = {}): Job {
  return {
    id: newId(),
    poolId,
    name: "Order to cash",
    dataSourceId: null,
    createdAt: 1_750_000_000_002,
    ...changes,
  };
}

export function aTask(job: Job, changes: Partial<Task> = {}): Task {
  return {
    id: newId(),
    templateId: newId(),
    poolId: job.poolId,
    jobId: job.id,
    type: "EXTRACTION",
    name: "Extract",
    description: null,
    disabled: false,
    position: 0,
    statement: null,
    createdAt: 1_750_000_000_003,
    editedAt: 1_750_000_000_004,
    ...changes,
  };
}

export function aTable(task: Task, changes: Partial<TableExtraction> = {}): TableExtraction {
  return {
    id: newId(),
    taskId: task.id,
    jobId: task.jobId,
    tableName: "VBAK",
    schemaName: null,
    targetTableName: null,
    filter: null,
    deltaFilter: null,
    columns: [],
    useManualPrimaryKeys: false,
    disabled: false,
    position: 1,
    extra: {},
    ...changes,
  };
}

export function aVariable(task: Task, changes: Partial<TaskVariable> = {}): TaskVariable {
  return {
    id: newId(),
    taskId: task.id,
    name: "Year",
    placeholder: "year",
    description: null,
    type: "PRIVATE_CONSTANT",
    dataType: "INT",
    value: "2024",
    defaultValue: null,
    greatestOf: null,
    ...changes,
  };
}

export function anExecution(job: Job, changes: Partial<Execution> = {}): Execution {
  const id = changes.id ?? newId();
  return {
    id,
    poolId: job.poolId,
    jobId: job.id,
    jobName: job.name,
    mode: "FULL",
    status: "QUEUED",
    plan: {
      executionId: id,
      poolId: job.poolId,
      jobId: job.id,
      jobName: job.name,
      mode: "FULL",
      dataSource: null,
      tasks: [],
    },
    queuedAt: 100,
    startedAt: null,
    endedAt: null,
    stop: null,
    proof: null,
    sourceTouched: false,
    sessions: [],
    failure: null,
    ...changes,
  };
}

export function anItem(execution: Execution, changes: Partial<ExecutionItem> = {}): ExecutionItem {
  return {
    id: newId(),
    executionId: execution.id,
    poolId: execution.poolId,
    jobId: execution.jobId,
    taskId: null,
    stepId: null,
    type: "JOB",
    name: execution.jobName,
    status: "RUNNING",
    mode: "FULL",
    position: 1,
    startedAt: 200,
    endedAt: null,
    rows: null,
    estimatedRows: null,
    bytes: null,
    effect: null,
    ...changes,
  };
}

export function aKey(changes: Partial<ApiKey> = {}): ApiKey {
  return {
    id: newId(),
    name: "night",
    prefix: "ndk_abcd",
    grants: [{ poolId: "*", verbs: ["view", "cancel"] }],
    hours: null,
    jobs: null,
    addresses: null,
    createdAt: 1,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    ...changes,
  };
}

/** A pool with one global job, stored. */
export async function storedJob(store: StateStore, changes: Partial<Job> = {}): Promise<Job> {
  const pool = aPool();
  await store.insertPool(pool);
  const job = aJob(pool.id, changes);
  await store.insertJob(job);
  return job;
}

/** Of the whole pool, until it is released. */
export function aHold(poolId: string, changes: Partial<Hold> = {}): Hold {
  return {
    id: newId(),
    poolId,
    scope: "pool",
    objectId: poolId,
    keyName: "night",
    because: "maintenance",
    createdAt: 50,
    until: null,
    endedAt: null,
    endedBy: null,
    ...changes,
  };
}
