import { z } from "zod";
import { paths } from "../../contract/index.ts";
import { mayOnTeam } from "../../engine/keys.ts";
import { verbs } from "../../model/definitions.ts";
import { UserError } from "../../model/errors.ts";
import { route, type Route } from "../route.ts";
import { identity } from "../wire/desk.ts";
import { permissionOf } from "../wire/pools.ts";

/** A server is one team; clients want to see it before they do anything else. */
const team = {
  id: "nightdesk",
  name: "Nightdesk",
  domain: "nightdesk",
  privacyType: "PRIVATE",
  trackingEnabled: false,
} as const;

export function teamRoutes(): Route[] {
  const anyKey = { verb: "any", on: "team" } as const;
  return [
    route({
      method: "GET",
      path: paths.health,
      access: "without key",
      answer: z.strictObject({ status: z.literal("ok") }),
      operation: () => Promise.resolve({ status: "ok" as const }),
    }),
    route({
      method: "GET",
      path: paths.user,
      access: anyKey,
      answer: identity.user,
      operation: ({ key }) =>
        Promise.resolve({
          id: key.id,
          name: key.name,
          email: null,
          teamName: team.name,
          teamId: team.id,
          teamDomain: team.domain,
          active: true,
          current: true,
        }),
    }),
    route({
      method: "GET",
      path: paths.permissions,
      access: anyKey,
      answer: identity.permissions,
      operation: ({ key }) => {
        const permissions = verbs.filter((verb) => mayOnTeam(key, verb)).map((verb) => permissionOf[verb]);
        if (mayOnTeam(key, "edit")) permissions.push("CREATE_DATA_POOL");
        // Data Integration's name among the services; clients look for it.
        return Promise.resolve([
          { serviceName: "event-collection", permissions: [...permissions, "$ACCESS_CHILD"] },
        ]);
      },
    }),
    route({
      method: "GET",
      path: paths.cloudTeam,
      access: anyKey,
      answer: identity.team,
      operation: () => Promise.resolve(team),
    }),
    route({
      method: "GET",
      path: paths.team,
      access: anyKey,
      answer: identity.team,
      operation: () => Promise.resolve(team),
    }),
    route({
      method: "GET",
      path: paths.cuiCover,
      access: anyKey,
      answer: "empty",
      // content-cli asks before every file it writes, and only a 403 means that no cover page is wanted.
      operation: () =>
        Promise.reject(
          new UserError("denied", "This server has no cover pages.", { operation: "read the cover page" }),
        ),
    }),
  ];
}
