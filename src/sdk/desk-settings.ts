import type { DeskSettings, NewDeskSettings } from "../contract/index.ts";
import { asObject, pathOf } from "./request.ts";
import type { Ask, CallOptions } from "./request.ts";

/** How a Nightdesk speaks to the people of a pool: their zone, whom to call. Needs verb admin on the pool. */
export function deskSettings(ask: Ask) {
  const of = (poolId: string): string => pathOf("/desk/v1/pools/{poolId}/settings", { poolId });
  return {
    async get(poolId: string, options?: CallOptions): Promise<DeskSettings> {
      return asObject(await ask({ method: "GET", path: of(poolId) }, options));
    },
    /** All of them: what is left out is as if nothing had been set. Resolves with them as they are kept. */
    async set(poolId: string, settings: NewDeskSettings, options?: CallOptions): Promise<DeskSettings> {
      return asObject(await ask({ method: "PUT", path: of(poolId), json: settings }, options));
    },
  };
}
