import { paths, type DeskSession } from "../../contract/index.ts";
import { may } from "../../engine/keys.ts";
import { verbs, type ApiKey } from "../../model/definitions.ts";
import { commonHeaders, emptyResponse } from "../errors.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import { sessionCookie, sessionIn } from "../session-cookie.ts";
import { session } from "../wire/night.ts";

/** Signing in to the page, and out. */
export function sessionRoutes({ state, sessions }: Operations): Route[] {
  const anyKey = { verb: "any", on: "team" } as const;
  const shown = async (
    key: ApiKey,
    { token, endsAt }: Pick<DeskSession, "token" | "endsAt">,
  ): Promise<DeskSession> => {
    const pools = (await state.pools()).map(({ id, name }) => ({
      id,
      name,
      verbs: verbs.filter((verb) => may(key, verb, id)),
    }));
    return { name: key.name, token, pools: pools.filter((pool) => pool.verbs.length > 0), endsAt };
  };
  return [
    route({
      method: "POST",
      path: paths.session,
      access: anyKey,
      credentials: "key or link",
      answer: session,
      operation: async ({ key, request }) => {
        const { id, ...signedIn } = await sessions.open(key);
        return new Response(JSON.stringify(await shown(key, signedIn)), {
          headers: {
            ...commonHeaders,
            "content-type": "application/json",
            "set-cookie": sessionCookie(request, id),
          },
        });
      },
    }),
    route({
      method: "GET",
      path: paths.session,
      access: anyKey,
      credentials: "key or session",
      answer: session,
      operation: async ({ key, request }) => {
        const id = sessionIn(request);
        const signedIn = id === null ? null : await sessions.find(id);
        // A key in the header may be another one than the session's.
        const none = { token: null, endsAt: null };
        return await shown(key, signedIn?.keyId === key.id ? signedIn : none);
      },
    }),
    route({
      method: "DELETE",
      path: paths.session,
      access: anyKey,
      credentials: "key or session",
      answer: "empty",
      operation: async ({ request }) => {
        const id = sessionIn(request);
        if (id !== null) await sessions.close(id);
        return emptyResponse({ "set-cookie": sessionCookie(request, null) });
      },
    }),
  ];
}
