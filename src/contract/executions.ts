import type {
  ExecutionStatus,
  ExecutionType,
  ExtractionMode,
  LogLevel,
  PoolColumnType,
  PropertyType,
  WorkbenchStatus,
} from "./enums.ts";
import type { KeyValue } from "./transports.ts";

/** What ran, what it wrote to its log, and what stands in the pool. */

/** One line of `logs/status`: one per job of the pool, also for jobs that never ran. */
export interface JobStatusTransport {
  id: string;
  /** null: never ran. */
  status: ExecutionStatus | null;
  lastExecutionStartDate: number | null;
}

export interface ExecutionItemTransport {
  id: string;
  poolId: string | null;
  poolName: string | null;
  executionId: string | null;
  schedulingId: string | null;
  schedulingName: string | null;
  jobId: string | null;
  /** Task instance; null on a JOB item. */
  taskId: string | null;
  stepId: string | null;
  name: string | null;
  dataPoolVersion: string | null;
  status: ExecutionStatus;
  startDate: number | null;
  endDate: number | null;
  type: ExecutionType;
  mode: ExtractionMode;
  executionOrder: number;
  monitored: boolean;
  /** Ours, on STEP items (one table of an extraction): read so far; null where it means nothing. */
  rows?: number | null;
  /** Ours: the source's own estimate of all rows. */
  estimatedRows?: number | null;
  /** Ours: bytes read so far. */
  bytes?: number | null;
}

/** `numOfPages` counts pages of the asked `limit`; pages are numbered from 0, newest first. */
export interface ExecutionItemsPage {
  executionItems: ExecutionItemTransport[];
  numOfPages: number;
}

export interface LogMessage {
  id: string;
  executionItemId: string;
  level: LogLevel;
  date: number;
  logMessage: string;
  /** A name of the contract's ExecutionMessageCode list. */
  logTranslationCode: string | null;
  logTranslationParameters: KeyValue[];
}

export interface LogMessagesPage {
  logMessages: LogMessage[];
  numOfPages: number;
}

export interface PoolTable {
  name: string;
  loaderSource: string | null;
  available: boolean;
  dataSourceId: string | null;
  dataSourceName: string | null;
  columns: PoolColumn[];
  type: PropertyType;
  /** The data source's id; for global tables the pool's. */
  schemaName: string;
}

export interface PoolColumn {
  name: string;
  /** Bytes a value can take as a string (four a character); 0 for other types. */
  length: number;
  type: PoolColumnType;
}

export interface WorkbenchExecution {
  id: string;
  status: WorkbenchStatus;
  error: string | null;
}

export interface WorkbenchResult {
  id: string;
  query: string;
  status: WorkbenchStatus;
  error: string | null;
  result: {
    columns: { name: string; type: string }[];
    tableContent: unknown[][];
    /** Ours: true when there were more rows than are kept. */
    truncated: boolean;
  } | null;
}
