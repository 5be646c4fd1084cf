import { TeamError } from "../model/team.ts";

/** Types are what a server promised; these look at what it sent. */
export function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

export function isNumberOrNull(value: unknown): value is number | null {
  return value === null || typeof value === "number";
}

/** Absent is null on the wire; any other type is kept for the check that follows. */
export function orNull<T>(value: T | null | undefined): T | null {
  return value ?? null;
}

export function notUnderstood(what: string): TeamError {
  return new TeamError("unknown", `the ${what} of the team does not have the form of the contract`);
}
