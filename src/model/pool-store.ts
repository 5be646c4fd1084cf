import type { Column, ColumnBatch } from "./columns.ts";

/**
 * The store of one data pool. One process owns it. Schemas: a data source's tables live in the schema
 * named by its id, global ones in the schema named by the pool's id.
 */
export interface PoolStore {
  /** Makes the schema if it is not there. */
  ensureSchema(schema: string): Promise<void>;
  /** Drops every staging table in the pool: at opening, when no run can own one. Returns how many. */
  dropAllStaging(): Promise<number>;
  /**
   * Makes an empty staging table beside its target; invisible to `tables()`. Columns are followed by
   * `_CELONIS_CHANGE_DATE` (TIMESTAMP, UTC), which gets `changeDate` in every row.
   */
  stage(target: StagingTarget): Promise<StagingTable>;
  /**
   * Brings all staged tables in as their `load` says, in one transaction, together with their marks and a marker
   * row. `signal` interrupts it; `lastCheck` runs right before COMMIT and throws to give up, `onCommit` after it;
   * COMMIT itself is never interrupted. Returns after the outcome is known.
   * @throws UserError naming the table: "invalid" for keys that stand for several rows, "conflict" when a target
   *   that was to be added to, or the mark that was gone on from, is not there any more. Nothing was changed.
   */
  swap(
    staged: StagingTable[],
    marker: LoadMarker,
    lastCheck: () => void,
    options?: { signal: AbortSignal; onCommit?: () => void },
  ): Promise<void>;
  /** What stands under the name of the target, and how it differs from what would be staged for it. */
  compare(target: StagingTarget): Promise<TargetState>;
  /** The mark that the last load into this target left; null if there is none for just this column. */
  changeMark(place: MarkPlace, schema: string, table: string): Promise<string | null>;
  /**
   * The greatest value of a column as text; null if the table is not there, or no row of it has a value.
   * @throws UserError for a column that is not there.
   */
  greatest(
    schema: string,
    table: string,
    column: string,
    options: { signal: AbortSignal },
  ): Promise<string | null>;
  /** Whether the marker's transaction was committed: the truth after a COMMIT that seemed to fail. */
  wasCommitted(marker: LoadMarker): Promise<boolean>;
  /**
   * Runs a script of several statements as one transaction. Aborting `signal` interrupts it, until `onCommit`.
   * @throws UserError naming statement number and position.
   */
  transform(
    script: string,
    searchPath: string[],
    marker: LoadMarker,
    options: {
      signal: AbortSignal;
      onStatement?: (number: number, of: number, sql: string) => void;
      onCommit?: () => void;
    },
  ): Promise<void>;
  /** One script for a person: the rows of its last statement, at most `limit`. Same rules as `transform`. */
  query(
    script: string,
    searchPath: string[],
    limit: number,
    options: { signal: AbortSignal },
  ): Promise<QueryResult>;
  tables(): Promise<StoredTable[]>;
  /** Columns of a table; empty if it does not exist. */
  columns(schema: string, table: string): Promise<StoredColumn[]>;
  close(): Promise<void>;
}

export interface StagingTarget {
  executionId: string;
  schema: string;
  table: string;
  columns: Column[];
  /** DuckDB type by column name where the user overrides ours. */
  preferredTypes: Record<string, string>;
  /** Epoch milliseconds, one value per extraction. */
  changeDate: number;
  /** Absent: the staged rows replace the target, and no mark is left. */
  load?: TableLoad;
}

/** How staged rows come into their target. */
export type TableLoad =
  /** The target becomes what was staged, and is made if it is not there. `mark` null: none is left. */
  | { how: "replace"; mark: ChangeMark | null }
  /** Rows of the same key give way to the staged ones. `mark` follows an older one; null: the old one stays. */
  | { how: "merge"; key: string[]; mark: ChangeMark | null }
  | { how: "append"; mark: ChangeMark | null };

/** Whose mark: a table of an extraction, and the column and table at the source that it was read from. */
export interface MarkPlace {
  tableExtractionId: string;
  /** The table at the source, told apart from those of the same name elsewhere. */
  sourceTable: string;
  column: string;
}

/** How far a source was read by its change dates. */
export interface ChangeMark extends MarkPlace {
  /** Exact text as the source gives it. */
  value: string;
}

export type TargetState =
  | { kind: "absent" }
  | { kind: "view" }
  | {
      kind: "table";
      /** Columns that only the staged rows have, that only the target has, and that differ in type. */
      added: string[];
      removed: string[];
      retyped: { column: string; was: string; is: string }[];
    };

export interface StagingTable {
  readonly target: StagingTarget;
  /** Appends a batch; what it needs of it is copied when this returns. */
  append(batch: ColumnBatch): Promise<void>;
  /** Makes all rows durable and counts them. */
  finish(): Promise<{ rows: number }>;
  /** Drops it; harmless twice. `after`: what led here, told if the dropping hangs. */
  drop(after?: unknown): Promise<void>;
}

export interface LoadMarker {
  executionId: string;
  taskId: string;
}

export interface QueryResult {
  columns: { name: string; type: string }[];
  /** Values as JSON can hold them: large integers and decimals as text. */
  rows: unknown[][];
  truncated: boolean;
}

export interface StoredTable {
  schema: string;
  name: string;
  type: "TABLE" | "VIEW";
}

export interface StoredColumn {
  name: string;
  /** DuckDB's spelling, e.g. `DECIMAL(18,2)`. */
  type: string;
}
