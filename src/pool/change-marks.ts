import type { DuckDBConnection } from "@duckdb/node-api";
import type { ChangeMark, MarkPlace, StagingTarget } from "../model/pool-store.ts";
import { rowsOf } from "./connections.ts";
import { bookSchema } from "./names.ts";

const marks = `${bookSchema}.change_marks`;

/**
 * How far each table of an extraction was read, made at opening. A mark speaks of what stands in one target, so
 * it is written by the transaction that brings the rows in, and goes with the target that they were in.
 */
export const changeMarks = `
  CREATE TABLE IF NOT EXISTS ${marks} (table_extraction_id VARCHAR, source_table VARCHAR, column_name VARCHAR,
    target_schema VARCHAR, target_table VARCHAR, value VARCHAR);
`;

type Place = Pick<StagingTarget, "schema" | "table">;

/** The mark for just this table, column and target; another one says nothing about it. */
export async function changeMark(
  connection: DuckDBConnection,
  { tableExtractionId, sourceTable, column }: MarkPlace,
  { schema, table }: Place,
): Promise<string | null> {
  const rows = await rowsOf(
    connection,
    `SELECT value FROM ${marks} WHERE table_extraction_id = $1 AND source_table = $2 AND column_name = $3
       AND target_schema = $4 AND lower(target_table) = lower($5)`,
    [tableExtractionId, sourceTable, column, schema, table],
  );
  const value = rows[0]?.[0] ?? null;
  return value === null ? null : String(value);
}

/** Takes the marks of a target away, in the transaction that is open on the connection. */
export async function forgetMarks(connection: DuckDBConnection, { schema, table }: Place): Promise<void> {
  await connection.run(`DELETE FROM ${marks} WHERE target_schema = $1 AND lower(target_table) = lower($2)`, [
    schema,
    table,
  ]);
}

/** Puts the only mark of a table extraction in place of the one it had, in the transaction that is open. */
export async function setMark(
  connection: DuckDBConnection,
  { schema, table }: Place,
  { tableExtractionId, sourceTable, column, value }: ChangeMark,
): Promise<void> {
  await connection.run(`DELETE FROM ${marks} WHERE table_extraction_id = $1`, [tableExtractionId]);
  await connection.run(`INSERT INTO ${marks} VALUES ($1, $2, $3, $4, $5, $6)`, [
    tableExtractionId,
    sourceTable,
    column,
    schema,
    table,
    value,
  ]);
}
