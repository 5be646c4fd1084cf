import { paths } from "../../contract/index.ts";
import { readSchedules } from "../../desk/index.ts";
import { notFound } from "../../engine/belonging.ts";
import { knowsJob, may } from "../../engine/keys.ts";
import { lookAtScope } from "../../engine/scope-look.ts";
import { seenJobs, teamHold } from "../../engine/team-shapes.ts";
import type { ApiKey, DataPool } from "../../model/definitions.ts";
import type { StateStore } from "../../model/state-store.ts";
import type { Team, TeamSchedules } from "../../model/team.ts";
import type { Operations } from "../operations.ts";
import { relayedJob } from "../relayed-answers.ts";
import { route, type Route } from "../route.ts";
import { newSettingsOfDesk, settingsOfDesk } from "../wire/desk-settings.ts";
import { about, deskStatus, statusQuery } from "../wire/desk.ts";
import { go, goQuery } from "../wire/holds.ts";

/** A look is asked for again and again, also while a stop is waited for: it has what was read, or will have it next time. */
const schedulesWaitMs = 100;

/** The desk's reads, and how it speaks to the people of a pool. */
export function deskRoutes(operations: Operations): Route[] {
  const { state, holds, deskSettings, poolCache, relayedTeam, clock, version } = operations;

  async function schedulesOf(
    team: Team,
    { id }: DataPool,
    signal: AbortSignal,
  ): Promise<{ schedules?: TeamSchedules }> {
    const schedules = await readSchedules(team, id, { clock, limitMs: schedulesWaitMs }, { signal });
    return schedules === null ? {} : { schedules };
  }

  return [
    route({
      method: "GET",
      path: paths.about,
      access: { verb: "any", on: "team" },
      answer: about,
      operation: async ({ key }) => ({
        product: "nightdesk" as const,
        version,
        proof: (await seesOtherTeams(state, key)) ? ("per pool" as const) : ("source" as const),
        time: clock.now(),
      }),
    }),
    route({
      method: "GET",
      path: paths.deskStatus,
      access: { verb: "view", on: "pool", jobs: "kept" },
      query: statusQuery,
      answer: deskStatus,
      operation: async ({ pool, key }) => {
        const jobs = (await seenJobs(state, pool.id)).filter(({ id }) => knowsJob(key, id));
        const inForce = (await holds.seenWith(key, pool)).map(teamHold);
        const settings = await deskSettings.of(pool.id);
        const facts = { poolId: pool.id, poolName: pool.name, asOf: clock.now(), settings };
        const proof = "source" as const;
        return { ...facts, proof, jobs, holds: inForce, partial: key.jobs !== null };
      },
      relayed: async ({ pool, key, query, signal }) => {
        const team = relayedTeam(pool, { key, channel: "desk" }, query.job ?? null);
        const jobs = (await team.jobs(pool.id, { signal })).map(relayedJob);
        return {
          poolId: pool.id,
          poolName: pool.name,
          asOf: team.readAt?.(pool.id) ?? clock.now(),
          settings: await deskSettings.of(pool.id),
          proof: await team.proves(pool.id, { signal }),
          jobs,
          holds: await team.holds(pool.id, { signal }),
          ...(await schedulesOf(team, pool, signal)),
          partial: team.partial(pool.id),
        };
      },
    }),
    route({
      method: "GET",
      path: paths.go,
      access: { verb: "view", on: "pool", jobs: "kept" },
      query: goQuery,
      answer: go,
      operation: async ({ pool, key, query }) => {
        const connectionId = query.connection ?? null;
        const jobId = query.job ?? null;
        const { starts: next, ...look } = await lookAtScope(operations, pool, { connectionId, jobId, key });
        const settings = await deskSettings.of(pool.id);
        return {
          poolId: pool.id,
          poolName: pool.name,
          asOf: clock.now(),
          proof: "source" as const,
          ...look,
          next,
          settings,
        };
      },
      relayed: async ({ pool, key, query, signal }) => {
        const team = relayedTeam(pool, { key, channel: "desk" }, query.job ?? null);
        const connectionId = query.connection ?? null;
        const connections = connectionId === null ? [] : await team.connections(pool.id, { signal });
        const connection = connections.find(({ id }) => id === connectionId) ?? null;
        if (connectionId !== null && connection === null) throw notFound("connection");
        const job = query.job === undefined ? {} : { jobId: query.job };
        const look = await team.go({ poolId: pool.id, connectionId, ...job }, { signal });
        return {
          poolId: pool.id,
          poolName: pool.name,
          asOf: team.readAt?.(pool.id) ?? clock.now(),
          proof: await team.proves(pool.id, { signal }),
          connection,
          jobs: look.jobs.filter(({ id }) => query.job === undefined || id === query.job).map(relayedJob),
          holds: look.holds,
          next: look.starts,
          sources: look.sources,
          settings: await deskSettings.of(pool.id),
          ...(await schedulesOf(team, pool, signal)),
        };
      },
    }),
    route({
      method: "GET",
      path: paths.deskSettings,
      access: { verb: "admin", on: "pool" },
      answer: settingsOfDesk,
      relayed: "same",
      operation: async ({ pool }) => await deskSettings.of(pool.id),
    }),
    route({
      method: "PUT",
      path: paths.deskSettings,
      access: { verb: "admin", on: "pool" },
      body: { json: newSettingsOfDesk },
      answer: settingsOfDesk,
      relayed: "same",
      operation: async ({ pool, body }) => {
        const { zone = null, hours24to47 = false, contact = null, escalateAfterSeconds = null } = body;
        const set = { zone, hours24to47, contact, escalateAfterSeconds };
        try {
          return await deskSettings.set(pool, set);
        } finally {
          poolCache.forget(pool.id);
        }
      },
    }),
  ];
}

async function seesOtherTeams(state: StateStore, key: ApiKey): Promise<boolean> {
  return (await state.pools()).some((pool) => pool.team !== undefined && may(key, "any", pool.id));
}
