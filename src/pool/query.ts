import {
  DuckDBDateValue,
  DuckDBTimestampValue,
  DuckDBTimestampTZValue,
  JsonDuckDBValueConverter,
  StatementType,
  type DuckDBConnection,
  type DuckDBResult,
  type DuckDBValueConverter,
  type Json,
} from "@duckdb/node-api";
import { UserError } from "../model/errors.ts";
import type { QueryResult } from "../model/pool-store.ts";
import type { Connections } from "./connections.ts";
import { storeError } from "./duckdb-error.ts";
import { beginScript, parseScript, withPrepared } from "./script.ts";
import type { Statement } from "./statements.ts";

/**
 * Runs a script for a person, as one transaction, and returns at most `limit` rows of its last statement;
 * rows behind the limit are never computed where DuckDB can avoid it.
 * @throws UserError naming statement number and position; the signal's reason after an abort.
 */
export async function query(
  connections: Connections,
  script: string,
  searchPath: string[],
  limit: number,
  { signal }: { signal: AbortSignal },
): Promise<QueryResult> {
  return connections.lend(async (connection) => {
    signal.throwIfAborted();
    const statements = await parseScript(connection, script);
    let result: QueryResult = { columns: [], rows: [], truncated: false };
    try {
      await beginScript(connection, searchPath);
      for (const statement of statements) {
        signal.throwIfAborted();
        const wanted = statement === statements.at(-1) ? limit : 0;
        result = await runStatement(connection, script, statement, wanted, { signal });
      }
      signal.throwIfAborted();
      await connection.run("COMMIT");
      return result;
    } catch (error) {
      await connections.rollBack(connection, error);
      if (error instanceof UserError || (signal.aborted && error === signal.reason)) throw error;
      throw storeError("run the statement", error);
    }
  });
}

async function runStatement(
  connection: DuckDBConnection,
  script: string,
  statement: Statement,
  limit: number,
  { signal }: { signal: AbortSignal },
): Promise<QueryResult> {
  return withPrepared(
    connection,
    script,
    statement,
    async (prepared) => {
      // Only a SELECT may stop half-way: anything else must run to its end whatever is read of it.
      const streamed = prepared.statementType === StatementType.SELECT;
      return readRows(streamed ? await prepared.stream() : await prepared.run(), limit, { signal });
    },
    { signal },
  );
}

async function readRows(
  result: DuckDBResult,
  limit: number,
  { signal }: { signal: AbortSignal },
): Promise<QueryResult> {
  const columns = result
    .columnNames()
    .map((name, index) => ({ name, type: result.columnType(index).toString() }));
  const rows: unknown[][] = [];
  let truncated = false;
  while (!truncated) {
    signal.throwIfAborted();
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    for (let row = 0; row < chunk.rowCount; row++) {
      if (rows.length === limit) {
        truncated = true;
        break;
      }
      rows.push(chunk.convertRowValues(row, jsonSafe));
    }
  }
  return { columns, rows, truncated };
}

/** Large integers, decimals and times as text; infinite dates by name, not as the day the library computes for them; times with a zone always in UTC, whatever zone the machine has. */
const jsonSafe: DuckDBValueConverter<Json> = (value, type, converter) => {
  if (value instanceof DuckDBTimestampTZValue) {
    return value.isFinite ? `${new DuckDBTimestampValue(value.micros).toString()}+00` : value.toString();
  }
  if (value instanceof DuckDBDateValue && !value.isFinite) return value.days > 0 ? "infinity" : "-infinity";
  return JsonDuckDBValueConverter(value, type, converter);
};
