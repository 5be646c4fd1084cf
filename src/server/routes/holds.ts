import { paths } from "../../contract/index.ts";
import { covers } from "../../model/hold.ts";
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
      access: { verb: "view", on: "pool" },
      answer: holdList,
      operation: async ({ pool }) => (await holds.list(pool)).map(toHold),
    }),
    route({
      method: "POST",
      path: paths.holds,
      access: { verb: "hold", on: "pool" },
      body: { json: holdDraft },
      answer: hold,
      operation: async ({ pool, key, body }) => {
        const laid = await holds.lay(pool, {
          scope: body.scope,
          objectId: body.id?.toLowerCase() ?? null,
          because: body.reason === undefined || body.reason === "" ? null : body.reason,
          until: body.until ?? null,
          keyName: key.name,
        });
        return toHold(laid);
      },
    }),
    route({
      method: "POST",
      path: paths.release,
      access: { verb: "hold", on: "pool" },
      body: { json: releaseRequest },
      answer: release,
      operation: async ({ pool, key, body }) => {
        const dryRun = body.dryRun ?? false;
        const ids = body.holds.map((id) => id.toLowerCase());
        const released = await holds.named(pool, ids);
        const starts = (await queue.of(pool.id, ids)).filter(({ execution, when }) => {
          const of = { ...execution, dataSourceId: execution.plan.dataSource?.id ?? null };
          return when !== "held" && released.some((one) => covers(one, of));
        });
        if (!dryRun) await holds.release(pool, released, key.name);
        return { dryRun, released: released.map(toHold), starts: starts.map(toStart) };
      },
    }),
  ];
}
