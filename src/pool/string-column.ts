import duckdb, { type Vector } from "@duckdb/node-bindings";
import { batchRows, type ColumnVector } from "../model/columns.ts";

/** Bytes that DuckDB keeps inside a string's own 16; longer ones are a 4-byte prefix and a pointer. */
const inlineBytes = 12;

/**
 * Writes text and bytes columns without a native call per value. DuckDB's vector holds 16 bytes per
 * string: its length, then either all of it or a prefix and a pointer into memory that the vector owns.
 * All values of the column are handed over as one string first; its pointer then gives every value's own.
 */
export class StringColumn {
  readonly #words = new Uint32Array(batchRows * 4);

  /** @throws Error naming the column if a text is not UTF-8: DuckDB would drop it silently. */
  write(vector: Vector, source: ColumnVector, rows: number, column: string): void {
    const { data, offsets, validity } = source;
    if (offsets === null || offsets.length <= rows)
      throw new Error(`column "${column}": its offsets are missing`);
    const end = offsets[rows] ?? 0;
    if (end > data.byteLength) throw new Error(`column "${column}": its offsets point behind its data`);
    const base = end > inlineBytes ? ownedCopy(vector, data.subarray(0, end), column) : null;
    const words = this.#words;
    let at = 0;
    for (let row = 0; row < rows; row++, at += 4) {
      const start = offsets[row] ?? 0;
      const isNull = validity !== null && (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 0;
      const length = isNull ? 0 : (offsets[row + 1] ?? 0) - start;
      words[at] = length;
      if (length <= inlineBytes) {
        words[at + 1] = packed(data, start, length);
        words[at + 2] = packed(data, start + 4, length - 4);
        words[at + 3] = packed(data, start + 8, length - 8);
      } else if (base !== null) {
        const low = base.low + start;
        words[at + 1] = packed(data, start, 4);
        words[at + 2] = low;
        words[at + 3] = low > 0xffffffff ? base.high + 1 : base.high;
      }
    }
    duckdb.copy_data_to_vector(vector, 0, words.buffer, 0, rows * 16);
  }
}

/** Up to four bytes as a little-endian word, zeros behind the end. */
function packed(data: Uint8Array, start: number, length: number): number {
  if (length <= 0) return 0;
  let word = data[start] ?? 0;
  if (length > 1) word |= (data[start + 1] ?? 0) << 8;
  if (length > 2) word |= (data[start + 2] ?? 0) << 16;
  if (length > 3) word |= (data[start + 3] ?? 0) << 24;
  return word;
}

/** Lets the vector own a copy of all values and reads where it lies. */
function ownedCopy(vector: Vector, values: Uint8Array, column: string): { low: number; high: number } {
  duckdb.vector_assign_string_element_len(vector, 0, values);
  const entry = duckdb.vector_get_data(vector, 16);
  const view = new DataView(entry.buffer, entry.byteOffset, 16);
  // A text that is no UTF-8 is not refused by the call: it leaves an empty entry.
  if (view.getUint32(0, true) !== values.byteLength)
    throw new Error(`column "${column}": a text that is not UTF-8`);
  return { low: view.getUint32(8, true), high: view.getUint32(12, true) };
}
