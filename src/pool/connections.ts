import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { failpoint } from "../base/failpoint.ts";
import { errorLine } from "../model/errors.ts";

/** How often an interrupt is repeated until the statement has ended: one that comes between two steps of it is lost. */
const interruptEveryMs = 50;

/** How long a rollback, or the dropping of a staging table, may take. */
const cleanUpMs = 15_000;

/**
 * Connections of one open pool. Each piece of work gets a fresh one, so that no search path, temporary
 * table or open transaction reaches the next.
 */
export class Connections {
  readonly #instance: DuckDBInstance;
  readonly #work = new Set<Promise<unknown>>();
  readonly #onStuck: (why: string) => void;
  #closed = false;

  /** @param onStuck told when a clean-up has not ended in its time: only the end of this process ends it then. */
  constructor(instance: DuckDBInstance, onStuck: (why: string) => void) {
    this.#instance = instance;
    this.#onStuck = onStuck;
  }

  /** A connection that the caller disconnects. */
  async open(): Promise<DuckDBConnection> {
    if (this.#closed) throw new Error("the pool store is closed");
    return this.#instance.connect();
  }

  /** Lends a connection for one piece of work; `close` waits for it. */
  async lend<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const done = (async () => {
      const connection = await this.open();
      try {
        return await work(connection);
      } finally {
        connection.disconnectSync();
      }
    })();
    this.#work.add(done);
    try {
      return await done;
    } finally {
      this.#work.delete(done);
    }
  }

  /**
   * Undoes something, under a deadline of its own: whoever waits for it may be a run that is proven to be over
   * only when it ends. `after` is what led here: an error must not be lost if this hangs.
   */
  async cleanUp(what: string, after: unknown, work: () => Promise<void>): Promise<void> {
    const timer = setTimeout(() => {
      // A stop's reason is data, not an error.
      const cause = after instanceof Error ? `, after: ${errorLine(after)}` : "";
      this.#onStuck(`${what} did not end within ${String(cleanUpMs / 1000)} s${cause}`);
    }, cleanUpMs);
    try {
      await work();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends a transaction without a trace. Never throws: without a transaction, or in a broken store, there is none to end. */
  async rollBack(connection: DuckDBConnection, after: unknown): Promise<void> {
    await this.cleanUp("rolling back", after, async () => {
      await failpoint("rollback.begun");
      // The error that led here is the one to report.
      await connection.run("ROLLBACK").catch(() => undefined);
    });
  }

  /** Refuses new work, waits for what runs, closes the file. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled(this.#work);
    this.#instance.closeSync();
  }
}

/**
 * Runs a statement that `signal` interrupts. An interrupt before it runs would be lost, so the signal is
 * looked at first; then the interrupt is repeated until the statement has ended.
 * @throws the signal's reason if it was aborted and the statement did not succeed.
 */
export async function interruptible<T>(
  connection: DuckDBConnection,
  statement: () => Promise<T>,
  { signal }: { signal: AbortSignal },
): Promise<T> {
  signal.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    connection.interrupt();
    timer = setInterval(() => {
      connection.interrupt();
    }, interruptEveryMs);
  };
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    return await statement();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", interrupt);
    clearInterval(timer);
  }
}

/** The rows of a query of our own; parameters are bound as text. */
export async function rowsOf(
  connection: DuckDBConnection,
  sql: string,
  parameters: string[] = [],
): Promise<(string | number | null)[][]> {
  const reader = await connection.runAndReadAll(sql, parameters);
  return reader.getRowsJson() as (string | number | null)[][];
}

/**
 * Folds the log into the file and frees the space of dropped tables. Other transactions may be in the way;
 * the next load tries again.
 */
export async function checkpoint(connections: Connections): Promise<void> {
  try {
    await connections.lend((connection) => connection.run("CHECKPOINT"));
  } catch {
    // Nothing is lost: what was committed is in the write-ahead log.
  }
}
