import { z } from "zod";
import { paths } from "../../contract/index.ts";
import { may } from "../../engine/keys.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import { givenId } from "../wire/fields.ts";
import { poolChange, poolDraft, poolTransport, toPool } from "../wire/pools.ts";

/** Repeated, or one value with commas. */
const poolIds = z.union([z.array(givenId), givenId.transform((ids) => ids.split(","))]);

export function poolRoutes({ state, definitions, poolCache }: Operations): Route[] {
  return [
    route({
      method: "GET",
      path: paths.pools,
      access: { verb: "any", on: "team" },
      query: z.object({ poolIds: poolIds.exactOptional() }),
      answer: z.array(poolTransport),
      operation: async ({ key, query }) => {
        const asked = query.poolIds;
        const seen = (await state.pools()).filter((pool) => may(key, "view", pool.id));
        return seen
          .filter((pool) => asked === undefined || asked.includes(pool.id))
          .map((pool) => toPool(pool, key));
      },
    }),
    route({
      method: "POST",
      path: paths.pools,
      access: { verb: "edit", on: "team" },
      body: { json: poolDraft },
      answer: poolTransport,
      operation: async ({ key, body }) => toPool(await definitions.createPool(body), key),
    }),
    route({
      method: "GET",
      path: paths.pool,
      access: { verb: "view", on: "pool", jobs: "kept" },
      answer: poolTransport,
      relayed: "same",
      operation: ({ key, pool }) => Promise.resolve(toPool(pool, key)),
    }),
    route({
      method: "PUT",
      path: paths.pool,
      access: { verb: "edit", on: "pool" },
      body: { json: poolChange },
      answer: poolTransport,
      operation: async ({ key, pool, body }) => {
        const changed = await definitions.changePool(pool, body);
        poolCache.forget(pool.id);
        return toPool(changed, key);
      },
    }),
    route({
      method: "DELETE",
      path: paths.pool,
      access: { verb: "admin", on: "pool" },
      answer: "empty",
      conflictCode: "JOB_ALREADY_RUNNING",
      operation: async ({ pool }) => {
        try {
          await definitions.deletePool(pool);
        } finally {
          poolCache.forget(pool.id);
        }
      },
    }),
  ];
}
