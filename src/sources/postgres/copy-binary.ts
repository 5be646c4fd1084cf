import type { Column, ColumnBatch } from "../../model/columns.ts";
import { batchRows } from "../../model/columns.ts";
import { FatalSourceError, RetryableSourceError } from "../../model/errors.ts";
import { columnDecoder, type Bytes, type ColumnDecoder } from "./decode.ts";

const signature = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const headerBytes = signature.length + 8;
const trailer = -1;
const nullLength = -1;
/** A batch of long values ends here instead of at `batchRows`: memory stays constant. */
const batchBytes = 4 * 1024 * 1024;

/**
 * Reads PostgreSQL's binary COPY format, cut into chunks anywhere, into batches of columns. Rows go straight from
 * the chunk into the vectors; only a row that is cut off by the end of a chunk is kept and read again.
 */
export class CopyReader {
  readonly #label: string;
  readonly #columns: ColumnDecoder[];
  #chunk: Bytes = bytesOf(Buffer.alloc(0));
  /** Where a chunk is put together with what the one before it left; grows to the longest row. */
  #store = Buffer.alloc(0);
  /** First byte that was not read yet, in the chunk. */
  #at = 0;
  /** Bytes from `#at` on without which the row that was begun cannot be read. */
  #needed = 0;
  #phase: "header" | "rows" | "over" = "header";
  #rows = 0;
  #bytes = 0;

  /** `label` is the table, for errors. */
  constructor(columns: Column[], label: string) {
    this.#label = label;
    this.#columns = columns.map((column) => columnDecoder(column, label));
  }

  /** Rows read into the batch so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Takes the next chunk of the stream. What came before it has been read as far as it can be. */
  push(chunk: Buffer): void {
    const { bytes } = this.#chunk;
    const rest = bytes.length - this.#at;
    if (rest === 0) {
      this.#chunk = bytesOf(chunk);
      if (this.#store.length > batchBytes) this.#store = Buffer.alloc(0);
    } else {
      this.#chunk = bytesOf(this.#joined(bytes.subarray(this.#at), chunk));
    }
    this.#at = 0;
  }

  /**
   * Reads rows until the batch has `most` rows or is large (true), or the chunk is used up (false).
   * @throws FatalSourceError naming the column for a value that does not fit, or for a stream that is not COPY's.
   */
  fill(most: number): boolean {
    if (this.#chunk.bytes.length - this.#at < this.#needed) return false;
    if (this.#phase === "header" && !this.#readHeader()) return false;
    while (this.#phase === "rows") {
      if (this.#rows >= most || this.#rows >= batchRows || this.#bytes >= batchBytes) return true;
      if (!this.#readRow()) return false;
    }
    if (this.#phase === "over" && this.#at < this.#chunk.bytes.length)
      throw this.#broken("bytes after the last row");
    return false;
  }

  /** The batch as it is, at least one row; valid until the next call of `next`. */
  batch(): ColumnBatch {
    const rows = this.#rows;
    return { rows, bytes: this.#bytes, vectors: this.#columns.map((column) => column.vector(rows)) };
  }

  /** Begins the next batch in the same buffers. */
  next(): void {
    this.#rows = 0;
    this.#bytes = 0;
    for (const column of this.#columns) column.reset();
  }

  /** The stream has ended. @throws RetryableSourceError if it did so before its own end mark. */
  end(): void {
    if (this.#phase === "over") return;
    throw new RetryableSourceError(`the rows of ${this.#label} ended in the middle`, {
      operation: "read a table",
      next: "look at the source and run the job again",
    });
  }

  #readHeader(): boolean {
    const { bytes, view } = this.#chunk;
    if (bytes.length < headerBytes) return this.#wait(headerBytes);
    if (!bytes.subarray(0, signature.length).equals(signature)) throw this.#broken("an unknown signature");
    // The lower half of the flags is free for use and may be passed over; the upper half changes the format.
    if (view.getUint32(signature.length) >>> 16 !== 0) throw this.#broken("unknown flags");
    const length = headerBytes + view.getUint32(signature.length + 4);
    if (bytes.length < length) return this.#wait(length);
    this.#consume(length);
    this.#phase = "rows";
    return true;
  }

  #readRow(): boolean {
    const chunk = this.#chunk;
    const { view } = chunk;
    const start = this.#at;
    const end = view.byteLength;
    if (end - start < 2) return this.#wait(2);
    const fields = view.getInt16(start);
    if (fields === trailer) {
      this.#consume(start + 2);
      this.#phase = "over";
      return true;
    }
    const columns = this.#columns;
    if (fields !== columns.length) throw this.#broken(`a row of ${String(fields)} fields`);
    const row = this.#rows;
    let at = start + 2;
    for (const column of columns) {
      if (end - at < 4) return this.#wait(at + 4 - start);
      const length = view.getInt32(at);
      at += 4;
      if (length >= 0) {
        if (end - at < length) return this.#wait(at + length - start);
        column.value(chunk, at, length, row);
        at += length;
      } else {
        if (length !== nullLength) throw this.#broken(`a field of ${String(length)} bytes`);
        column.null(row);
      }
    }
    this.#consume(at);
    this.#rows = row + 1;
    return true;
  }

  #consume(to: number): void {
    this.#bytes += to - this.#at;
    this.#at = to;
    this.#needed = 0;
  }

  /** A long value comes in many chunks: the row is tried again only when the field that was missing is there. */
  #wait(needed: number): false {
    this.#needed = needed;
    return false;
  }

  #joined(rest: Buffer, chunk: Buffer): Buffer {
    const length = rest.length + chunk.length;
    let store = this.#store;
    if (length > store.length) store = Buffer.allocUnsafeSlow(Math.max(length, store.length * 2));
    // A long value grows at the start of the store, and is not moved again with every chunk.
    const inPlace = rest.buffer === store.buffer && rest.byteOffset === store.byteOffset;
    if (!inPlace) rest.copy(store);
    chunk.copy(store, rest.length);
    this.#store = store;
    return store.subarray(0, length);
  }

  #broken(what: string): FatalSourceError {
    return new FatalSourceError(`the answer for ${this.#label} is not what COPY sends: ${what}`, {
      operation: "read a table",
      next: "check that the connection leads to a PostgreSQL server, and report this",
    });
  }
}

function bytesOf(bytes: Buffer): Bytes {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}
