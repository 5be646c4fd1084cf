import { paths } from "../../contract/index.ts";
import { knowsJob } from "../../engine/keys.ts";
import { lookAtScope } from "../../engine/scope-look.ts";
import { seenJobs, teamHold } from "../../engine/team-shapes.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import { newSettingsOfDesk, settingsOfDesk } from "../wire/desk-settings.ts";
import { about, deskStatus } from "../wire/desk.ts";
import { go, goQuery } from "../wire/holds.ts";

/** The desk's reads, and how it speaks to the people of a pool. */
export function deskRoutes(operations: Operations): Route[] {
  const { state, holds, deskSettings, poolCache, clock, version } = operations;
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
        const jobs = (await seenJobs(state, pool.id)).filter(({ id }) => knowsJob(key, id));
        const inForce = (await holds.seenWith(key, pool)).map(teamHold);
        const settings = await deskSettings.of(pool.id);
        const facts = { poolId: pool.id, poolName: pool.name, asOf: clock.now(), settings };
        return { ...facts, jobs, holds: inForce, partial: key.jobs !== null };
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
        return { poolId: pool.id, poolName: pool.name, asOf: clock.now(), ...look, next, settings };
      },
    }),
    route({
      method: "GET",
      path: paths.deskSettings,
      access: { verb: "admin", on: "pool" },
      answer: settingsOfDesk,
      operation: async ({ pool }) => await deskSettings.of(pool.id),
    }),
    route({
      method: "PUT",
      path: paths.deskSettings,
      access: { verb: "admin", on: "pool" },
      body: { json: newSettingsOfDesk },
      answer: settingsOfDesk,
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
