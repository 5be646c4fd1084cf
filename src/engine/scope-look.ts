import type { Clock } from "../base/clock.ts";
import type { ApiKey, DataPool, DataSource } from "../model/definitions.ts";
import { covers, type Hold } from "../model/hold.ts";
import type { StateStore } from "../model/state-store.ts";
import type { TeamHold, TeamSourceLook, TeamStart } from "../model/team.ts";
import { dataSourceOf, jobOf, notFound } from "./belonging.ts";
import type { Connections } from "./connections.ts";
import type { Holds } from "./holds.ts";
import { knowsJob, may, mayOnTeam, onlyNamedJobs } from "./keys.ts";
import type { Queue } from "./queue.ts";
import { ofAnotherPool, otherConnections } from "./same-source.ts";
import { seenJobs, teamHold, teamStart, type SeenJob } from "./team-shapes.ts";

export interface ScopeParts {
  state: StateStore;
  holds: Holds;
  queue: Queue;
  connections: Connections;
  clock: Clock;
}

/** All that bears on a pool's sources, or on one of them. */
export interface ScopeLook {
  /** null: every connection of the pool. */
  connection: { id: string; name: string } | null;
  jobs: SeenJob[];
  holds: TeamHold[];
  starts: TeamStart[];
  sources: TeamSourceLook[];
}

/** Stands where the id of an execution would, for a key that may not know it: something is there, and no more is said. */
export const notShown = "(not shown)";

/** Reads everything now, as this key may see it. @throws UserError "not-found" for a connection or job of another pool. */
export async function lookAtScope(
  { state, holds, queue, connections, clock }: ScopeParts,
  pool: DataPool,
  { connectionId, jobId, key }: { connectionId: string | null; jobId: string | null; key: ApiKey },
): Promise<ScopeLook> {
  // Whether anything touches a source is more than one job can answer.
  if (key.jobs !== null && jobId === null) throw onlyNamedJobs();
  if (jobId !== null) return lookAtJob({ state, holds, queue, connections, clock }, pool, { jobId, key });
  const one = connectionId === null ? null : await dataSourceOf(state, pool.id, connectionId);
  const dataSources = one === null ? await state.dataSources(pool.id) : [one];
  // First the sources: what starts after the look is in the lists that follow.
  const looks = await Promise.all(dataSources.map((source) => lookAtSource(connections, clock, source)));
  const inScope = await jobsOf(state, pool.id, one);
  const starts = (await queue.of(pool.id)).filter(({ execution }) => inScope.has(execution.jobId));
  const holding = new Set(starts.flatMap(({ heldBy }) => heldBy.map(({ id }) => id)));
  const inForce = await holds.list(pool);
  const others = await otherConnections(state, key, { pool, connections: dataSources, jobIds: inScope });
  const sources = looks.map(async (look) =>
    shownTo(key, state, pool, { ...look, others: others.get(look.connectionId) ?? [] }),
  );
  return {
    connection: one === null ? null : { id: one.id, name: one.name },
    jobs: (await seenJobs(state, pool.id)).filter(({ id }) => inScope.has(id)),
    // Also those of another connection: what waits was planned with it, and the job was given this one since.
    holds: inForce
      .filter(
        (hold) => hold.scope === "pool" || one === null || isOf(hold, one, inScope) || holding.has(hold.id),
      )
      .map(teamHold),
    starts: starts.map(teamStart),
    sources: await Promise.all(sources),
  };
}

/** Of a source only what this job has there: an execution may still be at a connection that the job had before. */
async function lookAtJob(
  { state, holds, queue, connections, clock }: ScopeParts,
  pool: DataPool,
  { jobId, key }: { jobId: string; key: ApiKey },
): Promise<ScopeLook> {
  if (!knowsJob(key, jobId)) throw notFound("data job");
  const job = await jobOf(state, pool.id, jobId);
  const looks = (await state.dataSources(pool.id)).map((source) => lookAtSource(connections, clock, source));
  const sources: TeamSourceLook[] = [];
  for (const look of await Promise.all(looks)) {
    const found = await Promise.all(look.executionIds.map((id) => state.execution(id)));
    const executionIds = found.flatMap((one) => (one?.jobId === job.id ? [one.id] : []));
    if (look.connectionId === job.dataSourceId || executionIds.length > 0)
      sources.push({ ...look, executionIds, others: [] });
  }
  const waiting = (await queue.of(pool.id)).filter(({ execution }) => execution.jobId === job.id);
  const holding = new Set(waiting.flatMap(({ heldBy }) => heldBy.map(({ id }) => id)));
  const inForce = (await holds.list(pool)).filter(
    (hold) => holding.has(hold.id) || covers(hold, { ...job, jobId: job.id }),
  );
  return {
    connection: null,
    jobs: (await seenJobs(state, pool.id)).filter(({ id }) => id === job.id),
    holds: inForce.map(teamHold),
    starts: waiting.map(teamStart),
    sources,
  };
}

/**
 * Jobs that read the connection, or any if it is null. Also those whose execution does or may: a job can have been
 * given another connection since its execution was planned.
 */
async function jobsOf(state: StateStore, poolId: string, one: DataSource | null): Promise<Set<string>> {
  const jobs = await state.jobs(poolId);
  if (one === null) return new Set(jobs.map(({ id }) => id));
  const declared = (await state.openSettlements(poolId)).map(({ executionId }) =>
    state.execution(executionId),
  );
  const open = [...(await state.activeExecutions()), ...(await Promise.all(declared))];
  return new Set([
    ...jobs.filter(({ dataSourceId }) => dataSourceId === one.id).map(({ id }) => id),
    ...open.flatMap((execution) =>
      execution !== null && execution.plan.dataSource?.id === one.id ? [execution.jobId] : [],
    ),
  ]);
}

function isOf({ objectId }: Hold, { id }: DataSource, jobIds: ReadonlySet<string>): boolean {
  return objectId === id || jobIds.has(objectId);
}

async function lookAtSource(
  connections: Connections,
  clock: Clock,
  source: DataSource,
): Promise<Omit<TeamSourceLook, "others">> {
  const seen = await connections.executionsAt(source);
  const named = { connectionId: source.id, connectionName: source.name };
  return "failure" in seen
    ? { ...named, readAt: null, why: seen.failure, executionIds: [] }
    : { ...named, readAt: clock.now(), why: null, executionIds: seen.executionIds };
}

/**
 * Of sessions at the source that are not of this pool, a key of this pool learns that they are there: they keep the
 * answer from being CLEAR. Whose they are it learns only where it may see that pool too.
 */
async function shownTo(
  key: ApiKey,
  state: StateStore,
  pool: DataPool,
  look: TeamSourceLook,
): Promise<TeamSourceLook> {
  if (mayOnTeam(key, "view")) return look;
  const shown = look.executionIds.map(async (id) => {
    const execution = await state.execution(id);
    const poolId = execution?.poolId;
    if (poolId !== undefined && (poolId === pool.id || may(key, "view", poolId))) return id;
    return execution?.status === "RUNNING" ? ofAnotherPool : notShown;
  });
  return { ...look, executionIds: [...new Set(await Promise.all(shown))] };
}
