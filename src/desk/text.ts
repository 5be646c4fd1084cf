import { toAscii } from "../base/ascii.ts";
import type { TeamHold, TeamOtherConnection, TeamStart } from "../model/team.ts";
import { nextStep } from "./escalation.ts";
import { isActive } from "./judge.ts";
import { labelOf } from "./scope.ts";
import { timeText, type TimesRead } from "./times.ts";
import { provenWords } from "./verdict.ts";
import type { HoldReport, JobReport, SchedulesReport, Shown, SourceReport } from "./verdict.ts";

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
 * The answer as text, pure ASCII: line 1 the word alone, then a line per job, per hold, per execution that waits to
 * start, one for what schedules start next, a line per source and per other connection to it, last `CODE nn REASON ...`.
 * Only those two begin at the margin, and a name stands in quotes: no job can be named like a verdict.
 */
export function verdictText(verdict: Shown, eol: "\n" | "\r\n" = "\n"): string {
  const { jobs, holds, starts, sources, schedules, settings } = verdict;
  const lines = [
    ...jobs.map((job) => jobLine(job, settings)),
    ...(holds ?? []).map((hold) => holdLine(hold, settings)),
    ...(starts ?? []).map((start) => startLine(start, settings)),
    // That they name nothing, or cannot be read, bears on the question what will start, and on no other.
    ...(schedules === null ? [] : scheduleLine(schedules, settings, { alsoNone: starts !== null })),
    ...(sources ?? []).flatMap((source) => [sourceLine(source, settings), ...otherLines(source)]),
  ];
  return answerText(verdict, lines, eol);
}

/** Line 1 and the last line of every answer, around lines that are ASCII and indented. */
export function answerText(verdict: Shown, lines: readonly string[], eol: "\n" | "\r\n"): string {
  const { word, code, reason } = verdict;
  const next = nextStep(verdict);
  const last = `CODE ${String(code)} REASON ${ascii(reason)}${next === null ? "" : ` NEXT ${ascii(next)}`}`;
  return [`NIGHTDESK ${word}`, ...lines, last].map((line) => line + eol).join("");
}

/** One job, e.g. `  "Finance documents" RUNNING, since 2026-06-18 15:00:00 UTC, 1200 rows, execution 7f...`. */
export function jobLine(job: JobReport, times: TimesRead = null): string {
  const { name, status, outcome, startedAt, rows, executionId, note } = job;
  const facts = [
    `${quoted(name)} ${statusWord(status)}`,
    ...(outcome === null ? [] : [outcome]),
    ...(startedAt === null ? [] : [`${isActive(job) ? "since" : "started"} ${timeText(startedAt, times)}`]),
    ...(rows === null ? [] : [`${String(rows)} rows`]),
    ...(executionId === null ? [] : [`execution ${ascii(executionId)}`]),
    ...provenWords(job, times).map((words) => `seen clear ${ascii(words)}`),
    ...(note === "" ? [] : [ascii(note)]),
  ];
  return `  ${facts.join(", ")}`;
}

/** E.g. `  HOLD job "Finance documents" held until 2026-06-19 02:00:00 UTC by key "basis": patch night, hold 7f...`. */
function holdLine(hold: HoldReport, times: TimesRead): string {
  const held = `${ascii(labelOf(hold))} ${ascii(heldWords(hold, times))}`;
  return `  HOLD ${held}, since ${timeText(hold.since, times)}, hold ${ascii(hold.id)}`;
}

/** Until when, by whom, why. May hold any character: for reasons and notes. */
export function heldWords(
  { until, by, reason, note }: Pick<TeamHold, "until" | "by" | "reason" | "note">,
  times: TimesRead,
): string {
  const end = until === null ? "it is released" : timeText(until, times);
  return `held until ${end} by key ${JSON.stringify(by)}${reason === null ? "" : `: ${reason}`}${note === undefined ? "" : `; ${note}`}`;
}

/** E.g. `  NEXT "Finance documents" starts when its hold ends, queued since ..., execution 7f...`. */
function startLine({ jobName, when, queuedAt, executionId }: TeamStart, times: TimesRead): string {
  const then = when === "held" ? "when its hold ends" : when;
  const since = timeText(queuedAt, times);
  return `  NEXT ${quoted(jobName)} starts ${then}, queued since ${since}, execution ${ascii(executionId)}`;
}

/** Jobs of a schedule that are named. */
const mostJobs = 3;

/**
 * One line at most, e.g. `  NEXT schedule "hourly ETL" starts in 8 min, 2026-06-18 15:00:00 UTC: "Finance documents"; read 12
 * s ago`. Of those without a known time the first is named, and why. `alsoNone`: says as well that there are none, or that
 * nobody can tell.
 */
