import type { HoldScope } from "../model/hold.ts";
import type { Team, TeamJob } from "../model/team.ts";

/** Which jobs of a pool are meant, or why that cannot be told. */
export type Scope = { kind: "jobs"; jobs: TeamJob[] } | { kind: "usage"; reason: string };

/** `wanted`: a job's id or its whole name; null: all jobs. */
export function jobsInScope(jobs: readonly TeamJob[], wanted: string | null): Scope {
  if (wanted === null) return { kind: "jobs", jobs: [...jobs] };
  const found = jobs.filter((job) => job.id === wanted || job.name === wanted);
  if (found.length === 1) return { kind: "jobs", jobs: found };
  return {
    kind: "usage",
    reason:
      found.length === 0
        ? `no job of this pool has the name or id ${JSON.stringify(wanted)}`
        : `${String(found.length)} jobs are meant by ${JSON.stringify(wanted)}: name one by its id`,
  };
}

/** What a hold is laid on, or a look is about: the pool, a connection or a job of it. */
export interface Part {
  scope: HoldScope;
  /** Of the pool, connection or job. */
  objectId: string;
  /** null for the pool. */
  name: string | null;
}

/** For a person, e.g. `job "Finance documents"`. */
export function labelOf({ scope, name }: { scope: HoldScope; name: string | null }): string {
  return name === null ? scope : `${scope} ${JSON.stringify(name)}`;
}

/**
 * What `job` or `connection`, each an id or a whole name, means; the pool if both are null. A reason where that
 * cannot be told. @throws TeamError.
 */
export async function partOf(
  team: Pick<Team, "jobs" | "connections">,
  { poolId, job, connection }: { poolId: string; job: string | null; connection: string | null },
  options: { signal: AbortSignal },
): Promise<Part | { usage: string }> {
  if (job !== null && connection !== null) return { usage: "name a JOB or a --connection, not both" };
  if (job !== null) {
    const chosen = jobsInScope(await team.jobs(poolId, options), job);
    if (chosen.kind === "usage") return { usage: chosen.reason };
    const [{ id, name } = { id: job, name: job }] = chosen.jobs;
    return { scope: "job", objectId: id, name };
  }
  if (connection === null) return { scope: "pool", objectId: poolId, name: null };
  const all = await team.connections(poolId, options);
  const found = all.filter(({ id, name }) => id === connection || name === connection);
  const [one] = found;
  if (one !== undefined && found.length === 1) {
    return { scope: "connection", objectId: one.id, name: one.name };
  }
  const names = all.map(({ name }) => JSON.stringify(name)).join(", ");
  const there = all.length === 0 ? "the pool has none" : `there are ${names}`;
  return {
    usage:
      found.length === 0
        ? `no connection of this pool has the name or id ${JSON.stringify(connection)}; ${there}`
        : `${String(found.length)} connections are meant by ${JSON.stringify(connection)}: name one by its id`,
  };
}
