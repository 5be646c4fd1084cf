import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  FLOAT,
  INTEGER,
  SMALLINT,
  TIMESTAMP,
  TIMESTAMPTZ,
  VARCHAR,
  type DuckDBType,
} from "@duckdb/node-api";
import type { Column, ColumnType } from "../model/columns.ts";
import { UserError } from "../model/errors.ts";
import type { StagingTarget } from "../model/pool-store.ts";
import { changeDateColumn } from "./names.ts";

/** The type whose vectors have exactly our physical layout, so that columns are copied without a look at values. */
export function nativeType(type: ColumnType): DuckDBType {
  switch (type.kind) {
    case "boolean":
      return BOOLEAN;
    case "int16":
      return SMALLINT;
    case "int32":
      return INTEGER;
    case "int64":
      return BIGINT;
    case "float32":
      return FLOAT;
    case "float64":
      return DOUBLE;
    case "decimal":
      return DECIMAL(type.precision, type.scale);
    case "date":
      return DATE;
    case "timestamp":
      return TIMESTAMP;
    case "timestamptz":
      return TIMESTAMPTZ;
    case "text":
      return VARCHAR;
    case "bytes":
      return BLOB;
  }
}

/** How `nativeType` is spelled in DDL and in what `columns()` shows. */
function spelled(type: ColumnType): string {
  if (type.kind === "timestamptz") return "TIMESTAMP WITH TIME ZONE";
  return nativeType(type).toString();
}

const scalarType =
  /^(BOOLEAN|TINYINT|SMALLINT|INTEGER|INT|BIGINT|HUGEINT|FLOAT|REAL|DOUBLE|DATE|TIMESTAMP|TIMESTAMPTZ|TIMESTAMP WITH TIME ZONE|TIME|VARCHAR|TEXT|BLOB|UUID)$/;
const sizedType = /^(DECIMAL|NUMERIC|VARCHAR) ?\( ?\d{1,7} ?(, ?\d{1,2} ?)?\)$/;

/** The columns of a staging table, the change date last. @throws UserError for names or types that cannot stand. */
export function declaredColumns(target: StagingTarget): { name: string; type: string }[] {
  const seen = new Map<string, string>();
  for (const { name } of target.columns) {
    const key = name.toLowerCase();
    const twin = seen.get(key);
    if (key === changeDateColumn.toLowerCase()) {
      throw refused(target, name, `the name ${changeDateColumn} is taken by the time of the extraction`);
    }
    if (twin !== undefined) {
      throw refused(
        target,
        name,
        `columns "${twin}" and "${name}" are the same name here, because case is not told apart`,
      );
    }
    seen.set(key, name);
  }
  const columns = target.columns.map((column) => ({ name: column.name, type: declaredType(target, column) }));
  return [...columns, { name: changeDateColumn, type: "TIMESTAMP" }];
}

function declaredType(target: StagingTarget, column: Column): string {
  const preferred = Object.hasOwn(target.preferredTypes, column.name)
    ? target.preferredTypes[column.name]
    : undefined;
  if (preferred === undefined) return spelled(column.type);
  // The text goes into DDL, so only spellings that are nothing but a type are let through.
  const type = preferred.trim().replace(/\s+/g, " ").toUpperCase();
  if (!scalarType.test(type) && !sizedType.test(type)) {
    throw refused(target, column.name, `"${preferred}" is not a column type of the pool`);
  }
  return type;
}

function refused(target: StagingTarget, column: string, message: string): UserError {
  return new UserError("invalid", message, {
    operation: "make the table for the extraction",
    place: `table "${target.table}", column "${column}"`,
    next: "leave the column out, or rename it in a view at the source",
  });
}
