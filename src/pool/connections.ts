import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** How often an interrupt is repeated until the statement has ended: one that comes between two steps of it is lost. */
const interruptEveryMs = 50;

/**
 * Connections of one open pool. Each piece of work gets a fresh one, so that no search path, temporary
 * table or open transaction reaches the next.
 */
export class Connections {
  readonly #instance: DuckDBInstance;
  readonly #work = new Set<Promise<unknown>>();
  #closed = false;

  constructor(instance: DuckDBInstance) {
    this.#instance = instance;
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

/** Ends a transaction without a trace. Never throws: without a transaction, or in a broken store, there is none to end. */
export async function rollBack(connection: DuckDBConnection): Promise<void> {
  try {
    await connection.run("ROLLBACK");
  } catch {
    // The error that led here is the one to report.
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
