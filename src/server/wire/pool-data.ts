import { z } from "zod";
import {
  poolColumnTypes,
  propertyTypes,
  workbenchStatuses,
  type PoolColumn,
  type PoolColumnType,
  type PoolTable,
  type WorkbenchExecution,
  type WorkbenchResult,
} from "../../contract/index.ts";
import type { WorkbenchStatement } from "../../engine/workbench.ts";
import type { DataSource } from "../../model/definitions.ts";
import type { StoredColumn, StoredTable } from "../../model/pool-store.ts";
import { givenId, id, text } from "./fields.ts";

const poolColumn: z.ZodType<PoolColumn> = z.strictObject({
  name: z.string(),
  length: z.number().int(),
  type: z.enum(poolColumnTypes),
});
export const poolColumns: z.ZodType<PoolColumn[]> = z.array(poolColumn);
export const poolTables: z.ZodType<PoolTable[]> = z.array(
  z.strictObject({
    name: z.string(),
    loaderSource: text,
    available: z.boolean(),
    dataSourceId: id.nullable(),
    dataSourceName: text,
    columns: poolColumns,
    type: z.enum(propertyTypes),
    schemaName: z.string(),
  }),
);
export const columnsQuery = z.object({ tableName: z.string(), schemaName: givenId.exactOptional() });

export function toPoolTable(table: StoredTable, sources: ReadonlyMap<string, DataSource>): PoolTable {
  const source = sources.get(table.schema);
  return {
    name: table.name,
    loaderSource: null,
    available: true,
    dataSourceId: source?.id ?? null,
    dataSourceName: source?.name ?? null,
    columns: [],
    type: table.type,
    schemaName: table.schema,
  };
}

/** The longest VARCHAR that clients of the contract know, in bytes: text in a pool has no limit of its own. */
const longestText = 65_000;

export function toPoolColumn(column: StoredColumn): PoolColumn {
  const type = wireType(column.type);
  return { name: column.name, length: type === "STRING" ? longestText : 0, type };
}

/** The contract's word for a type as DuckDB spells it; what has none of its own is read as text. */
export function wireType(type: string): PoolColumnType {
  if (/^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|BOOLEAN)$/.test(type)) return "INTEGER";
  if (/^(FLOAT|REAL|DOUBLE|DECIMAL\(.*\))$/.test(type)) return "FLOAT";
  if (/^(DATE|TIMESTAMP.*)$/.test(type)) return "DATE";
  return "STRING";
}

const workbenchStatus = z.enum(workbenchStatuses);
export const workbenchDraft = z.object({ statement: z.string().trim().min(1) });
export const workbenchExecution: z.ZodType<WorkbenchExecution> = z.strictObject({
  id,
  status: workbenchStatus,
  error: text,
});
export const workbenchResults: z.ZodType<WorkbenchResult[]> = z.array(
  z.strictObject({
    id,
    query: z.string(),
    status: workbenchStatus,
    error: text,
    result: z
      .strictObject({
        columns: z.array(z.strictObject({ name: z.string(), type: z.string() })),
        tableContent: z.array(z.array(z.unknown())),
        truncated: z.boolean(),
      })
      .nullable(),
  }),
);

export function toWorkbenchExecution({ id: statementId, state }: WorkbenchStatement): WorkbenchExecution {
  const words = { running: "RUNNING", succeeded: "SUCCESS", failed: "FAILED" } as const;
  return { id: statementId, status: words[state.kind], error: state.kind === "failed" ? state.error : null };
}

export function toWorkbenchResult(statement: WorkbenchStatement): WorkbenchResult {
  const { state } = statement;
  return {
    ...toWorkbenchExecution(statement),
    query: statement.statement,
    result:
      state.kind === "succeeded"
        ? {
            columns: state.result.columns,
            tableContent: state.result.rows,
            truncated: state.result.truncated,
          }
        : null,
  };
}
