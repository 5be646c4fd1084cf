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
  team: Team,
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
  team: Team,
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
  return verdict(word, statusReason(jobs, scope.job !== null), { asOf, jobs });
}

function statusReason(jobs: readonly JobReport[], oneJob: boolean): string {
  const [first] = jobs;
  if (first === undefined) return "the pool has no jobs";
  if (oneJob) return [first.status ?? "never ran", first.note].filter((text) => text !== "").join(", ");
  const count = (word: string): number => jobs.filter((job) => job.word === word).length;
  const running = count("RUNNING");
  const unknown = count("UNKNOWN");
  const all = `of ${String(jobs.length)} ${jobs.length === 1 ? "job" : "jobs"}`;
  if (running + unknown === 0) return `0 ${all} run or wait to run`;
  const parts = [
    ...(running === 0 ? [] : [`${String(running)} ${all} RUNNING or QUEUED`]),
    ...(unknown === 0 ? [] : [`${String(unknown)} ${all} UNKNOWN`]),
  ];
  return parts.join(", ");
}
