import { onTestFinished } from "vitest";
import type { Column, ColumnVector } from "../../src/model/columns.ts";
import { widthOf } from "../../src/model/columns.ts";
import type { ColumnSelection, PostgresConfiguration, TableExtraction } from "../../src/model/definitions.ts";
import type { SourceAccess, SourceControl, SourceSession, TableRead } from "../../src/model/source.ts";
import { postgresSource } from "../../src/sources/postgres/index.ts";
import type { TestDatabase } from "./postgres.ts";

/** A signal that never aborts. */
export const never = new AbortController().signal;

export function accessTo(database: TestDatabase, changes: Partial<PostgresConfiguration> = {}): SourceAccess {
  const { host, port, user, password } = database;
  return {
    name: "SAP ECC",
    password,
    configuration: { host, port, database: database.database, user, ssl: { mode: "disable" }, ...changes },
  };
}

/** An extraction of `schema.table` or `table`; schema public where none is named. */
export function tableOf(tableName: string, changes: Partial<TableExtraction> = {}): TableExtraction {
  return {
    id: "",
    taskId: "",
    jobId: "",
    tableName,
    schemaName: null,
    targetTableName: null,
    filter: null,
    deltaFilter: null,
    columns: [],
    useManualPrimaryKeys: false,
    disabled: false,
    position: 1,
    extra: {},
    ...changes,
  };
}

export function select(
  columnName: string,
  preferredType: string | null = null,
  primaryKey = false,
): ColumnSelection {
  return { columnName, primaryKey, preferredType };
}

/** A session that is closed at the end of the test. */
export async function openSession(access: SourceAccess, tag = "nd:test"): Promise<SourceSession> {
  const session = await postgresSource.open(access, tag, { signal: never });
  onTestFinished(() => session.close());
  return session;
}

export async function openControl(access: SourceAccess): Promise<SourceControl> {
  const control = await postgresSource.control(access, { signal: never });
  onTestFinished(() => control.close());
  return control;
}

/** Why `promise` rejects. From the call on it counts as handled, so that other things may be done before the await. */
export async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => {
      throw new Error("it did not reject");
    },
    (reason: unknown) => reason,
  );
}

/** What a reader of the batches sees, as text: null, or the value as `textAt` writes it. */
export type TextRow = (string | null)[];

export async function readAll(session: SourceSession, table: TableRead): Promise<TextRow[]> {
  const rows: TextRow[] = [];
  for await (const batch of session.read(table, { signal: never })) {
    for (let row = 0; row < batch.rows; row += 1) {
      rows.push(batch.vectors.map((vector, index) => textAt(vector, table.columns[index], row)));
    }
  }
  return rows;
}

export async function readTable(session: SourceSession, table: TableExtraction): Promise<TextRow[]> {
  return await readAll(session, await session.describe(table, { signal: never }));
}

/**
 * Numbers, booleans, texts as the server writes them; bytes as \x and hex; dates as days and times as microseconds
 * since 1970, or `infinity`.
 */
function textAt(vector: ColumnVector, column: Column | undefined, row: number): string | null {
  if (column === undefined) throw new Error("more vectors than columns");
  if (vector.validity !== null && ((vector.validity[row >> 3] ?? 0) & (1 << (row & 7))) === 0) return null;
  const { type } = column;
  const width = widthOf(type);
  const [from, to] =
    vector.offsets === null
      ? [row * width, (row + 1) * width]
      : [vector.offsets[row], vector.offsets[row + 1]];
  const value = Buffer.from(vector.data.subarray(from, to));
  switch (type.kind) {
    case "boolean":
      return value[0] === 1 ? "true" : "false";
    case "int16":
      return String(value.readInt16LE());
    case "int32":
      return String(value.readInt32LE());
    case "int64":
      return String(value.readBigInt64LE());
    case "float32":
      return String(value.readFloatLE());
    case "float64":
      return String(value.readDoubleLE());
    case "decimal":
      return decimalText(integerOf(value), type.scale);
    case "date":
      return finite(BigInt(value.readInt32LE()), 2n ** 31n - 1n);
    case "timestamp":
    case "timestamptz":
      return finite(value.readBigInt64LE(), 2n ** 63n - 1n);
    case "text":
      return value.toString();
    case "bytes":
      return `\\x${value.toString("hex")}`;
  }
}

function finite(value: bigint, infinity: bigint): string {
  return value === infinity ? "infinity" : value === -infinity ? "-infinity" : String(value);
}

/** Little endian, two's complement, of any width. */
function integerOf(value: Buffer): bigint {
  const unsigned = BigInt(`0x${Buffer.from(value).reverse().toString("hex")}`);
  return BigInt.asIntN(value.length * 8, unsigned);
}

function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
}
