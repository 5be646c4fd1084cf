import { clearWord, probeWords } from "./judge.ts";
import { nothingSeen, partWords } from "./look.ts";
import type { Look } from "./look.ts";
import { verdict, worstWord } from "./verdict.ts";
import type { JobReport, Verdict } from "./verdict.ts";

/**
 * The verdict of a stop. `all`: of everything. `notProven`: the wait is over, and why; every target that is still open
 * is then UNKNOWN, whatever the platform says of it.
 */
export function stopVerdict(
  reports: readonly JobReport[],
  look: Look,
  { all, notProven = null }: { all: boolean; notProven?: string | null },
): Verdict {
  const jobs = reports.map((report) => (notProven === null ? report : whenOver(report, notProven)));
  const { asOf, settings } = look;
  const partial = look.partial && all;
  const facts = { asOf, jobs, settings, partial };
  if (partial && jobs.length === 0) return verdict("UNKNOWN", nothingSeen, facts);
  const word = worstWord(jobs, clearWord(look.proves));
  const reason = partial ? `${stopReason(jobs)}; ${partWords(jobs)}` : stopReason(jobs);
  const open = jobs.some(({ outcome }) => outcome === "NOT PROVEN");
  const next = open ? "look again: the stop goes on" : "look again; stop what runs now too if it must end";
  return verdict(word, reason, { ...facts, ...(word === "RUNNING" ? { next } : {}) });
}

function whenOver(report: JobReport, why: string): JobReport {
  if (report.outcome !== "NOT PROVEN") return report;
  const { status: word } = report;
  const status = word === null || probeWords(report).length > 0 ? "" : `still ${word} `;
  const note = report.note === "" ? "" : `; ${report.note}`;
  return { ...report, word: "UNKNOWN", note: `${status}${why}${note}` };
}

function stopReason(jobs: readonly JobReport[]): string {
  const [first] = jobs;
  if (first === undefined) return "WAS NOT RUNNING: the pool has no jobs";
  if (jobs.length === 1) return headline(first) + (first.note === "" ? "" : `: ${first.note}`);
  const counts = new Map<string, number>();
  for (const job of jobs) counts.set(headline(job), (counts.get(headline(job)) ?? 0) + 1);
  return [...counts].map(([words, count]) => `${String(count)} ${words}`).join(", ");
}

function headline({ outcome, word }: JobReport): string {
  return outcome ?? word;
}
