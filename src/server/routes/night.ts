import { paths } from "../../contract/index.ts";
import { commonHeaders } from "../errors.ts";
import { lookAtNight } from "../night-look.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import { eventsQuery } from "../wire/night.ts";

/** What the night page shows, as it changes. */
export function nightRoutes(operations: Operations): Route[] {
  return [
    route({
      method: "GET",
      path: paths.deskEvents,
      access: { verb: "view", on: "pool", jobs: "kept" },
      credentials: "key or session",
      query: eventsQuery,
      answer: "events",
      relayed: "same",
      operation: ({ pool, key, query, mayStill, signal }) => {
        const body = operations.streams.open({
          keyId: key.id,
          poolId: pool.id,
          look: () => lookAtNight(operations, { pool, key }, { signal }),
          mayStill,
          forMs: query.for * 1000,
          signal,
        });
        // The last is for a proxy that would collect events before it hands them on.
        const headers = { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" };
        return Promise.resolve(new Response(body, { headers: { ...commonHeaders, ...headers } }));
      },
    }),
  ];
}
