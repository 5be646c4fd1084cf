import type { CreatedKey, KeyTransport, NewKey } from "../contract/index.ts";
import { asList, asObject, pathOf } from "./request.ts";
import type { Ask, CallOptions } from "./request.ts";

/** Keys of a Nightdesk; needs verb admin on everything. */
export function keys(ask: Ask) {
  const all = pathOf("/desk/v1/keys", {});
  return {
    async list(options?: CallOptions): Promise<KeyTransport[]> {
      return asList(await ask({ method: "GET", path: all }, options));
    },
    /** The only time the key itself is shown. */
    async create(key: NewKey, options?: CallOptions): Promise<CreatedKey> {
      return asObject(await ask({ method: "POST", path: all, json: key }, options));
    },
    /** Refused from the next call on. */
    async revoke(keyId: string, options?: CallOptions): Promise<void> {
      await ask({ method: "DELETE", path: pathOf("/desk/v1/keys/{keyId}", { keyId }) }, options);
    },
  };
}
