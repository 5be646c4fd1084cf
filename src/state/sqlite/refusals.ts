import Database from "libsql";
import { UserError } from "../../model/errors.ts";

/** What to say when the database refuses a write because of other rows. */
export interface Refusals {
  operation: string;
  /** A unique name or id is taken. */
  taken?: { message: string; next: string; attribute?: string };
  /** A row this one belongs to or names is not there. */
  gone?: { message: string; next: string; attribute?: string };
}

/** Runs `write`; a refused constraint becomes the UserError of `refusals`, every other error stays as it is. */
export function explain<T>(refusals: Refusals, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const code = error instanceof Database.SqliteError ? error.code : "";
    const { operation, taken, gone } = refusals;
    if (
      taken !== undefined &&
      (code === "SQLITE_CONSTRAINT_UNIQUE" || code === "SQLITE_CONSTRAINT_PRIMARYKEY")
    ) {
      const { message, ...facts } = taken;
      throw new UserError("conflict", message, { operation, ...facts });
    }
    if (gone !== undefined && code === "SQLITE_CONSTRAINT_FOREIGNKEY") {
      const { message, ...facts } = gone;
      throw new UserError("not-found", message, { operation, ...facts });
    }
    throw error;
  }
}

/** For an update that found no row. */
export function mustExist(changes: number, operation: string, what: string): void {
  if (changes === 0) {
    throw new UserError("not-found", `${what} does not exist`, {
      operation,
      next: "read the list again and use an id of it",
    });
  }
}
