import type { Clock } from "../../base/clock.ts";
import { paths, type DeskGo, type DeskSourceLook } from "../../contract/index.ts";
import { dataSourceOf, jobOf, notFound } from "../../engine/belonging.ts";
import type { Connections } from "../../engine/connections.ts";
import { knowsJob, onlyNamedJobs } from "../../engine/keys.ts";
import type { DataPool, DataSource, Job } from "../../model/definitions.ts";
import { covers, type Hold } from "../../model/hold.ts";
import type { StateStore } from "../../model/state-store.ts";
import { deskJobs } from "../desk-view.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import { about, deskStatus } from "../wire/desk.ts";
import { go, goQuery, toHold, toStart } from "../wire/holds.ts";

/** The desk's reads. */
export function deskRoutes({ state, holds, queue, connections, clock, version }: Operations): Route[] {
  const looksAt = async (dataSources: DataSource[]): Promise<DeskSourceLook[]> =>
    await Promise.all(dataSources.map((source) => lookAt(connections, clock, source)));

  /** Of a source only what this job has there: an execution may still be at a connection that the job had before. */
  const goOfJob = async (job: Job, pool: DataPool): Promise<DeskGo> => {
    const looks = await looksAt(await state.dataSources(pool.id));
    const sources: DeskSourceLook[] = [];
    for (const look of looks) {
      const found = await Promise.all(look.executionIds.map((id) => state.execution(id)));
      const executionIds = found.flatMap((one) => (one?.jobId === job.id ? [one.id] : []));
      if (look.connectionId === job.dataSourceId || executionIds.length > 0) {
        sources.push({ ...look, executionIds });
      }
    }
    const next = (await queue.of(pool.id)).filter(({ execution }) => execution.jobId === job.id);
    const holding = new Set(next.flatMap(({ heldBy }) => heldBy.map(({ id }) => id)));
    const inForce = (await holds.list(pool)).filter(
      (hold) => holding.has(hold.id) || covers(hold, { ...job, jobId: job.id }),
    );
    return {
      poolId: pool.id,
      poolName: pool.name,
      asOf: clock.now(),
      connection: null,
      jobs: (await deskJobs(state, pool.id)).filter(({ id }) => id === job.id),
      holds: inForce.map(toHold),
      next: next.map(toStart),
      sources,
    };
  };

  return [
    route({
      method: "GET",
      path: paths.about,
      access: { verb: "any", on: "team" },
      answer: about,
      operation: () =>
        Promise.resolve({
          product: "nightdesk" as const,
          version,
          proof: "source" as const,
          time: clock.now(),
        }),
    }),
    route({
      method: "GET",
      path: paths.deskStatus,
      access: { verb: "view", on: "pool", jobs: "kept" },
      answer: deskStatus,
      operation: async ({ pool, key }) => {
        const jobs = (await deskJobs(state, pool.id)).filter(({ id }) => knowsJob(key, id));
        const inForce = (await holds.seenWith(key, pool)).map(toHold);
        const partial = key.jobs !== null;
        return { poolId: pool.id, poolName: pool.name, asOf: clock.now(), jobs, holds: inForce, partial };
      },
    }),
    route({
      method: "GET",
      path: paths.go,
      access: { verb: "view", on: "pool", jobs: "kept" },
      query: goQuery,
      answer: go,
      operation: async ({ pool, key, query }) => {
        // Whether anything touches a source is more than one job can answer.
        if (key.jobs !== null && query.job === undefined) throw onlyNamedJobs();
        if (query.job !== undefined) {
          if (!knowsJob(key, query.job)) throw notFound("data job");
          return await goOfJob(await jobOf(state, pool.id, query.job), pool);
        }
        const one =
          query.connection === undefined ? null : await dataSourceOf(state, pool.id, query.connection);
        const dataSources = one === null ? await state.dataSources(pool.id) : [one];
        // First the sources: what starts after the look is in the lists that follow.
        const sources = await looksAt(dataSources);
        const inScope = await jobsOf(state, pool.id, one);
        const next = await queue.of(pool.id);
        const inForce = await holds.list(pool);
        return {
          poolId: pool.id,
          poolName: pool.name,
          asOf: clock.now(),
          connection: one === null ? null : { id: one.id, name: one.name },
          jobs: (await deskJobs(state, pool.id)).filter(({ id }) => inScope.has(id)),
          holds: inForce
            .filter((hold) => hold.scope === "pool" || one === null || isOf(hold, one, inScope))
            .map(toHold),
          next: next.filter(({ execution }) => inScope.has(execution.jobId)).map(toStart),
          sources,
        };
      },
    }),
  ];
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

async function lookAt(connections: Connections, clock: Clock, source: DataSource): Promise<DeskSourceLook> {
  const seen = await connections.executionsAt(source);
  const named = { connectionId: source.id, connectionName: source.name };
  return "failure" in seen
    ? { ...named, readAt: null, why: seen.failure, executionIds: [] }
    : { ...named, readAt: clock.now(), why: null, executionIds: seen.executionIds };
}
