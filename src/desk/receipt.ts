import { TeamError } from "../model/team.ts";
import type { Team, TeamReceipt } from "../model/team.ts";
import { verdictOfFailure } from "./failure.ts";
import { codes, verdict } from "./verdict.ts";
import type { Code, Verdict, Word } from "./verdict.ts";

export interface FoundReceipt {
  receipt: TeamReceipt;
  /** The answer to the one question for this execution alone. */
  code: Code;
}

/** How an execution ended, or why that cannot be told. Never rejects. */
export async function readReceipt(
  team: Pick<Team, "receipt">,
  executionId: string,
  { signal }: { signal: AbortSignal },
): Promise<FoundReceipt | { verdict: Verdict }> {
  try {
    const receipt = await team.receipt(executionId, { signal });
    return { receipt, code: codes[wordOf(receipt)] };
  } catch (error) {
    if (signal.aborted) return { verdict: verdict("UNKNOWN", "interrupted before the receipt was there") };
    if (error instanceof TeamError && error.failure === "conflict") {
      const next = "ask again when it is over";
      return { verdict: verdict("RUNNING", `no receipt yet: ${error.message}`, { next }) };
    }
    return { verdict: verdictOfFailure(error) };
  }
}

function wordOf({ proof, settlement }: TeamReceipt): Word {
  if (proof === "source idle") return "CLEAR";
  if (proof !== "declared") return "UNKNOWN";
  switch (settlement?.seen) {
    case "idle":
      return "CLEAR";
    case "unknown":
      return "REPORTED CLEAR";
    case "busy":
    case undefined:
      return "UNKNOWN";
  }
}
