import type { ColumnType } from "../../model/columns.ts";
import { quoteName } from "./quote.ts";

/** How a column of the source is read: its type on the way, and its expression in the SELECT. */
export interface ReadType {
  type: ColumnType;
  expression: string;
}

/** Type names that are stable in pg_type; every other type is read as the text the server makes of it. */
const plainTypes: Record<string, ColumnType> = {
  bool: { kind: "boolean" },
  int2: { kind: "int16" },
  int4: { kind: "int32" },
  int8: { kind: "int64" },
  float4: { kind: "float32" },
  float8: { kind: "float64" },
  date: { kind: "date" },
  timestamp: { kind: "timestamp" },
  timestamptz: { kind: "timestamptz" },
  bytea: { kind: "bytes" },
  text: { kind: "text" },
  varchar: { kind: "text" },
  bpchar: { kind: "text" },
  name: { kind: "text" },
};

const mostDigits = 38;
const defaultDecimal: ColumnType = { kind: "decimal", precision: mostDigits, scale: 12 };

/**
 * @param typeName base type in pg_catalog (domains resolved); null for a type of any other schema
 * @param modifier atttypmod, -1 if there is none
 * @param preferred type of the pool the user asked for; decides how a numeric is read, and a text that is to be a number
 */
export function readTypeOf(
  columnName: string,
  { typeName, modifier, preferred }: { typeName: string | null; modifier: number; preferred: string | null },
): ReadType {
  const name = quoteName(columnName);
  if (typeName === "numeric") return numericType(name, modifier, preferred);
  const plain = typeName === null ? undefined : plainTypes[typeName];
  if (plain?.kind === "text") return textType(name, preferred);
  if (plain !== undefined) return { type: plain, expression: name };
  return textType(`${name}::text`, preferred);
}

/**
 * A text that the user wants as a number becomes one at the source, which refuses what it would have to change.
 * The pool would round it, and make infinity of 1e400.
 */
function textType(expression: string, preferred: string | null): ReadType {
  const wanted = preferred === null ? null : preferredNumeric(preferred);
  if (wanted?.kind === "decimal") return { type: wanted, expression: `${expression}::numeric` };
  if (wanted?.kind === "float64") return { type: wanted, expression: `${expression}::float8` };
  const isFloat = preferred !== null && /^\s*(float|real)\s*$/i.test(preferred);
  if (isFloat) return { type: { kind: "float32" }, expression: `${expression}::float4` };
  return { type: { kind: "text" }, expression };
}

function numericType(name: string, modifier: number, preferred: string | null): ReadType {
  const wanted = preferred === null ? null : preferredNumeric(preferred);
  if (wanted?.kind === "text") return { type: wanted, expression: `${name}::text` };
  if (wanted?.kind === "float64") return { type: wanted, expression: `${name}::float8` };
  return { type: wanted ?? declaredDecimal(modifier) ?? defaultDecimal, expression: name };
}

/** DECIMAL of a declared numeric(p,s), where the pool has one. */
function declaredDecimal(modifier: number): ColumnType | null {
  if (modifier < 4) return null;
  const precision = ((modifier - 4) >> 16) & 0xffff;
  // 11 bits with a sign since PostgreSQL 15; older servers have no scale above 1000 and none below 0.
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  return precision <= mostDigits && scale >= 0 && scale <= precision
    ? { kind: "decimal", precision, scale }
    : null;
}

/** Digits that hold every value of the pool's integer types. */
const wholeDigits: Readonly<Record<string, number>> = {
  TINYINT: 3,
  SMALLINT: 5,
  INT: 10,
  INTEGER: 10,
  BIGINT: 19,
  HUGEINT: mostDigits,
};

/** What a preferred type means for a numeric, or a text as one; null: read it as without one, the pool converts. */
function preferredNumeric(preferred: string): ColumnType | null {
  const [, word = "", precisionText, scaleText] =
    /^\s*([a-z ]*[a-z0-9])\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*$/i.exec(preferred) ?? [];
  switch (word.toUpperCase()) {
    case "VARCHAR":
    case "TEXT":
    case "STRING":
      return { kind: "text" };
    case "DOUBLE":
    case "DOUBLE PRECISION":
    case "FLOAT8":
      return { kind: "float64" };
    case "DECIMAL":
    case "NUMERIC": {
      // DuckDB's own defaults: DECIMAL is DECIMAL(18,3), DECIMAL(p) is DECIMAL(p,0).
      const precision = precisionText === undefined ? 18 : Number(precisionText);
      const scale = scaleText === undefined ? (precisionText === undefined ? 3 : 0) : Number(scaleText);
      return precision >= 1 && precision <= mostDigits && scale <= precision
        ? { kind: "decimal", precision, scale }
        : null;
    }
    default: {
      // Read as whole numbers, so that a value with a fraction is refused and not rounded.
      const digits = wholeDigits[word.toUpperCase()];
      return digits === undefined ? null : { kind: "decimal", precision: digits, scale: 0 };
    }
  }
}
