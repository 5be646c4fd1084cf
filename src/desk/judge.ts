import type { TeamJob, TeamOtherExecution, TeamSettlement } from "../model/team.ts";
import type { JobReport, Word } from "./verdict.ts";

/** A stop that is not proven after this time (ms) is a case for a person. */
export const stopLimitMs = 60_000;

/** What a fresh read is judged by. */
export interface Ground {
  proves: "source" | "word";
  /** Our clock at the read, epoch ms. */
  now: number;
}

const ended: ReadonlySet<string> = new Set(["SUCCESS", "CANCEL", "FAIL", "SKIPPED"]);

/** The platform's own word for active work; any word outside this list and the ended ones is not understood. */
export function isActive(job: TeamJob): boolean {
  return job.status === "RUNNING" || job.status === "QUEUED";
}

/** Ended or never begun, in the platform's own word. */
export function isOver({ status }: TeamJob): boolean {
  return status === null || ended.has(status);
}

/** The best word this end can give. */
export function clearWord(proves: "source" | "word"): Word {
  return proves === "source" ? "CLEAR" : "REPORTED CLEAR";
}

/** Does this job touch the source? Judged by one fresh read alone. */
export function judgeJob(job: TeamJob, ground: Ground): JobReport {
  const report = judgeRun(job, ground);
  const { declared } = job;
  if (declared === null || declared.seen === "idle") return report;
  const note = [report.note, declaredWords(declared, job)].filter((words) => words !== "").join("; ");
  if (declared.seen === "busy") return { ...report, word: "UNKNOWN", note };
  return { ...report, word: report.word === "CLEAR" ? "REPORTED CLEAR" : report.word, note };
}

function declaredWords({ executionId, by, because, seenNote }: TeamSettlement, job: TeamJob): string {
  const which = executionId === job.executionId ? "" : `execution ${executionId} `;
  return `${which}declared over by key ${JSON.stringify(by)}: ${because}; the source since: ${seenNote}`;
}

/** Of another connection to the same source: what it means for that source. */
export function judgeOther({ status, endingSince, seen }: TeamOtherExecution, { now }: Ground): Word {
  if (status === "DECLARED") return seen === "busy" ? "UNKNOWN" : "REPORTED CLEAR";
  return endingSince !== null && now - endingSince > stopLimitMs ? "UNKNOWN" : "RUNNING";
}

/** Without what persons declared. */
function judgeRun(job: TeamJob, { proves, now }: Ground): JobReport {
  const report = (word: Word, note: string): JobReport => ({ ...job, word, outcome: null, note });
  const { stopping } = job;
  if (isActive(job)) {
    if (stopping === null) return report("RUNNING", "");
    const seconds = Math.max(0, Math.round((now - stopping.requestedAt) / 1000));
    const waits = `stop asked for ${String(seconds)} s ago, proof so far: ${stopping.level}, ${stopping.why}`;
    return now - stopping.requestedAt > stopLimitMs
      ? report("UNKNOWN", `ending, not proven: ${waits}`)
      : report("RUNNING", `stopping: ${waits}`);
  }
  if (stopping !== null) return report("UNKNOWN", `ending, not proven: ${stopping.level}, ${stopping.why}`);
  if (!isOver(job)) return report("UNKNOWN", "status word not known");
  return report(probedWord(job, proves), probeWords(job).join("; "));
}

/** Of a job that the platform calls over. Not seen is no more than the platform's word, see docs/decisions/0012. */
function probedWord({ probes = [] }: TeamJob, proves: "source" | "word"): Word {
  if (probes.some(({ look }) => "found" in look)) return "RUNNING";
  if (probes.length > 0 && probes.every(({ look }) => "at" in look)) return "CLEAR";
  return clearWord(proves);
}

/** Findings that are shown; the answer must stay one that is read. */
const mostShown = 2;

/** What probes did not find in order, one line each. */
export function probeWords({ probes = [] }: TeamJob): string[] {
  return probes.flatMap(({ name, look }) => {
    const probe = `probe ${JSON.stringify(name)}`;
    if ("unknown" in look) return [`${probe} could not tell: ${look.unknown}`];
    if (!("found" in look)) return [];
    const { found } = look;
    const more = found.length > mostShown ? " ..." : "";
    return [`over says the team, but ${probe} found ${found.slice(0, mostShown).join(" | ")}${more}`];
  });
}
