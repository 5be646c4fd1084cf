import { toAscii } from "../base/ascii.ts";
import { TeamError } from "../model/team.ts";
import type { Team, TeamReceipt } from "../model/team.ts";
import { verdictOfFailure } from "./failure.ts";
import { answerText } from "./text.ts";
import { verdict } from "./verdict.ts";
import type { Verdict, Word } from "./verdict.ts";

export interface FoundReceipt {
  receipt: TeamReceipt;
  /** The answer to the one question for this execution alone. */
  verdict: Verdict;
}

/** How an execution ended, or why that cannot be told. Never rejects. */
export async function readReceipt(
  team: Pick<Team, "receipt">,
  executionId: string,
  { signal }: { signal: AbortSignal },
): Promise<FoundReceipt | { verdict: Verdict }> {
  try {
    const receipt = await team.receipt(executionId, { signal });
    return { receipt, verdict: verdictOf(executionId, receipt) };
  } catch (error) {
    if (signal.aborted) return { verdict: verdict("UNKNOWN", "interrupted before the receipt was there") };
    if (error instanceof TeamError && error.failure === "conflict") {
      const next = "ask again when it is over";
      return { verdict: verdict("RUNNING", `no receipt yet: ${error.message}`, { next }) };
    }
    return { verdict: verdictOfFailure(error) };
  }
}

/** A receipt within an answer: all of it indented, so that only the answer's own first and last line are at the margin. */
export function receiptAnswerText({ receipt, verdict: said }: FoundReceipt, eol: "\n" | "\r\n"): string {
  const lines = receipt.text.replace(/(?:\r?\n)+$/, "").split(/\r?\n/);
  return answerText(
    said,
    lines.map((line) => `  ${toAscii(line)}`),
    eol,
  );
}

function verdictOf(executionId: string, receipt: TeamReceipt): Verdict {
  const word = wordOf(receipt);
  const { proof, settlement } = receipt;
  const since = settlement === null ? "" : `; the source since: ${settlement.seen}`;
  const reason = `receipt of execution ${executionId}, proof: ${proof}${since}`;
  return { ...verdict(word, reason), reason };
}

function wordOf({ proof, settlement }: TeamReceipt): Word {
  if (proof === "source idle") return "CLEAR";
  if (proof === "reported") return "REPORTED CLEAR";
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
