import { UserError } from "../model/errors.ts";
import type { StoredColumn, StoredTable } from "../model/pool-store.ts";
import { interruptible, rowsOf, type Connections } from "./connections.ts";
import { storeError } from "./duckdb-error.ts";
import { ownSchemaPrefix, stagingPrefix } from "./names.ts";
import { identifier, qualified } from "./quote.ts";

/** Tables and views that belong to users, in order of schema and name. */
export async function tables(connections: Connections): Promise<StoredTable[]> {
  const rows = await connections.lend((connection) =>
    rowsOf(
      connection,
      `SELECT schema_name, table_name AS name, 'TABLE' AS type FROM duckdb_tables()
         WHERE NOT internal AND NOT temporary AND NOT starts_with(schema_name, $1) AND NOT starts_with(lower(table_name), $2)
       UNION ALL
       SELECT schema_name, view_name AS name, 'VIEW' AS type FROM duckdb_views()
         WHERE NOT internal AND NOT temporary AND NOT starts_with(schema_name, $1)
       ORDER BY schema_name, name`,
      [ownSchemaPrefix, stagingPrefix],
    ),
  );
  return rows.map(([schema, name, type]) => ({
    schema: String(schema),
    name: String(name),
    type: type === "VIEW" ? "VIEW" : "TABLE",
  }));
}

/** Columns in their order; empty if there is no such table, or it is one of our own. */
export async function columns(
  connections: Connections,
  schema: string,
  table: string,
): Promise<StoredColumn[]> {
  const rows = await connections.lend((connection) =>
    rowsOf(
      connection,
      `SELECT column_name, data_type FROM duckdb_columns()
         WHERE schema_name = $1 AND lower(table_name) = lower($2) AND NOT internal
           AND NOT starts_with(schema_name, $3) AND NOT starts_with(lower(table_name), $4)
       ORDER BY column_index`,
      [schema, table, ownSchemaPrefix, stagingPrefix],
    ),
  );
  return rows.map(([name, type]) => ({ name: String(name), type: String(type) }));
}

/** The greatest value of a column as text; null without the table or a value. @throws UserError for an unknown column. */
export async function greatest(
  connections: Connections,
  schema: string,
  table: string,
  column: string,
  { signal }: { signal: AbortSignal },
): Promise<string | null> {
  const known = await columns(connections, schema, table);
  if (known.length === 0) return null;
  const found = known.find(({ name }) => name.toLowerCase() === column.toLowerCase());
  const operation = "find the greatest value of a column";
  if (found === undefined) {
    throw new UserError("invalid", `the table "${table}" of the pool has no column "${column}"`, {
      operation,
      next: "correct the table or the column",
    });
  }
  const sql = `SELECT CAST(max(${identifier(found.name)}) AS VARCHAR) FROM ${qualified(schema, table)}`;
  try {
    const rows = await connections.lend((connection) =>
      interruptible(connection, () => rowsOf(connection, sql), { signal }),
    );
    const value = rows[0]?.[0] ?? null;
    return value === null ? null : String(value);
  } catch (error) {
    throw error instanceof Error ? storeError(operation, error) : error;
  }
}
