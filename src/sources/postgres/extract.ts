import { to as copyTo, type CopyToStreamQuery } from "pg-copy-streams";
import { deferred } from "../../base/deferred.ts";
import { batchRows, type ColumnBatch } from "../../model/columns.ts";
import { RetryableSourceError, isNightdeskError } from "../../model/errors.ts";
import type { TableRead } from "../../model/source.ts";
import type { Link } from "./connect.ts";
import { CopyReader } from "./copy-binary.ts";
import { placeOf, statementError } from "./errors.ts";
import type { RowRate } from "./row-rate.ts";

/** What may wait in memory before the source is held back. */
const bufferedBytes = 256 * 1024;
/** Rows that trickle in are handed over after this, full batch or not. */
const trickleMs = 250;

const operation = "read a table";

/**
 * The rows of one table. While the reader of the batches is busy, or the rate is used up, nothing is taken from
 * the socket, and the source waits. An abort, or a reader that gives up early, ends the session.
 */
export async function* readTable(
  link: Link,
  table: TableRead,
  { rate, signal }: { rate: RowRate | null; signal: AbortSignal },
): AsyncGenerator<ColumnBatch, void, undefined> {
  signal.throwIfAborted();
  // At once, also while the reader of the batches is busy and nobody waits here.
  const onAbort = (): void => void link.kill();
  signal.addEventListener("abort", onAbort, { once: true });
  let complete = false;
  try {
    // The line break ends a comment that a filter may end with.
    const copy = new CopyQuery(`COPY (${table.query}\n) TO STDOUT (FORMAT binary)`);
    const reader = new CopyReader(table.columns, table.label);
    link.submit(copy.query);
    let rows = 0;
    for await (const most of copy.fillings(reader, rate)) {
      if (rate !== null) await rate.take(most, { signal });
      signal.throwIfAborted();
      rows += most;
      yield reader.batch();
      reader.next();
    }
    reader.end();
    const sent = await copy.completed;
    if (sent !== rows) {
      throw new RetryableSourceError(
        `${table.label}: ${String(rows)} rows came, and the source says it sent ${String(sent)}`,
        { operation, place: placeOf(link.access), next: "run the job again" },
      );
    }
    signal.throwIfAborted();
    complete = true;
  } catch (error) {
    if (signal.aborted) {
      await link.kill();
      throw signal.reason;
    }
    if (isNightdeskError(error)) throw error;
    throw statementError(error, link.access, {
      operation,
      subject: table.label,
      next: "correct the filter of the table, or what the message names",
    });
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (!complete) await link.kill();
  }
}

/** A COPY under way: its bytes, and its end in the words of the server. */
class CopyQuery {
  readonly query: CopyToStreamQuery;
  /** Rows the server says it sent, once the session is ready again. */
  readonly completed: Promise<number>;
  #failure: { error: unknown } | null = null;
  #wake: () => void = () => undefined;

  constructor(sql: string) {
    const query = copyTo(sql, { highWaterMark: bufferedBytes });
    const { promise, resolve, reject } = deferred<number>();
    this.query = query;
    this.completed = promise;
    // A failure that is seen in the stream first must not count as unhandled here.
    promise.catch(() => undefined);
    query.on("error", (error) => {
      this.#failure = { error };
      reject(error);
      this.#wake();
    });
    const wake = (): void => {
      this.#wake();
    };
    query.on("readable", wake);
    query.on("end", wake);
    query.on("close", wake);
    // The end of the rows is not yet the end of the statement: the driver calls this when the session is idle again.
    Object.assign(query, {
      handleReadyForQuery: () => {
        resolve(query.rowCount);
      },
    });
  }

  /** Fills the reader again and again; each time a batch is due, gives the number of its rows. */
  async *fillings(reader: CopyReader, rate: RowRate | null): AsyncGenerator<number, void, undefined> {
    for (;;) {
      if (reader.fill(rate?.most ?? batchRows)) {
        yield reader.rows;
        continue;
      }
      const chunk = this.#read();
      if (chunk !== null) {
        reader.push(chunk);
      } else if (this.query.readableEnded) {
        if (reader.rows > 0) yield reader.rows;
        return;
      } else if ((await this.#arrival(reader.rows > 0)) === "quiet") {
        yield reader.rows;
      }
    }
  }

  #read(): Buffer | null {
    if (this.#failure !== null) throw this.#failure.error;
    return this.query.read() as Buffer | null;
  }

  /** Waits for bytes, the end or a failure; with rows in hand not for long. */
  #arrival(withRows: boolean): Promise<"arrived" | "quiet"> {
    return new Promise((resolve) => {
      const limit = withRows
        ? setTimeout(() => {
            settle("quiet");
          }, trickleMs)
        : undefined;
      const settle = (how: "arrived" | "quiet"): void => {
        clearTimeout(limit);
        this.#wake = () => undefined;
        resolve(how);
      };
      this.#wake = () => {
        settle("arrived");
      };
    });
  }
}
