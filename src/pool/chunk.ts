import { DuckDBDataChunk, TIMESTAMP } from "@duckdb/node-api";
import duckdb, { type Vector } from "@duckdb/node-bindings";
import { batchRows, widthOf, type Column, type ColumnBatch, type ColumnVector } from "../model/columns.ts";
import { nativeType } from "./column-types.ts";
import { StringColumn } from "./string-column.ts";

/**
 * Turns batches into DuckDB chunks by copying whole columns: no value is looked at, except the strings'
 * lengths. One chunk and its buffers are used again for every batch.
 */
export class ChunkWriter {
  readonly #columns: Column[];
  readonly #widths: number[];
  readonly #chunk: DuckDBDataChunk;
  readonly #strings = new StringColumn();
  readonly #changeDates: BigInt64Array<ArrayBuffer>;

  /** `changeDate`: epoch milliseconds, written into one more column after `columns`. */
  constructor(columns: Column[], changeDate: number) {
    this.#columns = columns;
    this.#widths = columns.map(({ type }) => widthOf(type));
    this.#chunk = DuckDBDataChunk.create([...columns.map(({ type }) => nativeType(type)), TIMESTAMP]);
    this.#changeDates = new BigInt64Array(batchRows).fill(BigInt(changeDate) * 1000n);
  }

  /** The batch as a chunk, valid until the next call. @throws Error naming the column that does not hold what it should. */
  write(batch: ColumnBatch): DuckDBDataChunk {
    const { rows, vectors } = batch;
    if (rows > batchRows || vectors.length !== this.#columns.length) {
      throw new Error(
        `a batch of ${String(rows)} rows and ${String(vectors.length)} columns does not fit ${String(batchRows)} rows and ${String(this.#columns.length)} columns`,
      );
    }
    this.#chunk.reset();
    for (const [index, source] of vectors.entries()) {
      this.#writeColumn(this.#vector(index), index, source, rows);
    }
    duckdb.copy_data_to_vector(this.#vector(vectors.length), 0, this.#changeDates.buffer, 0, rows * 8);
    this.#chunk.rowCount = rows;
    return this.#chunk;
  }

  #vector(index: number): Vector {
    return duckdb.data_chunk_get_vector(this.#chunk.chunk, index);
  }

  #writeColumn(vector: Vector, index: number, source: ColumnVector, rows: number): void {
    const width = this.#widths[index] ?? 0;
    if (width === 0) {
      this.#strings.write(vector, source, rows, this.#columns[index]?.name ?? "");
    } else {
      this.#require(source.data, rows * width, index);
      duckdb.copy_data_to_vector(vector, 0, bufferOf(source.data), source.data.byteOffset, rows * width);
    }
    if (source.validity !== null) {
      const bytes = (rows + 7) >> 3;
      this.#require(source.validity, bytes, index);
      duckdb.vector_ensure_validity_writable(vector);
      duckdb.copy_data_to_vector_validity(
        vector,
        0,
        bufferOf(source.validity),
        source.validity.byteOffset,
        bytes,
      );
    }
  }

  /** The native copy reads memory unchecked: a buffer that is too short must not reach it. */
  #require(data: Uint8Array, bytes: number, index: number): void {
    if (data.byteLength < bytes) {
      throw new Error(
        `column "${this.#columns[index]?.name ?? ""}": ${String(data.byteLength)} bytes where ${String(bytes)} are needed`,
      );
    }
  }
}

/** The bindings take an ArrayBuffer; a batch never stands on shared memory. */
function bufferOf(data: Uint8Array): ArrayBuffer {
  return data.buffer as ArrayBuffer;
}
