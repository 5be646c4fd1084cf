import { isNightdeskError } from "../model/errors.ts";

/** What DuckDB said, taken apart. The store runs with `errors_as_json`, because only that gives exact positions. */
export interface DuckDBFault {
  /** DuckDB's class of error, e.g. `Parser`, `Binder`, `INTERRUPT`, `FATAL`; "" if it gave none. */
  type: string;
  /** One line. */
  message: string;
  /** Offset into the statement, from 0: characters for a `Parser` error, UTF-8 bytes for any other. null: not given. */
  position: number | null;
}

/** Reads any error of the bindings; a plain text becomes the message. */
export function readFault(error: unknown): DuckDBFault {
  const text = error instanceof Error ? error.message : String(error);
  const start = text.indexOf('{"exception_type"');
  if (start >= 0) {
    try {
      const fields = JSON.parse(text.slice(start)) as Record<string, unknown>;
      const position = Number(fields["position"] ?? Number.NaN);
      return {
        type: String(fields["exception_type"]),
        message: oneLine(String(fields["exception_message"])),
        position: Number.isInteger(position) ? position : null,
      };
    } catch {
      // Not the JSON it looked like: the text itself is still the best message.
    }
  }
  return { type: "", message: oneLine(text), position: null };
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*[\r\n]+\s*/g, " ");
}

/** True where another transaction was in the way and trying again may help; also inside a `storeError`. */
export function isConflict(error: unknown): boolean {
  const { type, message } = readFault(error instanceof Error ? (error.cause ?? error) : error);
  return type === "TransactionContext" && /conflict/i.test(message);
}

/** True where not the statement but the store or its machine is at fault: disk, memory of the process, a broken database. */
export function isStoreFault(fault: DuckDBFault): boolean {
  return ["FATAL", "INTERNAL", "IO"].includes(fault.type.toUpperCase()) || /invalidated/.test(fault.message);
}

/**
 * An error that names what the store was doing. After a fatal error the message keeps DuckDB's word
 * "invalidated": the process has to be restarted by its owner.
 */
export function storeError(operation: string, error: unknown): Error {
  if (isNightdeskError(error)) return error;
  return new Error(`${operation}: ${readFault(error).message}`, { cause: error });
}
