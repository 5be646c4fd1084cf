import { toAscii } from "../base/ascii.ts";
import { isActive } from "./judge.ts";
import type { JobReport, Verdict } from "./verdict.ts";

/** Longest text taken over from a team into a line. */
const mostCharacters = 300;

const knownStatuses: ReadonlySet<string> = new Set([
  "QUEUED",
  "RUNNING",
  "SUCCESS",
  "CANCEL",
  "FAIL",
  "SKIPPED",
]);

/**
 * The answer as text, pure ASCII: line 1 the word alone, then a line per job, last `CODE nn REASON ...`.
 * Only those two begin at the margin, and a name stands in quotes: no job can be named like a verdict.
 */
export function verdictText(verdict: Verdict, eol: "\n" | "\r\n" = "\n"): string {
  const { word, code, reason, next, jobs } = verdict;
  const last = `CODE ${String(code)} REASON ${ascii(reason)}${next === null ? "" : ` NEXT ${ascii(next)}`}`;
  return [`NIGHTDESK ${word}`, ...jobs.map(jobLine), last].map((line) => line + eol).join("");
}

/** One job, e.g. `  "Finance documents" RUNNING, since 2026-06-18 15:00:00 UTC, 1200 rows, execution 7f...`. */
export function jobLine(job: JobReport): string {
  const { name, status, outcome, startedAt, rows, executionId, note } = job;
  const facts = [
    `${quoted(name)} ${statusWord(status)}`,
    ...(outcome === null ? [] : [outcome]),
    ...(startedAt === null ? [] : [`${isActive(job) ? "since" : "started"} ${utc(startedAt)}`]),
    ...(rows === null ? [] : [`${String(rows)} rows`]),
    ...(executionId === null ? [] : [`execution ${ascii(executionId)}`]),
    ...(note === "" ? [] : [ascii(note)]),
  ];
  return `  ${facts.join(", ")}`;
}

function statusWord(status: string | null): string {
  if (status === null) return "never ran";
  return knownStatuses.has(status) ? status : quoted(status);
}

/** A name, in quotes: it cannot end them. */
export function quoted(text: string): string {
  return `"${ascii(text.replace(/["\\]/g, "\\$&"))}"`;
}

/** Text of others, cut to a bearable length. */
export function ascii(text: string): string {
  return toAscii(text.length > mostCharacters ? `${text.slice(0, mostCharacters)}...` : text);
}

/** `2026-06-18 15:00:00 UTC`. */
export function utc(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime())
    ? "an impossible time"
    : `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
