import { isAscii, isUtf8 } from "node:buffer";
import { batchRows, widthOf, type Column, type ColumnVector } from "../../model/columns.ts";
import { FatalSourceError } from "../../model/errors.ts";
import { numericText, numericWriter } from "./decode-numeric.ts";

/** A piece of the stream, and the same bytes as numbers in network order. */
export interface Bytes {
  bytes: Buffer;
  view: DataView;
}

/**
 * Takes the fields of one column into a vector that is used again for every batch. Writing the same row again
 * gives the same vector: a row that was cut off by the end of a chunk is simply read again.
 */
export interface ColumnDecoder {
  /** Field of `length` bytes at `at`, for row `row`. */
  value(from: Bytes, at: number, length: number, row: number): void;
  null(row: number): void;
  /** The first `rows` rows; valid until `reset`. */
  vector(rows: number): ColumnVector;
  reset(): void;
}

/** Days and microseconds from 1970-01-01, the zero of a batch, to 2000-01-01, the zero of PostgreSQL. */
const epochDays = 10957;
const epochMicros = 946684800000000n;
const epochLow = Number(epochMicros & 0xffffffffn);
const epochHigh = Number(epochMicros >> 32n);

const maxInt32 = 0x7fffffff;
const minInt32 = -0x80000000;
const maxUint32 = 0xffffffff;
const limbSize = 2 ** 32;

type WriteFixed = (from: Bytes, at: number, length: number, row: number) => void;

/** `label` is the table, for errors. */
export function columnDecoder(column: Column, label: string): ColumnDecoder {
  return widthOf(column.type) === 0 ? variableDecoder(column, label) : fixedDecoder(column, label);
}

function fixedDecoder(column: Column, label: string): ColumnDecoder {
  const width = widthOf(column.type);
  const buffer = new ArrayBuffer(batchRows * width);
  const data = new Uint8Array(buffer);
  const validity = new Validity();
  return {
    value: fixedWriter(column, label, buffer, width),
    null: (row) => {
      validity.clear(row);
    },
    vector: (rows) => ({ validity: validity.bits, data: data.subarray(0, rows * width), offsets: null }),
    reset: () => {
      validity.reset();
    },
  };
}

class Validity {
  readonly #bits = new Uint8Array(batchRows / 8).fill(0xff);
  #nulls = false;

  clear(row: number): void {
    this.#nulls = true;
    const at = row >> 3;
    this.#bits[at] = (this.#bits[at] ?? 0) & ~(1 << (row & 7));
  }

  get bits(): Uint8Array | null {
    return this.#nulls ? this.#bits : null;
  }

