import { paths } from "../../contract/index.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import { createdKey, keyDraft, keyTransports, toKey, toKeyDraft } from "../wire/desk.ts";

export function keyRoutes({ keys, places }: Operations): Route[] {
  const access = { verb: "admin", on: "team" } as const;
  return [
    route({
      method: "GET",
      path: paths.keys,
      access,
      answer: keyTransports,
      operation: async () => (await keys.list()).map(toKey),
    }),
    route({
      method: "POST",
      path: paths.keys,
      access,
      body: { json: keyDraft },
      answer: createdKey,
      operation: async (ask) => {
        const { key, text } = await keys.create(toKeyDraft(ask.body), ask.key);
        return { ...toKey(key), key: text };
      },
    }),
    route({
      method: "DELETE",
      path: paths.key,
      access,
      answer: "empty",
      operation: async ({ ids }) => {
        await keys.revoke(ids.keyId);
        places.revoked(ids.keyId);
      },
    }),
  ];
}
