import { paths } from "../../contract/index.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import {
  remoteTeam,
  remoteTeamChange,
  remoteTeamDraft,
  remoteTeams as teamList,
  toCredentials,
  toDraft,
  toRemoteTeam,
} from "../wire/remote-teams.ts";

/** Teams far away that this server relays to. No answer holds their credentials. */
export function remoteTeamRoutes({ remoteTeams }: Operations): Route[] {
  const access = { verb: "admin", on: "team" } as const;
  return [
    route({
      method: "GET",
      path: paths.teams,
      access,
      answer: teamList,
      operation: async () => (await remoteTeams.list()).map(toRemoteTeam),
    }),
    route({
      method: "POST",
      path: paths.teams,
      access,
      body: { json: remoteTeamDraft },
      answer: remoteTeam,
      operation: async ({ body: { name, url, credentials, pools, probes = [] } }) => {
        const named = pools.map((pool) => (typeof pool === "string" ? { id: pool } : pool));
        const draft = { name, url, credentials: toCredentials(credentials), pools: named, probes };
        return toRemoteTeam(await remoteTeams.create(draft));
      },
    }),
    route({
      method: "GET",
      path: paths.remoteTeam,
      access,
      answer: remoteTeam,
      operation: async ({ ids }) => toRemoteTeam(await remoteTeams.named(ids.teamId)),
    }),
    route({
      method: "PUT",
      path: paths.remoteTeam,
      access,
      body: { json: remoteTeamChange },
      answer: remoteTeam,
      operation: async ({ ids, body }) => toRemoteTeam(await remoteTeams.change(ids.teamId, toDraft(body))),
    }),
    route({
      method: "DELETE",
      path: paths.remoteTeam,
      access,
      answer: "empty",
      operation: async ({ ids }) => {
        await remoteTeams.remove(ids.teamId);
      },
    }),
  ];
}
