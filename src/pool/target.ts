import type { DuckDBConnection } from "@duckdb/node-api";
import type { StagingTarget, TargetState } from "../model/pool-store.ts";
import { declaredColumns } from "./column-types.ts";
import { rowsOf, type Connections } from "./connections.ts";
import { storeError } from "./duckdb-error.ts";
import { identifier } from "./quote.ts";
import { columns } from "./tables.ts";

/** What stands under the name now; names are compared without case, as DuckDB does. */
export async function kindOf(
  connection: DuckDBConnection,
  schema: string,
  table: string,
): Promise<"TABLE" | "VIEW" | null> {
  const rows = await rowsOf(
    connection,
    `SELECT 'TABLE' FROM duckdb_tables() WHERE schema_name = $1 AND lower(table_name) = lower($2)
     UNION ALL
     SELECT 'VIEW' FROM duckdb_views() WHERE schema_name = $1 AND lower(view_name) = lower($2)`,
    [schema, table],
  );
  const kind = rows[0]?.[0];
  return kind === "TABLE" || kind === "VIEW" ? kind : null;
}

/** The columns that a load into the target would bring against those it has. @throws UserError as `stage` does. */
export async function compare(connections: Connections, target: StagingTarget): Promise<TargetState> {
  const declared = declaredColumns(target);
  // The store spells a type its own way: NUMERIC(9,2) is DECIMAL(9,2), INT is INTEGER.
  const probe = declared.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${identifier(name)}`).join(", ");
  try {
    return await connections.lend(async (connection) => {
      const kind = await kindOf(connection, target.schema, target.table);
      if (kind === null) return { kind: "absent" };
      if (kind === "VIEW") return { kind: "view" };
      const there = await columns(connections, target.schema, target.table);
      const described = await rowsOf(
        connection,
        `SELECT column_name, column_type FROM (DESCRIBE SELECT ${probe})`,
      );
      const staged = described.map(([name, type]) => ({ name: String(name), type: String(type) }));
      const twin = (name: string, list: { name: string; type: string }[]) =>
        list.find((one) => one.name.toLowerCase() === name.toLowerCase());
      return {
        kind: "table",
        added: staged.filter(({ name }) => twin(name, there) === undefined).map(({ name }) => name),
        removed: there.filter(({ name }) => twin(name, staged) === undefined).map(({ name }) => name),
        retyped: staged.flatMap(({ name, type }) => {
          const was = twin(name, there)?.type ?? type;
          return was === type ? [] : [{ column: name, was, is: type }];
        }),
      };
    });
  } catch (error) {
    throw storeError(`look at the table "${target.table}"`, error);
  }
}
