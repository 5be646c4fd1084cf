import type { Clock } from "../base/clock.ts";
import { TeamError } from "../model/team.ts";
import type { Team, TeamSchedules } from "../model/team.ts";
import type { SchedulesReport, Verdict } from "./verdict.ts";

/** How long an answer waits for schedules, ms: they decide nothing, and its status must not be older than two seconds. */
const longestWaitMs = 1500;

/**
 * What the team tells of its schedules within `limitMs`. A refusal, a failure or no answer in time is said in it; null where
 * it has none to tell of, or the signal aborted. Never rejects.
 */
export async function readSchedules(
  team: Pick<Team, "schedules">,
  poolId: string,
  { clock, limitMs = longestWaitMs }: { clock: Clock; limitMs?: number },
  { signal }: { signal: AbortSignal },
): Promise<TeamSchedules | null> {
  if (team.schedules === undefined || signal.aborted) return null;
  const over = new AbortController();
  const within = AbortSignal.any([signal, over.signal]);
  const asked = team.schedules(poolId, { signal: within }).catch(unread);
  const late = clock.sleep(limitMs, { signal: within }).then(() => pending(limitMs), unread);
  try {
    const read = await Promise.race([asked, late]);
    return signal.aborted ? null : read;
  } finally {
    over.abort(new Error("the answer does not wait for schedules"));
  }
}

/** The answer with what starts of its jobs by schedules, where the team tells of them: word, code and reason stay. */
export async function withSchedules(
  team: Pick<Team, "schedules">,
  said: Verdict,
  { poolId, clock }: { poolId: string; clock: Clock },
  { signal }: { signal: AbortSignal },
): Promise<Verdict> {
  // Where the answer rests on no look, or the command is wrong, there are no jobs that it is about.
  if (said.asOf === null || said.word === "DENIED" || said.word === "USAGE") return said;
  const read = await readSchedules(team, poolId, { clock }, { signal });
  return read === null ? said : { ...said, schedules: ofJobs(read, said, clock.now()) };
}

function ofJobs(read: TeamSchedules, { jobs }: Verdict, now: number): SchedulesReport {
  const names = new Map(jobs.map(({ id, name }) => [id, name]));
  const starts = read.starts.flatMap((start) => {
    const own = start.jobs.flatMap((job) => {
      const name = names.get(job.id);
      return name === undefined ? [] : [{ ...job, name }];
    });
    return own.length === 0 ? [] : [{ ...start, jobs: own }];
  });
  return { ...read, starts, now };
}

function unread(error: unknown): TeamSchedules {
  const why = error instanceof TeamError ? error.message : "they cannot be read now";
  return { readAt: null, why, pending: false, starts: [] };
}

function pending(limitMs: number): TeamSchedules {
  const why = `no answer within ${String(limitMs / 1000)} s`;
  return { readAt: null, why, pending: true, starts: [] };
}