  reset(): void {
    if (this.#nulls) this.#bits.fill(0xff);
    this.#nulls = false;
  }
}

function fixedWriter(column: Column, label: string, buffer: ArrayBuffer, width: number): WriteFixed {
  const { type } = column;
  switch (type.kind) {
    case "boolean": {
      const values = new Uint8Array(buffer);
      return ofLength(1, column, label, ({ bytes }, at, _length, row) => {
        values[row] = bytes[at] ?? 0;
      });
    }
    case "int16": {
      const values = new Int16Array(buffer);
      return ofLength(2, column, label, ({ view }, at, _length, row) => {
        values[row] = view.getInt16(at);
      });
    }
    case "int32":
    case "float32": {
      // A float is moved as the bits it is, so that no NaN is changed.
      const values = new Int32Array(buffer);
      return ofLength(4, column, label, ({ view }, at, _length, row) => {
        values[row] = view.getInt32(at);
      });
    }
    case "int64":
    case "float64": {
      const words = new Int32Array(buffer);
      return ofLength(8, column, label, ({ view }, at, _length, row) => {
        words[row * 2 + 1] = view.getInt32(at);
        words[row * 2] = view.getInt32(at + 4);
      });
    }
    case "date": {
      const values = new Int32Array(buffer);
      return ofLength(4, column, label, ({ view }, at, _length, row) => {
        const days = view.getInt32(at);
        values[row] = days === maxInt32 ? maxInt32 : days === minInt32 ? -maxInt32 : days + epochDays;
      });
    }
    case "timestamp":
    case "timestamptz":
      return ofLength(8, column, label, timestampWriter(column, label, buffer));
    case "decimal": {
      const { precision, scale } = type;
      const write = numericWriter(buffer, width, precision, scale);
      return ({ view }, at, length, row) => {
        if (write(view, at, length, row)) return;
        const value = numericText(view, at);
        throw misfit(column, label, value, `DECIMAL(${String(precision)},${String(scale)})`);
      };
    }
    case "text":
    case "bytes":
      throw new RangeError(`${type.kind} has no fixed width`);
  }
}

/** Moves the zero from 2000 to 1970 in two halves of 32 bits. */
function timestampWriter(column: Column, label: string, buffer: ArrayBuffer): WriteFixed {
  const words = new Int32Array(buffer);
  return ({ view }, at, _length, row) => {
    const high = view.getInt32(at);
    const low = view.getUint32(at + 4);
    const target = row * 2;
    if (high === maxInt32 && low === maxUint32) {
      words[target] = -1;
      words[target + 1] = maxInt32;
      return;
    }
    if (high === minInt32 && low === 0) {
      words[target] = 1;
      words[target + 1] = minInt32;
      return;
    }
    const sumLow = low + epochLow;
    const sumHigh = high + epochHigh + (sumLow >= limbSize ? 1 : 0);
    if (sumHigh > maxInt32 || (sumHigh === maxInt32 && sumLow % limbSize === maxUint32)) {
      const micros = view.getBigInt64(at) + epochMicros;
      throw misfit(
        column,
        label,
        `${String(micros)} microseconds after 1970`,
        "a timestamp before the year 294247",
      );
    }
    words[target] = sumLow;
    words[target + 1] = sumHigh;
  };
}

function ofLength(expected: number, column: Column, label: string, write: WriteFixed): WriteFixed {
  return (from, at, length, row) => {
    if (length !== expected) {
      throw new FatalSourceError(
        `column "${column.name}" of ${label} came with ${String(length)} bytes instead of ${String(expected)}`,
        {
          operation: "read a table",
          next: "the table may have been changed while it was read: run the job again",
        },
      );
    }
    write(from, at, length, row);
  };
}

function misfit(column: Column, label: string, value: string, type: string): FatalSourceError {
  const shown = value.length > 200 ? `${value.slice(0, 200)}... (${String(value.length)} characters)` : value;
  return new FatalSourceError(`value ${shown} in column "${column.name}" of ${label} does not fit ${type}`, {
    operation: "read a table",
    next: "give the column a preferredType: VARCHAR, DOUBLE or a DECIMAL(p,s) that holds it",
  });
}

/** Below this a loop is faster than the call into native code. */
const copyLoopLimit = 24;
const firstTextBytes = 32 * 1024;
/** Memory of a column that one long value needed is given back above this. */
const keptTextBytes = 16 * 1024 * 1024;

function variableDecoder(column: Column, label: string): ColumnDecoder {
  let data: Buffer = Buffer.allocUnsafeSlow(firstTextBytes);
  const offsets = new Uint32Array(batchRows + 1);
  const validity = new Validity();
  const isText = column.type.kind === "text";
  return {
    value: ({ bytes }, at, length, row) => {
      const start = offsets[row] ?? 0;
      const end = start + length;
      if (end > data.length) data = grown(data, start, end);
      if (length <= copyLoopLimit) {
        for (let index = 0; index < length; index += 1) data[start + index] = bytes[at + index] ?? 0;
      } else {
        bytes.copy(data, start, at, at + length);
      }
      offsets[row + 1] = end;
    },
    null: (row) => {
      validity.clear(row);
      offsets[row + 1] = offsets[row] ?? 0;
    },
    vector: (rows) => {
      const used = data.subarray(0, offsets[rows] ?? 0);
      // PostgreSQL itself refuses to send them; what only speaks like it may not, and a column store trusts its texts.
      if (isText && !isAscii(used) && !areUtf8(used, offsets, rows))
        throw notUtf8(column, label, used, offsets, rows);
      return { validity: validity.bits, data: used, offsets };
    },
    reset: () => {
      validity.reset();
      if (data.length > keptTextBytes) data = Buffer.allocUnsafeSlow(firstTextBytes);
    },
  };
}

/** Together they are UTF-8, and none begins in the middle of a character that another one began. */
function areUtf8(data: Buffer, offsets: Uint32Array, rows: number): boolean {
  if (!isUtf8(data)) return false;
  for (let row = 0; row < rows; row += 1) {
    const start = offsets[row] ?? 0;
    // An empty one has no byte of its own, and the one behind it is asked the same.
    if (((data[start] ?? 0) & 0xc0) === 0x80) return false;
  }
  return true;
}

function grown(data: Buffer, used: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, data.length * 2));
  data.copy(larger, 0, 0, used);
  return larger;
}

function notUtf8(
  column: Column,
  label: string,
  data: Buffer,
  offsets: Uint32Array,
  rows: number,
): FatalSourceError {
  let shown = "";
  for (let row = 0; row < rows && shown === ""; row += 1) {
    const value = data.subarray(offsets[row], offsets[row + 1]);
    if (!isUtf8(value)) shown = `\\x${value.subarray(0, 100).toString("hex")}`;
  }
  return new FatalSourceError(`value ${shown} in column "${column.name}" of ${label} is not text in UTF-8`, {
    operation: "read a table",
    next: "leave the column out, or repair the text at the source",
  });
}
