/** What a data engineer defines. Ids are UUIDs, times epoch milliseconds (UTC). */

export interface DataPool {
  id: string;
  name: string;
  description: string | null;
  createdAt: number;
  /** The team far away that has it, see `RemoteTeam`; absent: it is a pool of this server. */
  team?: { id: string; name: string };
}

/** Connection settings of a PostgreSQL source; the password is held apart, sealed. */
export interface PostgresConfiguration {
  host: string;
  port: number;
  database: string;
  user: string;
  ssl: { mode: "disable" | "require" | "verify-full"; ca?: string };
  /** Rows a second over all sessions of this connection; protects a source system. Absent: no limit. */
  maxRowsPerSecond?: number;
}

export type DataSourceType = "POSTGRESQL";

/** A connection ("data source" on the wire). */
export interface DataSource {
  id: string;
  poolId: string;
  name: string;
  type: DataSourceType;
  configuration: PostgresConfiguration;
  /** AES-256-GCM envelope, bound to the id; opened only to connect. */
  sealedPassword: string;
  createdAt: number;
}

export interface Job {
  id: string;
  poolId: string;
  name: string;
  /** null: a global job, transformations only. */
  dataSourceId: string | null;
  createdAt: number;
}

export type TaskType = "EXTRACTION" | "TRANSFORMATION" | "DATA_MODEL_LOAD";

export interface Task {
  id: string;
  /** Id of the template behind this instance; clients expect it to differ from `id`. */
  templateId: string;
  poolId: string;
  jobId: string;
  type: TaskType;
  name: string;
  description: string | null;
  disabled: boolean;
  /** 1-based order in its job. */
  position: number;
  /** SQL of a transformation; null for other tasks and before the first PUT. */
  statement: string | null;
  createdAt: number;
  editedAt: number;
}

export interface ColumnSelection {
  columnName: string;
  primaryKey: boolean;
  /**
   * Pool type instead of the default one, as DuckDB spells it: `DECIMAL(38,6)`, `DOUBLE`, `VARCHAR`.
   * The override for a bare numeric that does not fit DECIMAL(38,12).
   */
  preferredType: string | null;
}

/** One table of an extraction task. */
export interface TableExtraction {
  id: string;
  taskId: string;
  jobId: string;
  tableName: string;
  /** Schema at the source; null: the connection's search path. */
  schemaName: string | null;
  /** Name in the pool; null: `tableName`. */
  targetTableName: string | null;
  /** SQL condition at the source, sent as written once its variables are resolved; null or "": all rows. */
  filter: string | null;
  /** A further condition of DELTA runs; null or "": none. */
  deltaFilter: string | null;
  /** Empty: all columns. */
  columns: ColumnSelection[];
  useManualPrimaryKeys: boolean;
  disabled: boolean;
  position: number;
  /**
   * Every other field of the wire object, kept so that a client reads back what it wrote. `changeDateOf` reads
   * the change date from it.
   */
  extra: Record<string, unknown>;
}

export const variableTypes = ["PRIVATE_CONSTANT", "PUBLIC_CONSTANT", "DYNAMIC"] as const;
export type VariableType = (typeof variableTypes)[number];

export const variableDataTypes = ["DATE", "DOUBLE", "INT", "STRING"] as const;
export type VariableDataType = (typeof variableDataTypes)[number];

/** A value that the filters and statements of one task name as `<%= placeholder %>`. */
export interface TaskVariable {
  id: string;
  taskId: string;
  name: string;
  /** Unique in its task. */
  placeholder: string;
  description: string | null;
  type: VariableType;
  dataType: VariableDataType;
  /** Its text; null: none is set. */
  value: string | null;
  /** Stands in where there is no value. */
  defaultValue: string | null;
  /** DYNAMIC only, and not null there: the greatest value of a column of the pool, which comes before `value`. */
  greatestOf: PoolColumn | null;
}

/** A column in the pool; `dataSourceId` null: of a global table. */
export interface PoolColumn {
  dataSourceId: string | null;
  table: string;
  column: string;
}

/** Settings of an extraction task. What the server does not act on is kept in `extra`. */
export interface ExtractionConfiguration {
  /** New columns of the source are left out of a delta load instead of failing it. */
  ignoreMetadataChanges: boolean;
  extra: Record<string, unknown>;
}

/** What a key may do; no verb includes another. */
export const verbs = ["view", "execute", "cancel", "hold", "settle", "edit", "admin"] as const;
export type Verb = (typeof verbs)[number];

export interface Grant {
  /** A pool id, or "*" for every pool and for what belongs to no pool. */
  poolId: string;
  verbs: Verb[];
}

export const weekdays = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"] as const;
export type Weekday = (typeof weekdays)[number];

/** A stretch of at most one day that comes again, by the clock on the wall of a zone. */
export interface KeyHours {
  /** Name in the time zone database: `Asia/Tokyo`. */
  zone: string;
  /** `HH:MM` from 00:00 to 47:59; 24:00 and later are the day after. */
  from: string;
  /** As `from`, not included; earlier than `from` and before 24:00 it is the day after. */
  to: string;
  /** Days on which it starts; null: every day. */
  days: Weekday[] | null;
}

/** What narrows a key beyond its grants; null: not narrowed. */
export interface KeyLimits {
  /** Outside of them it is refused. */
  hours: KeyHours | null;
  /** Ids of data jobs: for it there are no others, and nothing that is of a pool as a whole. */
  jobs: string[] | null;
  /** Addresses and networks from which it is known: see `Networks`. */
  addresses: string[] | null;
}

export interface ApiKey extends KeyLimits {
  id: string;
  name: string;
  /** First characters of the key, enough to recognise it, useless to guess it. */
  prefix: string;
  grants: Grant[];
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
}
