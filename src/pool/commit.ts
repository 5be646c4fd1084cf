import type { DuckDBConnection } from "@duckdb/node-api";
import { failpoint } from "../base/failpoint.ts";
import type { LoadMarker } from "../model/pool-store.ts";
import { rowsOf, type Connections } from "./connections.ts";
import { changeMarks } from "./change-marks.ts";
import { bookSchema } from "./names.ts";

const commits = `${bookSchema}.commits`;

/** The bookkeeping, made at opening. One row per committed task, written by the transaction it speaks of. */
export const bookkeeping = `
  CREATE SCHEMA IF NOT EXISTS ${bookSchema};
  CREATE TABLE IF NOT EXISTS ${commits} (execution_id VARCHAR, task_id VARCHAR, committed_at TIMESTAMP);
  ${changeMarks}
`;

/** Puts the marker into the transaction that is open on the connection. */
export async function mark(connection: DuckDBConnection, { executionId, taskId }: LoadMarker): Promise<void> {
  await connection.run(`INSERT INTO ${commits} VALUES (?, ?, now())`, [executionId, taskId]);
}

export async function wasCommitted(connections: Connections, marker: LoadMarker): Promise<boolean> {
  const rows = await connections.lend((connection) =>
    rowsOf(connection, `SELECT 1 FROM ${commits} WHERE execution_id = ? AND task_id = ? LIMIT 1`, [
      marker.executionId,
      marker.taskId,
    ]),
  );
  return rows.length > 0;
}

/**
 * Commits. A COMMIT may reject though it happened, so its word is not taken: the marker is looked up over
 * another connection. Returns if it is there, throws what COMMIT threw if it is not.
 */
export async function commit(
  connections: Connections,
  connection: DuckDBConnection,
  marker: LoadMarker,
): Promise<void> {
  try {
    await failpoint("commit.begun");
    await connection.run("COMMIT");
  } catch (error) {
    if (await wasCommitted(connections, marker)) return;
    throw error;
  }
}
