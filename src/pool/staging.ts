import type { DuckDBAppender, DuckDBConnection } from "@duckdb/node-api";
import { randomUUID } from "node:crypto";
import { failpoint } from "../base/failpoint.ts";
import { widthOf, type ColumnBatch } from "../model/columns.ts";
import { UserError } from "../model/errors.ts";
import type { StagingTable, StagingTarget } from "../model/pool-store.ts";
import { ChunkWriter } from "./chunk.ts";
import { declaredColumns } from "./column-types.ts";
import { checkpoint, rowsOf, type Connections } from "./connections.ts";
import { readFault, storeError } from "./duckdb-error.ts";
import { mentionsOwnName, stagingPrefix } from "./names.ts";
import { identifier, qualified } from "./quote.ts";

/**
 * Rows of one commit: a full row group of DuckDB, which goes to disk compressed and past the write-ahead
 * log. Nobody sees the rows before the swap, so commits in between cost nothing and keep memory constant.
 */
const rowsPerCommit = 122_880;
/** Long texts fill memory before rows are many. */
const bytesPerCommit = 32 * 1024 * 1024;

/** Makes an empty staging table beside its target. @throws UserError for names and types that cannot stand. */
export async function stage(connections: Connections, target: StagingTarget): Promise<StagingTable> {
  if (target.table === "" || mentionsOwnName(target.table)) {
    throw new UserError("invalid", `"${target.table}" cannot be the name of a table`, {
      operation: "make the table for the extraction",
      next: "set another target table name",
    });
  }
  const name = `${stagingPrefix}${randomUUID().replaceAll("-", "")}`;
  const definitions = declaredColumns(target)
    .map(({ name: column, type }) => `${identifier(column)} ${type}`)
    .join(", ");
  const connection = await connections.open();
  try {
    await connection.run(`CREATE TABLE ${qualified(target.schema, name)} (${definitions})`);
    const appender = await connection.createAppender(name, target.schema);
    return new DuckDBStagingTable(connections, connection, appender, target, name);
  } catch (error) {
    connection.disconnectSync();
    throw storeError(`stage table "${target.table}"`, error);
  }
}

export class DuckDBStagingTable implements StagingTable {
  readonly target: StagingTarget;
  /** Its own name in the target's schema. */
  readonly name: string;
  readonly #connections: Connections;
  readonly #writer: ChunkWriter;
  readonly #fixedWidth: number;
  /** null once all is written or given up. */
  #open: { connection: DuckDBConnection; appender: DuckDBAppender } | null;
  #rows = 0;
  #rowsPending = 0;
  #bytesPending = 0;

  constructor(
    connections: Connections,
    connection: DuckDBConnection,
    appender: DuckDBAppender,
    target: StagingTarget,
    name: string,
  ) {
    this.#connections = connections;
    this.#open = { connection, appender };
    this.target = target;
    this.name = name;
    this.#writer = new ChunkWriter(target.columns, target.changeDate);
    this.#fixedWidth = target.columns.reduce((sum, { type }) => sum + widthOf(type), 0);
  }

  /** Rows given so far. */
  get rows(): number {
    return this.#rows;
  }

  async append(batch: ColumnBatch): Promise<void> {
    if (this.#open === null) throw new Error(`stage table "${this.target.table}": it is closed`);
    if (batch.rows === 0) return;
    const { appender } = this.#open;
    try {
      appender.appendDataChunk(this.#writer.write(batch));
      this.#rows += batch.rows;
      this.#rowsPending += batch.rows;
      this.#bytesPending += batch.rows * this.#fixedWidth;
      for (const { offsets } of batch.vectors) this.#bytesPending += offsets?.[batch.rows] ?? 0;
      if (this.#rowsPending >= rowsPerCommit || this.#bytesPending >= bytesPerCommit) {
        this.#rowsPending = 0;
        this.#bytesPending = 0;
        appender.flushSync();
      }
    } catch (error) {
      throw castError(this.target, error) ?? storeError(`stage table "${this.target.table}"`, error);
    }
  }

  async finish(): Promise<{ rows: number }> {
    if (this.#open !== null) {
      const { connection, appender } = this.#open;
      this.#open = null;
      try {
        appender.closeSync();
      } catch (error) {
        throw storeError(`stage table "${this.target.table}"`, error);
      } finally {
        connection.disconnectSync();
      }
    }
    const rows = await this.#connections.lend((connection) =>
      rowsOf(connection, `SELECT count(*) FROM ${qualified(this.target.schema, this.name)}`),
    );
    const stored = Number(rows[0]?.[0]);
    if (stored !== this.#rows) {
      throw new Error(
        `stage table "${this.target.table}": ${String(this.#rows)} rows were given and ${String(stored)} are there`,
      );
    }
    return { rows: stored };
  }

  async drop(after?: unknown): Promise<void> {
    await this.#connections.cleanUp(`dropping the staging table of "${this.target.table}"`, after, () =>
      this.#drop(),
    );
  }

  async #drop(): Promise<void> {
    await failpoint("clean-up.begun");
    if (this.#open !== null) {
      const { connection, appender } = this.#open;
      this.#open = null;
      try {
        // Rows that wait would be written by closing, only to be dropped.
        appender.clear();
        appender.closeSync();
      } catch {
        // A broken appender holds nothing that is still wanted.
      } finally {
        connection.disconnectSync();
      }
    }
    try {
      await this.#connections.lend((connection) =>
        connection.run(`DROP TABLE IF EXISTS ${qualified(this.target.schema, this.name)}`),
      );
    } catch (error) {
      throw storeError(`drop the staging table of "${this.target.table}"`, error);
    }
    // On a full disk this is what makes room again.
    await checkpoint(this.#connections);
  }
}

/** A value that does not fit the type its column was given by the user; null for any other error. */
function castError({ table, columns }: StagingTarget, error: unknown): UserError | null {
  const found = /type mismatch in AppendDataChunk, expected (.+), got .+ for column (\d+)/.exec(
    readFault(error).message,
  );
  if (found === null) return null;
  const [, type, index] = found;
  return new UserError(
    "invalid",
    `a value does not fit the type ${String(type)} that was chosen for its column`,
    {
      operation: "stage a table",
      place: `table "${table}", column "${columns[Number(index)]?.name ?? ""}"`,
      next: "choose another type for the column, or none",
      cause: error,
    },
  );
}

/** Drops every staging table of the pool. Only before runs begin. Returns how many. */
export async function dropAllStaging(connections: Connections): Promise<number> {
  return connections.lend(async (connection) => {
    const found = await rowsOf(
      connection,
      "SELECT schema_name, table_name FROM duckdb_tables() WHERE starts_with(lower(table_name), ?)",
      [stagingPrefix],
    );
    for (const [schema, table] of found) {
      await connection.run(`DROP TABLE ${qualified(String(schema), String(table))}`);
    }
    return found.length;
  });
}
