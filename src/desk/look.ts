import type { Clock } from "../base/clock.ts";
import type { Team, TeamJob } from "../model/team.ts";
import { verdictOfFailure } from "./failure.ts";
import { clearWord, judgeJob } from "./judge.ts";
import type { Ground } from "./judge.ts";
import { jobsInScope } from "./scope.ts";
import { verdict, worstWord } from "./verdict.ts";
import type { JobReport, Verdict } from "./verdict.ts";

/** One fresh read of a pool. */
export interface Look extends Ground {
  /** When it began, epoch ms. */
  asOf: number;
  jobs: TeamJob[];
}

/** Reads a pool now. @throws TeamError, or the reason of the signal. */
export async function readPool(
  team: Pick<Team, "proves" | "jobs">,
  poolId: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Look> {
  const proves = await team.proves({ signal });
  const asOf = clock.now();
  const jobs = await team.jobs(poolId, { signal });
  return { proves, asOf, now: clock.now(), jobs };
}

/**
 * Does anything of the pool (`job` null), or of one job (by id or whole name), touch the source?
 * Never rejects: failures and an aborted signal are verdicts too.
 */
export async function lookAtPool(
  team: Pick<Team, "proves" | "jobs">,
  scope: { poolId: string; job: string | null; clock: Clock },
  { signal }: { signal: AbortSignal },
): Promise<Verdict> {
  let look: Look;
  try {
    look = await readPool(team, scope.poolId, { clock: scope.clock, signal });
  } catch (error) {
    if (signal.aborted) return verdict("UNKNOWN", "interrupted before the status was known");
    return verdictOfFailure(error);
  }
  const chosen = jobsInScope(look.jobs, scope.job);
  const { asOf } = look;
  if (chosen.kind === "usage") {
    const jobs = look.jobs.map((job) => judgeJob(job, look));
    return verdict("USAGE", chosen.reason, { asOf, jobs, next: "name one of the jobs listed" });
  }
  const jobs = chosen.jobs.map((job) => judgeJob(job, look));
  const word = worstWord(jobs, clearWord(look.proves));
  return verdict(word, jobsReason(jobs, scope.job !== null), { asOf, jobs });
}

/** What the jobs of a scope do, in one line. */
export function jobsReason(jobs: readonly JobReport[], oneJob: boolean): string {
  const [first] = jobs;
  if (first === undefined) return "no jobs";
  if (oneJob) return [first.status ?? "never ran", first.note].filter((text) => text !== "").join(", ");
  const count = (is: (job: JobReport) => boolean, words: string): string[] => {
    const found = jobs.filter(is).length;
    return found === 0 ? [] : [`${String(found)} ${all} ${words}`];
  };
  const all = `of ${String(jobs.length)} ${jobs.length === 1 ? "job" : "jobs"}`;
  const open = [
    ...count(({ word }) => word === "RUNNING", "RUNNING or QUEUED"),
    ...count(({ word }) => word === "UNKNOWN", "UNKNOWN"),
  ];
  const declared = count(
    ({ word, declared: by }) => word === "REPORTED CLEAR" && by !== null,
    "declared over without proof",
  );
  return [...(open.length === 0 ? [`0 ${all} run or wait to run`] : open), ...declared].join(", ");
}
