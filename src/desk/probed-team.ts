import type { Clock } from "../base/clock.ts";
import type { ProbeLook, TeamProbe } from "../model/probe.ts";
import type { Team, TeamJob } from "../model/team.ts";
import { isOver } from "./judge.ts";

/**
 * A team whose word alone proves nothing, with probes that look at its sources: only by them a job of it is CLEAR.
 * They are looked at when the team calls every job of the scope over, for while one runs they change nothing; after
 * that the team is read again, so that what started during the looks is not passed over.
 * @param probes of any pool; only those of the pool that is asked about count. As a function it is asked when they are
 *   to look; where it has none at all the team stays as it is.
 * @param job id or whole name of the only job that the answer is about; null: every job.
 */
export function probedTeam<Probed extends Team>(
  team: Probed,
  probes: readonly TeamProbe[] | (() => Promise<readonly TeamProbe[]>),
  { job, clock }: { job: string | null; clock: Clock },
): Probed {
  const inScope = ({ id, name }: TeamJob): boolean => job === null || id === job || name === job;

  async function probed<Answer extends { jobs: TeamJob[] }>(
    poolId: string,
    read: () => Promise<Answer>,
    options: { signal: AbortSignal },
  ): Promise<Answer> {
    const first = await read();
    const before = first.jobs.filter(inScope);
    if (before.length === 0 || !before.every(isSettled)) return first;
    const all = typeof probes === "function" ? await probes() : probes;
    if (all.length === 0) return first;
    const covering = all.filter((one) => one.poolId === poolId && before.some((of) => covers(one, of)));
    const looks = await Promise.all(
      covering.map(async (one) => ({ of: one, look: await lookTwice(one, clock, options) })),
    );
    const after = await read();
    if (!after.jobs.filter(inScope).every(isSettled)) return after;
    const jobs = after.jobs.map((of) => {
      if (!inScope(of)) return of;
      const seen = looks.filter((one) => covers(one.of, of));
      const same = before.some((was) => isSameRun(was, of));
      const told = seen.map(({ of: { name }, look }) => ({
        name,
        look: same || "found" in look ? look : ranMeanwhile,
      }));
      // What the team itself tells of probes of its own counts beside ours.
      return { ...of, probes: [...(of.probes ?? []), ...told] };
    });
    return { ...after, jobs };
  }

  return {
    ...team,
    jobs: async (poolId, options) => {
      const read = async () => ({ jobs: await team.jobs(poolId, options) });
      return (await probed(poolId, read, options)).jobs;
    },
    go: (scope, options) => probed(scope.poolId, () => team.go(scope, options), options),
  };
}

/** Over, and the team itself has nothing against it: of what it still ends, a look would be about a moment too early. */
function isSettled(job: TeamJob): boolean {
  return isOver(job) && job.stopping === null;
}

const ranMeanwhile: ProbeLook = { unknown: "the job ran while it looked" };

function covers({ jobIds }: TeamProbe, { id }: TeamJob): boolean {
  return jobIds === null || jobIds.includes(id);
}

function isSameRun(was: TeamJob, now: TeamJob): boolean {
  return (
    was.id === now.id &&
    was.status === now.status &&
    was.startedAt === now.startedAt &&
    was.executionId === now.executionId
  );
}

/** Clear only if it is that twice. What it sees at once needs no second look. */
async function lookTwice(
  { probe, againAfterMs }: TeamProbe,
  clock: Clock,
  { signal }: { signal: AbortSignal },
): Promise<ProbeLook> {
  const first = await probe.look({ signal });
  if (!("clear" in first) || !first.clear) return first;
  await clock.sleep(againAfterMs, { signal });
  return probe.look({ signal });
}
