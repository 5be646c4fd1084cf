import {
  widthOf,
  type Column,
  type ColumnBatch,
  type ColumnType,
  type ColumnVector,
} from "../../src/model/columns.ts";

/**
 * Integers, decimals (unscaled), dates (days) and times (microseconds) as bigint or number, text as string,
 * bytes as Uint8Array.
 */
export type Value = bigint | number | string | boolean | Uint8Array | null;

/** A batch out of rows, as a source would decode it. Null values leave rubbish in the data, as sources do. */
export function batchOf(columns: Column[], rows: Value[][]): ColumnBatch {
  const vectors = columns.map(({ type }, index) =>
    vectorOf(
      type,
      rows.map((row) => row[index] ?? null),
    ),
  );
  const bytes = vectors.reduce((sum, { data }) => sum + data.byteLength, 0);
  return { rows: rows.length, vectors, bytes };
}

function vectorOf(type: ColumnType, values: Value[]): ColumnVector {
  const validity = values.includes(null) ? validityOf(values) : null;
  const width = widthOf(type);
  if (width === 0) return { validity, ...joined(values) };
  const data = new Uint8Array(values.length * width).fill(0x5a);
  const view = new DataView(data.buffer);
  for (const [row, value] of values.entries()) {
    if (value !== null) put(view, row * width, type, value);
  }
  return { validity, data, offsets: null };
}

function validityOf(values: Value[]): Uint8Array {
  const bits = new Uint8Array((values.length + 7) >> 3);
  for (const [row, value] of values.entries()) {
    if (value !== null) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
  }
  return bits;
}

function joined(values: Value[]): { data: Uint8Array; offsets: Uint32Array } {
  const parts = values.map((value) =>
    value instanceof Uint8Array
      ? value
      : new TextEncoder().encode(value === null ? "rubbish under NULL" : String(value)),
  );
  const offsets = new Uint32Array(values.length + 1);
  for (const [row, part] of parts.entries()) offsets[row + 1] = (offsets[row] ?? 0) + part.byteLength;
  return { data: new Uint8Array(Buffer.concat(parts)), offsets };
}

function put(view: DataView, at: number, type: ColumnType, value: Exclude<Value, null>): void {
  switch (type.kind) {
    case "boolean":
      view.setUint8(at, value === true ? 1 : 0);
      break;
    case "float32":
      view.setFloat32(at, Number(value), true);
      break;
    case "float64":
      view.setFloat64(at, Number(value), true);
      break;
    case "text":
    case "bytes":
      break;
    case "int16":
    case "int32":
    case "int64":
    case "decimal":
    case "date":
    case "timestamp":
    case "timestamptz": {
      const unscaled = BigInt(value as bigint | number);
      const width = widthOf(type);
      if (width === 2) view.setInt16(at, Number(unscaled), true);
      else if (width === 4) view.setInt32(at, Number(unscaled), true);
      else view.setBigInt64(at, BigInt.asIntN(64, unscaled), true);
      if (width === 16) view.setBigInt64(at + 8, unscaled >> 64n, true);
    }
  }
}
