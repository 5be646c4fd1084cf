import type { TeamJob } from "../model/team.ts";
import type { Ground } from "./judge.ts";
import { isActive, isOver, judgeJob } from "./judge.ts";
import type { JobReport, StopOutcome, Word } from "./verdict.ts";

/** A job in the scope of a stop: how it was first seen, and what was done about it. */
export interface StopTarget {
  first: TeamJob;
  /** The execution that is to end: the named one, else the one first seen; null where the team tells none. */
  meant: string | null;
  /**
   * asked: a stop was sent or is on its way; left alone: another execution than the named one runs; idle: nothing to
   * stop, also where a probe still sees something of a run that the team calls over: a stop could only hit a newer one.
   */
  step: "asked" | "left alone" | "idle";
  /** Set when the team refused the stop for good. */
  refusal: { word: "DENIED" | "USAGE"; note: string } | null;
}

/** What a stop does about a job as it was first seen. `executionId`: that execution or nothing. */
export function firstStep(job: TeamJob, executionId: string | null, ground: Ground): StopTarget["step"] {
  const { word } = judgeJob(job, ground);
  if (word === "CLEAR" || word === "REPORTED CLEAR" || isProbedBusy(job, word)) return "idle";
  const another = executionId !== null && job.executionId !== null && job.executionId !== executionId;
  return another && isActive(job) ? "left alone" : "asked";
}

export interface TargetReport {
  report: JobReport;
  /** Nothing more is to be waited for. */
  settled: boolean;
}

/** What a fresh read after the request says of one target. `job`: as read now; undefined if it is not listed any more. */
export function judgeTarget(target: StopTarget, job: TeamJob | undefined, ground: Ground): TargetReport {
  const { first, step, refusal } = target;
  if (job === undefined) {
    const report = {
      ...first,
      word: "UNKNOWN",
      outcome: outcomeWhenOpen(step),
      note: "not listed any more",
    } as const;
    return { report, settled: false };
  }
  const seen = judgeJob(job, ground);
  const clear = seen.word === "CLEAR" || seen.word === "REPORTED CLEAR";
  const settledAs = (outcome: StopOutcome | null, note = seen.note): TargetReport => ({
    report: { ...seen, outcome, note },
    settled: true,
  });
  if (refusal !== null) return { report: { ...seen, ...refusal }, settled: true };
  if (isProbedBusy(job, seen.word)) return { report: { ...seen, outcome: "NOT PROVEN" }, settled: false };
  if (step === "idle")
    return clear ? settledAs("WAS NOT RUNNING") : settledAs(null, "started after the stop was asked for");
  if (isActive(job) && (step === "left alone" || isOtherRun(target, job))) {
    return settledAs("OTHER EXECUTION", otherExecution(target, job));
  }
  if (clear && job.status !== null) {
    if (isOtherRun(target, job))
      return settledAs(
        "OTHER EXECUTION",
        `${isNewer(target) ? "a newer" : "another"} execution ${job.executionId ?? ""} ended`,
      );
    if (isDeclared(job)) return settledAs("DECLARED");
    const { report } = settledAs(job.status === "CANCEL" ? "STOPPED" : "FINISHED BY ITSELF");
    // Some teams name an execution only while it is active.
    return { report: { ...report, executionId: report.executionId ?? target.meant }, settled: true };
  }
  // A job that ran cannot have never run: that is a read not to be believed.
  const stillOpen: JobReport = clear
    ? { ...seen, word: "UNKNOWN", outcome: "NOT PROVEN", note: "reported as never run, though it ran" }
    : { ...seen, outcome: outcomeWhenOpen(step) };
  return { report: stillOpen, settled: false };
}

/** Over says the team, and a probe still sees something. */
function isProbedBusy(job: TeamJob, word: Word): boolean {
  return isOver(job) && word === "RUNNING";
}

/** By a person, and the source has not confirmed it since. */
function isDeclared({ declared, executionId }: TeamJob): boolean {
  return declared !== null && declared.seen !== "idle" && declared.executionId === executionId;
}

function outcomeWhenOpen(step: StopTarget["step"]): StopOutcome | null {
  return step === "asked" ? "NOT PROVEN" : null;
}

function otherExecution(target: StopTarget, job: TeamJob): string {
  const which = isNewer(target) ? "newer" : "another";
  const fate = job.stopping === null ? "left alone" : "being stopped too";
  return `${which} execution ${job.executionId ?? "(id not told)"} ${job.status ?? ""}; ${fate}`;
}

/** What is there instead of the run that was meant came after it. Not known of a run that we never saw: its id may be mistyped. */
function isNewer({ first, meant }: StopTarget): boolean {
  return meant === first.executionId;
}

/** Not the run that was meant. By id; where the team tells none, by the start of a run. */
function isOtherRun({ first, meant }: StopTarget, now: TeamJob): boolean {
  if (meant !== null && now.executionId !== null) return meant !== now.executionId;
  // A queued run still shows the start of the one before it.
  if (first.status !== "RUNNING" || first.startedAt === null || now.startedAt === null) return false;
  return now.startedAt > first.startedAt;
}
