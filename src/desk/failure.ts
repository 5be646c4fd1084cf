import { TeamError } from "../model/team.ts";
import { verdict } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

/**
 * The verdict when a read failed before anything was asked for. What is no TeamError is a fault of ours,
 * and still no reason to claim anything: UNKNOWN.
 */
export function verdictOfFailure(error: unknown): Verdict {
  const words = error instanceof Error ? error.message : String(error);
  switch (error instanceof TeamError ? error.failure : "unknown") {
    case "denied":
    case "not-found":
      return verdict("DENIED", `the key is wrong, expired or revoked, or not for this: ${words}`);
    case "unreachable":
      return verdict("UNREACHABLE", `no answer: ${words}`);
    case "invalid":
      return verdict("USAGE", `the team refuses the request as wrong: ${words}`);
    case "unable":
      return verdict("USAGE", words, { next: null });
    case "conflict":
      return verdict("UNKNOWN", `not at this moment: ${words}`);
    case "unknown":
      return verdict("UNKNOWN", `the answer cannot be understood: ${words}`);
  }
}

/**
 * The verdict when something that changes could not be done. `what`: e.g. `the hold`. Without a clear answer it
 * may have been done all the same, which only looking can tell.
 */
export function verdictOfFailedChange(error: unknown, what: string, signal: AbortSignal): Verdict {
  const failure = error instanceof TeamError ? error.failure : "unknown";
  if (!signal.aborted && failure !== "unreachable" && failure !== "unknown") return verdictOfFailure(error);
  const words = signal.aborted ? "interrupted" : error instanceof Error ? error.message : String(error);
  return verdict("UNKNOWN", `whether ${what} was done is not known: ${words}`, {
    next: "look before it is done again; do not shut down the source",
  });
}
