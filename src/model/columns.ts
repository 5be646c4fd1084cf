/**
 * Rows on their way from a source to a pool, column by column, in the physical layout most column
 * stores share. The source decodes into it, the pool copies out of it; neither knows the other.
 */

export type ColumnType =
  | { kind: "boolean" } // 1 byte, 0 or 1
  | { kind: "int16" }
  | { kind: "int32" }
  | { kind: "int64" }
  | { kind: "float32" }
  | { kind: "float64" }
  /** Unscaled two's complement: 2 bytes for precision <= 4, 4 for <= 9, 8 for <= 18, 16 for <= 38. */
  | { kind: "decimal"; precision: number; scale: number }
  /** int32 days since 1970-01-01; 2147483647 and -2147483647 are +/- infinity. */
  | { kind: "date" }
  /** int64 microseconds since 1970-01-01; 2^63-1 and -(2^63-1) are +/- infinity. */
  | { kind: "timestamp" }
  | { kind: "timestamptz" }
  | { kind: "text" } // UTF-8
  | { kind: "bytes" };

export interface Column {
  name: string;
  type: ColumnType;
}

/** Values of one column in a batch. Little endian. The content under a NULL is unspecified. */
export interface ColumnVector {
  /** Bit r (least significant first) is 1 where row r has a value; null when no row is NULL. */
  validity: Uint8Array | null;
  /** Fixed-width values, row r at r * width; for text and bytes the concatenated values. */
  data: Uint8Array;
  /** Text and bytes only: row r is data[offsets[r], offsets[r + 1]). */
  offsets: Uint32Array | null;
}

/** Most rows in one batch: the vector size of the pool's store. */
export const batchRows = 2048;

/** At most `batchRows` rows. Buffers are used again: a batch is valid until the next one is asked for. */
export interface ColumnBatch {
  rows: number;
  vectors: ColumnVector[];
  /** Bytes received from the source for this batch. */
  bytes: number;
}

/** Bytes of one value of a fixed-width type; 0 for text and bytes. */
export function widthOf(type: ColumnType): number {
  switch (type.kind) {
    case "boolean":
      return 1;
    case "int16":
      return 2;
    case "int32":
    case "float32":
    case "date":
      return 4;
    case "int64":
    case "float64":
    case "timestamp":
    case "timestamptz":
      return 8;
    case "decimal":
      return type.precision <= 4 ? 2 : type.precision <= 9 ? 4 : type.precision <= 18 ? 8 : 16;
    case "text":
    case "bytes":
      return 0;
  }
}
