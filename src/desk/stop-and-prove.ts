import type { Clock } from "../base/clock.ts";
import { TeamError } from "../model/team.ts";
import type { Team } from "../model/team.ts";
import { verdictOfFailure } from "./failure.ts";
import { judgeJob } from "./judge.ts";
import { readPool } from "./look.ts";
import type { Look, LookTeam } from "./look.ts";
import { jobsInScope } from "./scope.ts";
import { askForStops } from "./stop-requests.ts";
import { stopVerdict } from "./stop-verdict.ts";
import { firstStep, judgeTarget } from "./stop-target.ts";
import type { StopTarget } from "./stop-target.ts";
import { verdict } from "./verdict.ts";
import type { JobReport, Verdict } from "./verdict.ts";

/** What a stop needs of a team. */
export type StopTeam = LookTeam & Pick<Team, "stop" | "stopAll">;

export interface StopScope {
  poolId: string;
  /** Id or whole name; null needs `all`. */
  job: string | null;
  /** This execution of the job or nothing; null: the one that is active at the first look. */
  executionId: string | null;
  /** Every job of the pool that is active. */
  all: boolean;
  /** How long to wait for the proof, ms, counted from the request. */
  waitMs: number;
  /**
   * For a door that cannot keep its caller waiting as long as a stop may take: `waitMs` is then only how long this
   * answer takes, and an open stop is RUNNING until `stopLimitMs` after it was first asked for, as the team tells it.
   */
  answersEarly?: boolean;
  /** For the audit and the log of the run; where the team keeps one. */
  reason: string | null;
  clock: Clock;
}

export interface StopProgress {
  /** Since the stop was asked for. */
  elapsedMs: number;
  jobs: JobReport[];
}

/** Looks again after this long, then less and less often. */
const firstPauseMs = 200;
const longestPauseMs = 1000;

/** What an early answer waits at least, so that it rests on a look begun after the request. */
const shortestWaitMs = 1000;

/** A look that hangs across the end of the wait is cut this much later. */
const lastLookMs = 5000;

/**
 * Stops what is active and looks until a fresh read, begun after the request, shows that it is over, or
 * `waitMs` is over. Never rejects: failures and an aborted signal are verdicts too. A stop that was asked
 * for is not taken back by anything here, so it may be killed and run again at any time.
 *
 * A lost connection is UNREACHABLE only before a stop was asked for. After that it is UNKNOWN: the team may
 * have received it, and that is what the reader must know.
 */
export async function stopAndProve(
  team: StopTeam,
  scope: StopScope,
  { signal, onProgress = () => {} }: { signal: AbortSignal; onProgress?: (progress: StopProgress) => void },
): Promise<Verdict> {
  const { poolId, clock, answersEarly = false } = scope;
  let look: Look;
  try {
    look = await readPool(team, poolId, { clock, signal });
  } catch (error) {
    if (signal.aborted) return verdict("UNKNOWN", "interrupted before a stop was asked for");
    return verdictOfFailure(error);
  }
  const chosen = chooseTargets(look, scope);
  if (!Array.isArray(chosen)) return chosen;
  if (chosen.every(({ step }) => step !== "asked")) {
    const { settled, reports } = judgeAll(chosen, look, scope.all);
    if (settled) return stopVerdict(reports, look, scope);
  }
  const waitMs = answersEarly ? Math.max(scope.waitMs, shortestWaitMs) : scope.waitMs;
  return askAndLook(team, { ...scope, waitMs }, { targets: chosen, firstLook: look }, { signal, onProgress });
}

/** The targets of a stop, or why the command is wrong. */
function chooseTargets(look: Look, { job, executionId, all }: StopScope): StopTarget[] | Verdict {
  const reports = look.jobs.map((one) => judgeJob(one, look));
  const usage = (reason: string, jobs: JobReport[], next: string): Verdict =>
    verdict("USAGE", reason, { asOf: look.asOf, jobs, next, settings: look.settings });
  if (all && (job !== null || executionId !== null)) {
    return usage(
      "everything (--all) goes with neither a job nor an execution",
      reports,
      "leave one of them out",
    );
  }
  if (job === null && !all) {
    const running = reports.filter(({ word }) => word !== "CLEAR" && word !== "REPORTED CLEAR");
    const reason = running.length === 0 ? "no job named, and nothing runs" : "no job named; this runs";
    return usage(
      reason,
      running,
      "name a job, or stop everything of the pool with --all (all=true in an address)",
    );
  }
  const chosen = jobsInScope(look.jobs, job);
  if (chosen.kind === "usage") return usage(chosen.reason, reports, "name one of the jobs listed");
  return chosen.jobs.map((first) => ({
    first,
    meant: executionId ?? first.executionId,
    step: firstStep(first, executionId, look),
    refusal: null,
  }));
}

