import { paths } from "../../contract/index.ts";
import { notFound } from "../../engine/belonging.ts";
import { knowsJob, onlyNamedJobs } from "../../engine/keys.ts";
import { covers, type Hold } from "../../model/hold.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import {
  hold,
  holdDraft,
  holds as holdList,
  release,
  releaseRequest,
  toHold,
  toStart,
} from "../wire/holds.ts";

/** Keeping stopped what was stopped. */
export function holdRoutes({ holds, queue }: Operations): Route[] {
  return [
    route({
      method: "GET",
      path: paths.holds,
      access: { verb: "view", on: "pool", jobs: "kept" },
      answer: holdList,
      operation: async ({ pool, key }) => (await holds.seenWith(key, pool)).map(toHold),
    }),
    route({
      method: "POST",
      path: paths.holds,
      access: { verb: "hold", on: "pool", jobs: "kept" },
      body: { json: holdDraft },
      answer: hold,
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
        tell({ because: laid.because, ids: heldIds(laid), outcome: "HELD" });
        return toHold(laid);
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
        const ids = body.holds;
        const released = await holds.named(key, pool, ids);
        // It sees those of its pool and connection, because they hold its jobs; and others too.
        if (key.jobs !== null && released.some(({ scope }) => scope !== "job")) throw onlyNamedJobs();
        const starts = (await queue.of(pool.id, ids)).filter(({ execution, when }) => {
          const of = { ...execution, dataSourceId: execution.plan.dataSource?.id ?? null };
          return when !== "held" && released.some((one) => covers(one, of));
        });
        if (!dryRun) await holds.release(pool, released, key.name);
        tell({
          outcome: dryRun ? "DRY RUN" : "RELEASED",
          // What each of several was laid on is in the records of the holds.
          ids: released[0] !== undefined && released.length === 1 ? heldIds(released[0]) : {},
          executionIds: starts.map(({ execution }) => execution.id),
        });
        return { dryRun, released: released.map(toHold), starts: starts.map(toStart) };
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
