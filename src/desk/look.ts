import type { Clock } from "../base/clock.ts";
import type { DeskSettings } from "../model/desk-settings.ts";
import type { Team, TeamJob } from "../model/team.ts";
import { verdictOfFailure } from "./failure.ts";
import { clearWord, isActive, judgeJob, probeWords } from "./judge.ts";
import type { Ground } from "./judge.ts";
import { jobsInScope } from "./scope.ts";
import { verdict, worstWord } from "./verdict.ts";
import type { JobReport, Verdict } from "./verdict.ts";

/** What a look at a pool needs of a team. */
export type LookTeam = Pick<Team, "proves" | "settings" | "jobs" | "partial" | "readAt">;

/** One fresh read of a pool. */
export interface Look extends Ground {
  /** When it began, epoch ms. */
  asOf: number;
  jobs: TeamJob[];
  /** Of named jobs alone; of the rest of the pool it says nothing. */
  partial: boolean;
  settings: DeskSettings | null;
}

/** Reads a pool now. @throws TeamError, or the reason of the signal. */
export async function readPool(
  team: LookTeam,
  poolId: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Look> {
  const askedAt = clock.now();
  const jobs = await team.jobs(poolId, { signal });
  const now = clock.now();
  const asOf = team.readAt?.(poolId) ?? askedAt;
  const partial = team.partial(poolId);
  const proves = await team.proves(poolId, { signal });
  return { proves, asOf, now, jobs, partial, settings: await settingsOf(team, poolId, { signal }) };
}

/** null where they cannot be read: they decide nothing, so nothing is kept back for them. @throws the reason of the signal. */
export async function settingsOf(
  team: Pick<Team, "settings">,
  poolId: string,
  { signal }: { signal: AbortSignal },
): Promise<DeskSettings | null> {
  try {
    return await team.settings(poolId, { signal });
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

/**
 * Does anything of the pool (`job` null), or of one job (by id or whole name), touch the source?
 * Never rejects: failures and an aborted signal are verdicts too.
 */
export async function lookAtPool(
  team: LookTeam,
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
  const { asOf, settings } = look;
  if (chosen.kind === "usage") {
    const jobs = look.jobs.map((job) => judgeJob(job, look));
    return verdict("USAGE", chosen.reason, { asOf, jobs, settings, next: "name one of the jobs listed" });
  }
  const jobs = chosen.jobs.map((job) => judgeJob(job, look));
  const partial = look.partial && scope.job === null;
  const facts = { asOf, jobs, settings, partial };
  if (partial && jobs.length === 0) return verdict("UNKNOWN", nothingSeen, facts);
  const reason = jobsReason(jobs, scope.job !== null);
  const word = worstWord(jobs, clearWord(look.proves));
  return verdict(word, partial ? `${reason}; ${partWords(jobs)}` : reason, facts);
}

/** Of a key for named jobs that are gone: that it sees nothing says nothing. */
export const nothingSeen =
  "none of the jobs that the key is for is in the pool any more; other jobs of the pool were not seen";

/** What an answer is about that is given to a key for named jobs. */
export function partWords(jobs: readonly unknown[]): string {
  const what = jobs.length === 1 ? "the 1 job" : `the ${String(jobs.length)} jobs`;
  return `only of ${what} that the key is for: other jobs of the pool were not seen`;
}

/** Looks again after this long, then less and less often. */
const firstPauseMs = 200;
const longestPauseMs = 1000;

/** As `lookAtPool`, and again until the answer is not RUNNING any more or `waitMs` is over: then the latest look. */
export async function watchPool(
  team: LookTeam,
  scope: { poolId: string; job: string | null; waitMs: number; clock: Clock },
  { signal }: { signal: AbortSignal },
): Promise<Verdict> {
  const { clock, waitMs } = scope;
  const since = clock.monotonic();
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
    const seen = await lookAtPool(team, scope, { signal });
    const remaining = waitMs - (clock.monotonic() - since);
    if (seen.word !== "RUNNING" || remaining <= 0 || signal.aborted) return seen;
    // Told to end meanwhile: the look that follows says so.
    await clock.sleep(Math.min(pauseMs, remaining), { signal }).catch(() => undefined);
  }
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
    ...count((job) => job.word === "RUNNING" && isActive(job), "RUNNING or QUEUED"),
    ...count((job) => job.word === "RUNNING" && !isActive(job), "over, but seen at the source"),
    ...count(({ word }) => word === "UNKNOWN", "UNKNOWN"),
  ];
  const declared = count(
    ({ word, declared: by }) => word === "REPORTED CLEAR" && by !== null,
    "declared over without proof",
  );
  const unprobed = count(({ probes }) => probes?.length === 0, "without a probe");
  const counts = [...(open.length === 0 ? [`0 ${all} run or wait to run`] : open), ...declared, ...unprobed];
  // A probe of the whole pool says the same of each.
  return [counts.join(", "), ...new Set(jobs.flatMap(probeWords))].join("; ");
}
