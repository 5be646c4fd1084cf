/**
 * One row as the driver gives it, read column by column with the type each must have. Rows are never
 * spread or handed on: the driver adds a property of its own (`_metadata`) and gives blobs as
 * `ArrayBuffer` or `Buffer` depending on the call.
 */
export class Row {
  readonly #values: Record<string, unknown>;

  constructor(values: Record<string, unknown>) {
    this.#values = values;
  }

  text(column: string): string {
    const value = this.#values[column];
    if (typeof value !== "string") throw this.#wrong(column, "text");
    return value;
  }

  textOrNull(column: string): string | null {
    return this.#isNull(column) ? null : this.text(column);
  }

  /** The driver rounds integers above 2^53, so one up there is already wrong and is refused. */
  integer(column: string): number {
    const value = this.#values[column];
    if (!Number.isSafeInteger(value)) throw this.#wrong(column, "an integer within 2^53");
    return value as number;
  }

  integerOrNull(column: string): number | null {
    return this.#isNull(column) ? null : this.integer(column);
  }

  flag(column: string): boolean {
    return this.integer(column) !== 0;
  }

  bytes(column: string): Uint8Array {
    const value = this.#values[column];
    if (value instanceof ArrayBuffer) return new Uint8Array(value);
    if (value instanceof Uint8Array) return new Uint8Array(value);
    throw this.#wrong(column, "bytes");
  }

  /** One of a closed set of words that the schema checks or that only this store writes. */
  word<T extends string>(column: string): T {
    return this.text(column) as T;
  }

  wordOrNull<T extends string>(column: string): T | null {
    return this.textOrNull(column) as T | null;
  }

  /** A value this store wrote itself with `JSON.stringify`. */
  json<T>(column: string): T {
    return JSON.parse(this.text(column)) as T;
  }

  jsonOrNull<T>(column: string): T | null {
    return this.#isNull(column) ? null : this.json<T>(column);
  }

  #isNull(column: string): boolean {
    return this.#values[column] === null;
  }

  #wrong(column: string, expected: string): Error {
    return new Error(`state database: column "${column}" does not hold ${expected}`);
  }
}
