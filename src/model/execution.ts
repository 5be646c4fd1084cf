import type { Proof, StopReason } from "./stop.ts";
import type {
  DataSourceType,
  PostgresConfiguration,
  TableExtraction,
  TaskType,
  TaskVariable,
} from "./definitions.ts";

/** Order of life: QUEUED -> RUNNING -> one terminal status, or QUEUED -> CANCEL. A terminal status never changes. */
export const executionStatuses = ["QUEUED", "RUNNING", "SUCCESS", "CANCEL", "FAIL", "SKIPPED"] as const;
export type ExecutionStatus = (typeof executionStatuses)[number];
export type TerminalStatus = Exclude<ExecutionStatus, "QUEUED" | "RUNNING">;

export function isTerminal(status: ExecutionStatus): status is TerminalStatus {
  return status !== "QUEUED" && status !== "RUNNING";
}

export type ExecutionMode = "FULL" | "DELTA";

/** What a run does, fixed when it was asked for: later edits of the job do not reach it. */
export interface RunPlan {
  executionId: string;
  poolId: string;
  jobId: string;
  jobName: string;
  mode: ExecutionMode;
  /** null for a global job. */
  dataSource: { id: string; name: string; type: DataSourceType; configuration: PostgresConfiguration } | null;
  tasks: PlannedTask[];
}

export interface PlannedTask {
  id: string;
  name: string;
  type: TaskType;
  position: number;
  statement: string | null;
  tables: TableExtraction[];
  /** Absent in plans that an earlier version queued, as the next one. */
  variables?: TaskVariable[];
  ignoreMetadataChanges?: boolean;
}

/** A stop that was asked for: the first asker decides the reason, later ones are only counted. */
export interface StopRequest {
  requestedAt: number;
  reason: StopReason;
  callers: number;
}

/** A session at the source that belongs to an execution, even if its tag was changed by user SQL. */
export interface SourceSessionId {
  /** PostgreSQL: backend process id. */
  pid: number;
  /** Start of the session by the source's clock, exact text as the source gives it: pids are used again. */
  startedAt: string;
  /** Start of the server that it was opened at, likewise: a name may lead to another server later. Absent: not known. */
  serverStartedAt?: string;
}

export interface Execution {
  id: string;
  poolId: string;
  jobId: string;
  jobName: string;
  mode: ExecutionMode;
  status: ExecutionStatus;
  plan: RunPlan;
  queuedAt: number;
  startedAt: number | null;
  endedAt: number | null;
  stop: StopRequest | null;
  proof: Proof | null;
  /** True once a session at the source may exist: set durably before the first connect. */
  sourceTouched: boolean;
  sessions: SourceSessionId[];
  /** One line why it failed; null otherwise. */
  failure: string | null;
}

export type ItemType = "JOB" | "TASK" | "STEP";

/** One line of the execution tree: the job, a task, or one table of an extraction (STEP). */
export interface ExecutionItem {
  id: string;
  executionId: string;
  poolId: string;
  jobId: string;
  /** Task instance; null on the JOB item. */
  taskId: string | null;
  /** Table extraction; only on STEP items. */
  stepId: string | null;
  type: ItemType;
  name: string;
  status: ExecutionStatus;
  mode: ExecutionMode;
  position: number;
  startedAt: number | null;
  endedAt: number | null;
  /** Rows read so far; null where rows mean nothing. */
  rows: number | null;
  /** The source's own estimate of all rows; null if it has none. */
  estimatedRows: number | null;
  /** Bytes read from the source so far. */
  bytes: number | null;
  /** What the end of the run did to this table: only on STEP items of ended runs. */
  effect: TableEffect | null;
}

/** loaded: its extraction task was committed; discarded: rows were staged and thrown away; untouched: never began. */
export type TableEffect = "loaded" | "discarded" | "untouched";

export type LogLevel = "DEBUG" | "INFO" | "WARNING" | "ERROR";

export interface LogLine {
  /** Ascending in the order of writing; given by the store. */
  sequence: number;
  executionId: string;
  itemId: string;
  level: LogLevel;
  at: number;
  message: string;
  /** A name of the contract's ExecutionMessageCode list, or null. */
  code: string | null;
  parameters: { key: string; value: string }[];
}

/**
 * The tag every session of an execution carries at the source (PostgreSQL: application_name,
 * at most 63 bytes; 39 here).
 */
export function sourceTag(executionId: string): string {
  return `nd:${executionId}`;
}
