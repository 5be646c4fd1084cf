import { paths } from "../../contract/index.ts";
import { teamHold, teamStart } from "../../engine/team-shapes.ts";
import type { Hold } from "../../model/hold.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import { hold, holdDraft, holds as holdList, release, releaseRequest } from "../wire/holds.ts";

/** Keeping stopped what was stopped. */
export function holdRoutes({ holds, queue }: Operations): Route[] {
  return [
    route({
      method: "GET",
      path: paths.holds,
      access: { verb: "view", on: "pool" },
      answer: holdList,
      operation: async ({ pool }) => (await holds.list(pool)).map(teamHold),
    }),
    route({
      method: "POST",
      path: paths.holds,
      access: { verb: "hold", on: "pool" },
      body: { json: holdDraft },
      answer: hold,
      deed: "hold",
      operation: async ({ pool, key, body, tell }) => {
        const laid = await holds.lay(pool, {
          scope: body.scope,
          objectId: body.id ?? null,
          because: body.reason === undefined || body.reason === "" ? null : body.reason,
          until: body.until ?? null,
          keyName: key.name,
        });
        tell({ because: laid.because, ids: heldIds(laid), outcome: "HELD" });
        return teamHold(laid);
      },
    }),
    route({
      method: "POST",
      path: paths.release,
      access: { verb: "hold", on: "pool" },
      body: { json: releaseRequest },
      answer: release,
      deed: "release",
      operation: async ({ pool, key, body, tell }) => {
        const dryRun = body.dryRun ?? false;
        const released = await holds.named(pool, body.holds);
        const starts = await queue.startedBy(pool.id, released);
        if (!dryRun) await holds.release(pool, released, key.name);
        tell({
          outcome: dryRun ? "DRY RUN" : "RELEASED",
          // What each of several was laid on is in the records of the holds.
          ids: released[0] !== undefined && released.length === 1 ? heldIds(released[0]) : {},
          executionIds: starts.map(({ execution }) => execution.id),
        });
        return { dryRun, released: released.map(teamHold), starts: starts.map(teamStart) };
      },
    }),
  ];
}

/** What a hold is laid on, as the path of a route would name it. */
function heldIds({ scope, objectId }: Hold): Record<string, string> {
  switch (scope) {
    case "pool":
      return {};
    case "connection":
      return { dataSourceId: objectId };
    case "job":
      return { jobId: objectId };
  }
}