interface Pass {
  look: Look;
  reports: JobReport[];
  /** Nothing more is to be waited for. */
  settled: boolean;
}

/** What one look says of all targets; with `all` also of jobs that came up after the first look. */
function judgeAll(targets: readonly StopTarget[], look: Look, all: boolean): Pass {
  const seen = new Map(look.jobs.map((job) => [job.id, job]));
  const judged = targets.map((target) => judgeTarget(target, seen.get(target.first.id), look));
  const known = new Set(targets.map(({ first }) => first.id));
  const added = all ? look.jobs.filter(({ id }) => !known.has(id)).map((job) => judgeJob(job, look)) : [];
  return {
    look,
    reports: [...judged.map(({ report }) => report), ...added],
    settled: judged.every(({ settled }) => settled),
  };
}

async function askAndLook(
  team: StopTeam,
  scope: StopScope,
  { targets, firstLook }: { targets: StopTarget[]; firstLook: Look },
  { signal, onProgress }: { signal: AbortSignal; onProgress: (progress: StopProgress) => void },
): Promise<Verdict> {
  const { poolId, all, clock, waitMs, answersEarly = false } = scope;
  const over = new AbortController();
  const alive = AbortSignal.any([signal, over.signal]);
  const askedAt = clock.monotonic();
  // The requests go on while we look: a cancel may take effect long before it is answered.
  // A key for named jobs stops these, and nothing of the pool as a whole.
  const atOnce = all && !firstLook.partial;
  const requests = askForStops(team, { ...scope, atOnce }, targets, { signal: alive });
  const limit = abortAfter(waitMs + lastLookMs, over, clock);

  let pass = judgeAll(targets, firstLook, all);
  let trouble: string | null = null;
  try {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
      const remaining = waitMs - (clock.monotonic() - askedAt);
      if (remaining <= 0) break;
      await pause(Math.min(pauseMs, remaining), { clock, endsWith: requests.endedSignal, signal: alive });
      try {
        pass = judgeAll(targets, await readPool(team, poolId, { clock, signal: alive }), all);
        trouble = null;
        if (pass.settled) return stopVerdict(pass.reports, pass.look, { all });
      } catch (error) {
        alive.throwIfAborted();
        trouble = `the last look failed: ${error instanceof Error ? error.message : String(error)}`;
        if (isRefusal(error)) {
          const reason = `NOT PROVEN: a stop was asked for, then the key was refused: ${trouble}`;
          return verdict("DENIED", reason, {
            asOf: pass.look.asOf,
            jobs: pass.reports,
            settings: pass.look.settings,
          });
        }
      }
      onProgress({ elapsedMs: clock.monotonic() - askedAt, jobs: pass.reports });
    }
    // Those that are on their way are not to be cut off by an answer that only comes early.
    if (answersEarly) await requests.ended;
  } catch (error) {
    if (!alive.aborted) throw error;
    if (!signal.aborted) trouble = "the last look had no answer";
  } finally {
    over.abort(new Error("the stop is over"));
    await Promise.all([requests.ended, limit]);
  }
  const why = signal.aborted
    ? `when interrupted; ${arrived(targets, requests.accepted())}`
    : `after ${String(Math.round(waitMs / 1000))} s`;
  const unclear = trouble ?? requests.trouble();
  if (answersEarly && !signal.aborted && unclear === null)
    return stopVerdict(pass.reports, pass.look, { all });
  const facts = [why, unclear].filter((fact) => fact !== null);
  return stopVerdict(pass.reports, pass.look, { all, notProven: facts.join("; ") });
}

function arrived(targets: readonly StopTarget[], accepted: boolean): string {
  if (targets.every(({ step }) => step !== "asked")) return "no stop was needed";
  return accepted ? "the stop that was asked for stays" : "whether the stop arrived is not known";
}

function isRefusal(error: unknown): boolean {
  return error instanceof TeamError && (error.failure === "denied" || error.failure === "not-found");
}

/** Aborts `over` after `ms` unless that happened before; resolves when nothing of it is left. */
async function abortAfter(ms: number, over: AbortController, clock: Clock): Promise<void> {
  try {
    await clock.sleep(ms, { signal: over.signal });
    over.abort(new Error("the wait is over"));
  } catch {
    // It was over before.
  }
}

/** Sleeps; ends early when `endsWith` aborts during it. Rejects only with the reason of `signal`. */
async function pause(
  ms: number,
  { clock, endsWith, signal }: { clock: Clock; endsWith: AbortSignal; signal: AbortSignal },
): Promise<void> {
  if (endsWith.aborted) return clock.sleep(ms, { signal });
  try {
    await clock.sleep(ms, { signal: AbortSignal.any([signal, endsWith]) });
  } catch {
    signal.throwIfAborted();
  }
}
