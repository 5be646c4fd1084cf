import { paths } from "../../contract/index.ts";
import { notFound } from "../../engine/belonging.ts";
import { knowsJob, onlyNamedJobs } from "../../engine/keys.ts";
import { heldConnections, otherConnections } from "../../engine/same-source.ts";
import { hashOf } from "../../engine/stored-object.ts";
import { relayedHold } from "../../engine/relayed-team.ts";
import { teamHold, teamStart } from "../../engine/team-shapes.ts";
import { heldIds, type Hold } from "../../model/hold.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import { laidHold, holdDraft, holds as holdList, release, releaseRequest } from "../wire/holds.ts";

/** Keeping stopped what was stopped. */
export function holdRoutes({ state, holds, relayedTeam }: Operations): Route[] {
  return [
    route({
      method: "GET",
      path: paths.holds,
      access: { verb: "view", on: "pool", jobs: "kept" },
      answer: holdList,
      operation: async ({ pool, key }) => (await holds.seenWith(key, pool)).map(teamHold),
      relayed: ({ pool, key, signal }) =>
        relayedTeam(pool, { key, channel: "desk" }, null).holds(pool.id, { signal }),
    }),
    route({
      method: "POST",
      path: paths.holds,
      access: { verb: "hold", on: "pool", jobs: "kept" },
      body: { json: holdDraft },
      answer: laidHold,
      deed: "hold",
      operation: async ({ pool, key, body, tell }) => {
        const objectId = body.id ?? null;
        if (key.jobs !== null && body.scope !== "job") throw onlyNamedJobs();
        if (!knowsJob(key, objectId ?? "")) throw notFound("data job");
        const laid = await holds.lay(pool, {
          scope: body.scope,
          objectId,
          because: body.reason === undefined || body.reason === "" ? null : body.reason,
          until: body.until ?? null,
          keyName: key.name,
        });
        tell({ because: laid.because, ids: heldIds(laid), holds: [laid], outcome: "HELD" });
        const held = await heldConnections(state, laid);
        const others = await otherConnections(state, key, { pool, connections: held, jobIds: new Set() });
        return { ...teamHold(laid), notHeld: [...others.values()].flat() };
      },
      relayed: async ({ pool, key, body, signal, tell }) => {
        const objectId = body.scope === "pool" ? pool.id : (body.id ?? "");
        const laid = await relayedTeam(pool, { key, channel: "desk" }, null).hold(
          {
            poolId: pool.id,
            scope: body.scope,
            objectId,
            reason: body.reason || null,
            until: body.until ?? null,
          },
          { signal },
        );
        const stored = await state.hold(laid.id);
        tell({
          because: laid.reason,
          ids: body.scope === "job" ? { jobId: objectId } : {},
          holds: stored === null ? [] : [stored],
          outcome: "HELD: watch and stop",
        });
        return { ...laid, notHeld: [] };
      },
    }),
    route({
      method: "POST",
      path: paths.release,
      access: { verb: "hold", on: "pool", jobs: "kept" },
      body: { json: releaseRequest },
      answer: release,
      deed: "release",
      operation: async ({ pool, key, body, tell }) => {
        const dryRun = body.dryRun ?? false;
        const done = await holds.release(pool, body.holds, { key, dryRun });
        const { released, ended: after, starts } = done;
        tell({
          ...(after === null ? {} : { changed: { before: hashOfAll(released), after: hashOfAll(after) } }),
          outcome: dryRun ? "DRY RUN" : "RELEASED",
          holds: released,
          ids: released[0] !== undefined && released.length === 1 ? heldIds(released[0]) : {},
          executionIds: starts.map(({ execution }) => execution.id),
        });
        const shown = pool.team === undefined ? teamHold : relayedHold;
        return { dryRun, released: released.map(shown), starts: starts.map(teamStart) };
      },
      relayed: "same",
    }),
  ];
}

/** Of one its own, as in the record that it was laid with; of several that of their list. */
function hashOfAll(all: Hold[]): string {
  const [first, ...others] = all;
  return hashOf(first !== undefined && others.length === 0 ? first : all);
}
