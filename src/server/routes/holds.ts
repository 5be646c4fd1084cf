import { paths } from "../../contract/index.ts";
import { hashOf } from "../../engine/stored-object.ts";
import { teamHold, teamStart } from "../../engine/team-shapes.ts";
import { heldIds, type Hold } from "../../model/hold.ts";
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
        const starts = await queue.freedBy(pool.id, released);
        const after = dryRun ? null : await holds.release(pool, released, key.name);
        tell({
          ...(after === null ? {} : { changed: { before: hashOfAll(released), after: hashOfAll(after) } }),
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

/** Of one its own, as in the record that it was laid with; of several that of their list. */
function hashOfAll(all: Hold[]): string {
  const [first, ...others] = all;
  return hashOf(first !== undefined && others.length === 0 ? first : all);
}
