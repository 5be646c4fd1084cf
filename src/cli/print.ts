import { asciiJson, toAscii } from "../base/ascii.ts";
import { codes, verdictText } from "../desk/index.ts";
import type { FoundReceipt, Verdict } from "../desk/index.ts";
import type { Output } from "./context.ts";

/** The team and pool an answer is about; null where the command did not get that far. */
export interface Place {
  url: string;
  poolId: string;
}

/** Writes the answer, as text or as one JSON object (docs/cli-json.md), and returns its code. */
export function printVerdict(
  verdict: Verdict,
  { json, place }: { json: boolean; place: Place | null },
  stdout: Output,
): number {
  stdout.write(json ? `${verdictJson(verdict, place)}\n` : verdictText(verdict));
  return verdict.code;
}

/** Writes a receipt as the team wrote it, and returns its code. */
export function printReceipt(
  { receipt, verdict }: FoundReceipt,
  { json }: { json: boolean },
  stdout: Output,
): number {
  const lines = receipt.text.replace(/\r?\n$/, "").split(/\r?\n/);
  stdout.write(json ? `${asciiJson(receipt.whole)}\n` : lines.map((line) => `${toAscii(line)}\n`).join(""));
  return verdict.code;
}

function verdictJson(verdict: Verdict, place: Place | null): string {
  const { code, word, reason, asOf, jobs, next, holds, starts, sources } = verdict;
  const answer = {
    code,
    word,
    reason,
    asOf,
    url: place?.url ?? null,
    pool: place === null ? null : { id: place.poolId },
    jobs: jobs.map((job) => ({
      id: job.id,
      name: job.name,
      status: job.status,
      executionId: job.executionId,
      startedAt: job.startedAt,
      rows: job.rows,
      stopping: job.stopping,
      declared: job.declared,
      code: codes[job.word],
      word: job.word,
      outcome: job.outcome,
      note: job.note,
    })),
    ...(next === null ? {} : { next }),
    ...(holds === null ? {} : { holds }),
    ...(starts === null ? {} : { starts }),
    ...(sources === null ? {} : { sources }),
  };
  return asciiJson(answer);
}
