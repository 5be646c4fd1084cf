import { pathToFileURL } from "node:url";
import Database from "libsql";
import { UserError } from "../../model/errors.ts";
import { Row } from "./row.ts";

/** What may be bound. Nothing else: the driver ends the whole process on a boolean. */
export type Parameters = Record<string, string | number | null | Uint8Array>;

export interface ConnectionOptions {
  /** Milliseconds that a writer waits for another process (a backup, a shell) before it gives up. */
  busyMs?: number;
  /** Opens what is there and cannot change it. */
  readOnly?: boolean;
  /**
   * Told when the disk itself failed under the file. What is in memory and what is on the disk may then differ, and a
   * second fsync may report a success that is none: only a new process, which reads the file, knows again.
   */
  onBroken?: (why: string) => void;
}

/** Not those of a full disk, which are waited for. */
const broken = new Set([
  "SQLITE_IOERR_READ",
  "SQLITE_IOERR_SHORT_READ",
  "SQLITE_IOERR_WRITE",
  "SQLITE_IOERR_FSYNC",
  "SQLITE_IOERR_DIR_FSYNC",
]);

/**
 * One connection to the state database. Synchronous, as the driver is; each call is durable when it
 * returns, unless it is inside `transaction`, which is durable when that returns.
 */
export class Connection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement<[Parameters]>>();
  readonly #onBroken: (why: string) => void;

  constructor(
    file: string,
    { busyMs = 5000, readOnly = false, onBroken = () => undefined }: ConnectionOptions = {},
  ) {
    this.#onBroken = (code) => {
      onBroken(`${code} at ${file}`);
    };
    // The driver has no option for it and would make a file that is missing; SQLite's own form of a name has.
    const name = readOnly ? `${pathToFileURL(file).href}?mode=ro` : file;
    this.#database = new Database(name, { timeout: busyMs });
    if (readOnly) return;
    try {
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** All rows of a statement with `$name` parameters. Also for `RETURNING`: it always runs to the end. */
  all(sql: string, parameters: Parameters = {}): Row[] {
    const rows = this.#watched(() => this.#statement(sql).all(checked(parameters))) as Record<
      string,
      unknown
    >[];
    return rows.map((values) => new Row(values));
  }

  first(sql: string, parameters: Parameters = {}): Row | null {
    return this.all(sql, parameters)[0] ?? null;
  }

  /** @returns the number of rows changed, without those changed by triggers and cascades. */
  run(sql: string, parameters: Parameters = {}): number {
    return this.#watched(() => this.#statement(sql).run(checked(parameters))).changes;
  }

  /** Statements without parameters or rows, separated by `;`. */
  script(sql: string): void {
    this.#watched(() => this.#database.exec(sql));
  }

  /** All of `work` or nothing. Takes the write lock first, so what it reads is still true when it writes. */
  transaction<T>(work: () => T): T {
    this.script("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.script("COMMIT");
      return result;
    } catch (error) {
      // Some failures (disk full, I/O) have rolled back already.
      if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** As `transaction`, with foreign keys neither enforced nor followed by deletes. For migrations alone. */
  withoutReferences(work: () => void): void {
    // No effect inside a transaction, so around it.
    this.#database.exec("PRAGMA foreign_keys = OFF");
    try {
      this.transaction(work);
    } finally {
      this.#database.exec("PRAGMA foreign_keys = ON");
    }
  }

  /** Every statement run so far, for the test that reads their query plans. */
  get statementTexts(): string[] {
    return [...this.#statements.keys()];
  }

  close(): void {
    this.#statements.clear();
    if (this.#database.open) this.#database.close();
  }

  #watched<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (typeof code === "string" && broken.has(code)) this.#onBroken(code);
      throw error;
    }
  }

  #statement(sql: string): Database.Statement<[Parameters]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare<[Parameters]>(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * The driver cuts text at a NUL character without a word, which must not happen to what a user wrote, and
 * ends the process on a type it does not know, which the compiler cannot rule out for data read from JSON.
 */
function checked(parameters: Parameters): Parameters {
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value === "string" && value.includes("\0")) {
      throw new UserError("invalid", "the text contains the character NUL", {
        operation: "store a value",
        attribute: name,
        next: "remove the character U+0000",
      });
    }
    const known =
      value === null || typeof value === "string" || typeof value === "number" || value instanceof Uint8Array;
    if (!known)
      throw new TypeError(`state database: parameter "${name}" is ${typeof value}, which cannot be stored`);
  }
  return parameters;
}

/** For text that is recorded whatever it is (log, failure): a NUL becomes the replacement character. */
export function storable(text: string): string {
  return text.replaceAll("\0", "\uFFFD");
}

export function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}
