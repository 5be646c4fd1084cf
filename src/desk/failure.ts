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
    case "unknown":
      return verdict("UNKNOWN", `the answer cannot be understood: ${words}`);
  }
}