function scheduleLine(
  { starts, readAt, why, now }: SchedulesReport,
  times: TimesRead,
  { alsoNone }: { alsoNone: boolean },
): string[] {
  if (readAt === null) {
    return alsoNone ? [`  NEXT schedules of the team are not known: ${ascii(why ?? "no reason told")}`] : [];
  }
  const [first, ...later] = starts.filter(({ at }) => at !== null);
  const [open, ...moreOpen] = starts.filter(({ at }) => at === null);
  const facts = [
    ...(first === undefined
      ? []
      : [
          `schedule ${quoted(first.name)} starts ${untilWords((first.at ?? now) - now)}, ${timeText(first.at ?? now, times)}: ${jobWords(first.jobs)}`,
          ...more(later.filter(({ at }) => at === first.at).length, "then"),
        ]),
    ...(open === undefined
      ? []
      : [
          `when schedule ${quoted(open.name)} starts is not known: ${ascii(open.why ?? "no reason told")}`,
          ...more(moreOpen.length, "of which it is not known"),
        ]),
  ];
  if (facts.length === 0) {
    if (!alsoNone) return [];
    facts.push("no schedule that is switched on starts any of these jobs");
  }
  const age = Math.max(0, Math.round((now - readAt) / 1000));
  return [`  NEXT ${facts.join("; ")}; read ${String(age)} s ago`];
}

function more(count: number, words: string): string[] {
  return count === 0 ? [] : [`${String(count)} more ${words}`];
}

/** With what must be known of the hold on them. */
function jobWords(jobs: SchedulesReport["starts"][number]["jobs"]): string {
  const shown = jobs
    .slice(0, mostJobs)
    .map(({ name, hold }) => `${quoted(name)}${hold === null ? "" : ` (hold ${ascii(hold.id)})`}`);
  const rest = jobs.length - shown.length;
  const notes = new Set(
    jobs.slice(0, mostJobs).flatMap(({ hold }) => (hold?.note == null ? [] : [hold.note])),
  );
  const named = `${shown.join(", ")}${rest === 0 ? "" : ` and ${String(rest)} more`}`;
  return [named, ...[...notes].map(ascii)].join(", ");
}

/** E.g. `in 8 min`. */
function untilWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds <= 0) return "now";
  if (seconds < 100) return `in ${String(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `in ${String(minutes)} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `in ${String(hours)} h ${String(minutes % 60)} min`
    : `in ${String(Math.floor(hours / 24))} days`;
}

function sourceLine(source: SourceReport, times: TimesRead): string {
  const { connectionName, readAt, why, executionIds, strangers } = source;
  const name = `  SOURCE ${quoted(connectionName)}`;
  if (readAt === null) return `${name} cannot be read now: ${ascii(why ?? "no reason told")}`;
  const there =
    executionIds.length === 0
      ? "no session of an execution"
      : executionIds
          .map(
            (id) => `execution ${ascii(id)}${strangers.includes(id) ? " (not running in this scope)" : ""}`,
          )
          .join(", ");
  return `${name} read ${timeText(readAt, times)}: ${there}`;
}

function otherLines({ connectionName, others }: SourceReport): string[] {
  return others.map((other) => `  ALSO ${ascii(otherWords(other, connectionName))}`);
}

/** E.g. `connection "S4" of pool "Finance" leads to source "ECC" too: "Orders" QUEUED`. May hold any character. */
export function otherWords(other: TeamOtherConnection, source: string): string {
  const { connectionName, executions } = other;
  const counted = new Map<string, number>();
  for (const { jobName, status } of executions) {
    const words = status === "DECLARED" ? "declared over without proof" : status;
    const what = jobName === null ? words : `${JSON.stringify(jobName)} ${words}`;
    counted.set(what, (counted.get(what) ?? 0) + 1);
  }
  const there = [...counted].map(([what, count]) =>
    connectionName === null || count > 1 ? `${String(count)} ${what}` : what,
  );
  const all = there.length === 0 ? "nothing of it runs or waits" : there.join(", ");
  return `${otherName(other)} leads to source ${JSON.stringify(source)} too: ${all}`;
}

/** May hold any character. */
export function otherName({ connectionName, poolName }: TeamOtherConnection): string {
  if (connectionName === null) return "another pool";
  const pool = poolName === null ? "" : ` of pool ${JSON.stringify(poolName)}`;
  return `connection ${JSON.stringify(connectionName)}${pool}`;
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
