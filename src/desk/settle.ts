import type { Clock } from "../base/clock.ts";
import { TeamError } from "../model/team.ts";
import type { Team } from "../model/team.ts";
import { verdictOfFailedChange, verdictOfFailure } from "./failure.ts";
import { judgeJob } from "./judge.ts";
import { readPool } from "./look.ts";
import type { Look, LookTeam } from "./look.ts";
import { verdict } from "./verdict.ts";
import type { JobReport, StopOutcome, Verdict } from "./verdict.ts";

/**
 * Declares an execution of the pool over, and answers for its job by a fresh read. Refused while the truth can be
 * had; then the answer says why. Never rejects: failures and an aborted signal are verdicts too.
 */
export async function settleAndLook(
  team: LookTeam & Pick<Team, "settle">,
  {
    poolId,
    executionId,
    because,
    clock,
  }: { poolId: string; executionId: string; because: string; clock: Clock },
  { signal }: { signal: AbortSignal },
): Promise<Verdict> {
  const isMeant = (job: { executionId: string | null }): boolean => job.executionId === executionId;
  let look: Look;
  try {
    look = await readPool(team, poolId, { clock, signal });
  } catch (error) {
    return signal.aborted
      ? verdict("UNKNOWN", "interrupted before anything was declared")
      : verdictOfFailure(error);
  }
  // Only the latest execution of a job can lack its end. A team that settles nothing says so itself.
  if (look.proves === "source" && !look.jobs.some(isMeant)) {
    const reason = "no job of this pool has this execution as its latest";
    return verdict("USAGE", reason, { asOf: look.asOf, next: "take the execution from nightdesk status" });
  }
  let refused: string | null = null;
  try {
    await team.settle({ executionId, because }, { signal });
  } catch (error) {
    if (!(error instanceof TeamError) || error.failure !== "conflict")
      return verdictOfFailedChange(error, "the declaration", signal);
    refused = error.message;
  }
  try {
    look = await readPool(team, poolId, { clock, signal });
  } catch (error) {
    const words = signal.aborted ? "interrupted" : error instanceof Error ? error.message : String(error);
    return verdict(
      "UNKNOWN",
      `${refused === null ? "SETTLED" : `NOT SETTLED: ${refused}`}; then the look failed: ${words}`,
    );
  }
  const job = look.jobs.find(isMeant);
  if (job === undefined) return verdict("UNKNOWN", "a newer execution began meanwhile", { asOf: look.asOf });
  const seen = judgeJob(job, look);
  const report: JobReport = { ...seen, outcome: refused === null ? outcomeOf(seen) : null };
  const said = [refused === null ? (report.outcome ?? "SETTLED") : `NOT SETTLED: ${refused}`, seen.note];
  const reason = said.filter((words) => words !== "").join("; ");
  return verdict(seen.word, reason, { asOf: look.asOf, jobs: [report], settings: look.settings });
}

/** The proof may have come just before the word. */
function outcomeOf({ declared, status }: JobReport): StopOutcome {
  if (declared !== null) return "DECLARED";
  return status === "CANCEL" ? "STOPPED" : "FINISHED BY ITSELF";
}
