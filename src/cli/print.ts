import { asciiJson, toAscii } from "../base/ascii.ts";
import { codes, verdictText } from "../desk/index.ts";
import type { FoundReceipt, Verdict } from "../desk/index.ts";
import type { Output } from "./context.ts";

/** The team and pool an answer is about; null where the command did not get that far. */
export interface Place {
  url: string;
  poolId: string;
}

/** The code of what was asked for and did not come about, while nothing of it touches a source: as in JCL, 8. */
export const failedCode = 8;

/** The answer to a run: one of the desk's, or FAILED. */
export type RunAnswer =
  | Verdict
  | (Omit<Verdict, "word" | "code"> & { word: "FAILED"; code: typeof failedCode });

/** The answer of a command that answers no question about a source: word and code of its own, lines already ASCII. */
export interface Answer {
  code: 0 | typeof failedCode;
  word: string;
  reason: string;
  next?: string;
  /** Between the word and the last line, each indented. */
  lines: readonly string[];
  /** What its JSON has besides code, word, reason and next. */
  fields: Record<string, unknown>;
}

const colours: Readonly<Record<string, number>> = { CLEAR: 32, "REPORTED CLEAR": 36, RUNNING: 33 };
const red = 31;

/** Writes the answer, as text or as one JSON object (docs/cli-json.md), and returns its code. */
export function printVerdict(
  verdict: RunAnswer,
  { json, place }: { json: boolean; place: Place | null },
  stdout: Output,
): number {
  stdout.write(json ? `${verdictJson(verdict, place)}\n` : coloured(verdictText(verdict), verdict, stdout));
  return verdict.code;
}

/** As `printVerdict`. */
export function printAnswer(answer: Answer, { json }: { json: boolean }, stdout: Output): number {
  const { code, word, reason, next, lines, fields } = answer;
  if (json) {
    stdout.write(
      `${asciiJson({ code, word, reason, ...fields, ...(next === undefined ? {} : { next }) })}\n`,
    );
    return code;
  }
  const last = `CODE ${String(code)} REASON ${toAscii(reason)}${next === undefined ? "" : ` NEXT ${toAscii(next)}`}`;
  const text = [`NIGHTDESK ${word}`, ...lines, last].map((line) => `${line}\n`).join("");
  stdout.write(coloured(text, answer, stdout));
  return code;
}

/** The text with its first line in the colour of its word, where colours may be used. */
export function coloured(
  text: string,
  { word, code }: { word: string; code: number },
  stdout: Output,
): string {
  if (stdout.colours !== true) return text;
  const colour = colours[word] ?? (code === 0 ? 0 : red);
  return text.replace(/^[^\n]*/, (first) => `\u001b[1;${String(colour)}m${first}\u001b[0m`);
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

function probeJson({ name, look }: NonNullable<Verdict["jobs"][number]["probes"]>[number]): object {
  if ("unknown" in look) return { name, clear: null, why: look.unknown };
  return look.clear ? { name, ...look } : { name, clear: false, at: look.at, found: look.found };
}

function schedulesJson({ readAt, why, pending, starts }: NonNullable<Verdict["schedules"]>): object {
  return { readAt, why, pending, starts };
}

/** One line, without its end. */
export function verdictJson(verdict: RunAnswer, place: Place | null): string {
  const { code, word, reason, asOf, jobs, next, holds, starts, sources, schedules } = verdict;
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
      ...(job.probes === undefined ? {} : { probes: job.probes.map(probeJson) }),
    })),
    ...(next === null ? {} : { next }),
    ...(verdict.partial ? { partial: true } : {}),
    ...(holds === null ? {} : { holds }),
    ...(starts === null ? {} : { starts }),
    ...(sources === null ? {} : { sources }),
    ...(schedules === null ? {} : { schedules: schedulesJson(schedules) }),
  };
  return asciiJson(answer);
}
