import type { Column, ColumnBatch } from "./columns.ts";
import type { DataSourceType, PostgresConfiguration, TableExtraction } from "./definitions.ts";
import type { ChangeDate } from "./change-date.ts";
import type { SourceSessionId } from "./execution.ts";

/** Everything needed to connect. The password lives only in memory and in this object. */
export interface SourceAccess {
  /** Name of the connection, for errors. */
  name: string;
  configuration: PostgresConfiguration;
  password: string;
}

/**
 * A kind of source system. Two ends, used by two processes: `open` reads (pool's process),
 * `control` looks and stops (server process). The end that looks is never the one that is stopped.
 */
export interface Source {
  readonly type: DataSourceType;
  /** What aborting a session of ours does at the far end. */
  readonly abortMeans: "cancel query" | "kill session" | "stop reading";
  /**
   * Opens a session tagged with `tag`.
   * @throws RetryableSourceError | FatalSourceError, one line without secrets; StoppedError when `signal` aborted.
   *   No statement of the user was sent; `noSession` tells whether a session may exist all the same.
   */
  open(access: SourceAccess, tag: string, options: { signal: AbortSignal }): Promise<SourceSession>;
  /** Opens the second connection, over which sessions are read and ended. Same errors as `open`. */
  control(access: SourceAccess, options: { signal: AbortSignal }): Promise<SourceControl>;
}

/** One reading session of an execution. */
export interface SourceSession {
  readonly id: SourceSessionId;
  /**
   * What the table looks like now, and the query that reads it. `table.filter` is sent as it stands. With
   * `changes`, bounds and rows are of one snapshot, which lasts until the table was read.
   * @throws FatalSourceError naming table and column if something asked for is not there, or cannot date changes.
   *   After an error with `changes` the session is only good for being closed.
   */
  describe(
    table: TableExtraction,
    options: { signal: AbortSignal; changes?: ChangeRange },
  ): Promise<TableRead>;
  /**
   * Reads it. Constant memory: the source is held back while the reader of the batches is busy.
   * Aborting `signal` ends the query at the source too (cancel request and destroyed socket) and
   * rejects with the signal's reason.
   * @throws FatalSourceError naming table and column for a value that does not fit; never a silent null.
   */
  read(table: TableRead, options: { signal: AbortSignal }): AsyncIterable<ColumnBatch>;
  /** Ends the session; after an abort at once and by force. Never throws. */
  close(): Promise<void>;
}

export interface TableRead {
  /** For messages: schema and table as the source spells them. */
  label: string;
  columns: Column[];
  /** Names of primary key columns, in key order. */
  primaryKey: string[];
  /** The SELECT that reads the rows, as it is sent and for the log. */
  query: string;
  /** The source's own estimate of all rows of the table; null if it has none. */
  estimatedRows: number | null;
  /** null without a `ChangeRange`. */
  changes: {
    /** The condition it became, as it is sent; null: none, all rows are read. */
    condition: string | null;
    /** What the next range starts from, exact text as the source gives it; null: no row has a change date. */
    mark: string | null;
  } | null;
}

/** Rows by a column that the source moves forward whenever a row changes. */
export interface ChangeRange extends ChangeDate {
  /** Rows from this one less the offset on, equal ones included; null: all rows, also those without a change date. */
  mark: string | null;
}

/** What the source says of its own sessions, in one read. */
export interface SessionList {
  /** The source's clock at the read and at its start: a session older than the start cannot exist. */
  readAt: string;
  serverStartedAt: string;
  /** It is the list of another server than a known session was opened at, and of none that is younger than that session. */
  ofAnotherServer: boolean;
  sessions: SourceSessionView[];
}

export interface SourceSessionView extends SourceSessionId {
  /** As the source names it, e.g. `active`, `idle`. */
  state: string;
  /** What it waits for, e.g. `Client:ClientWrite`; "" if it does not wait. */
  waits: string;
}

/** The second connection. Its own tag never matches an execution's. */
export interface SourceControl {
  /** Sessions that carry `tag`, or are one of `known` under whatever tag. @throws RetryableSourceError when the list cannot be read: that is "unknown", never "none". */
  sessions(tag: string, known: SourceSessionId[], options: { signal: AbortSignal }): Promise<SessionList>;
  /** Tags, beginning with `prefix`, of the sessions in the database of the connection: of whichever server. */
  sessionTags(prefix: string, options: { signal: AbortSignal }): Promise<string[]>;
  /** Asks the session to give up its statement. May be lost without an error: look again. */
  cancel(session: SourceSessionId, options: { signal: AbortSignal }): Promise<void>;
  /** Ends the session. Look again. */
  terminate(session: SourceSessionId, options: { signal: AbortSignal }): Promise<void>;
  /** Tables whose name matches `pattern` (SQL LIKE with %, any case; "" = all), at most `limit`. */
  searchTables(
    pattern: string,
    limit: number,
    options: { signal: AbortSignal },
  ): Promise<{ schema: string; name: string }[]>;
  close(): Promise<void>;
}
