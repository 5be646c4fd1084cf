import type { NewRemoteTeam, RemoteTeamChange, RemoteTeamTransport } from "../contract/index.ts";
import { asList, asObject, pathOf } from "./request.ts";
import type { Ask, CallOptions } from "./request.ts";

/** Teams far away that a Nightdesk relays to; needs verb admin on everything. No answer holds their credentials. */
export function teams(ask: Ask) {
  const all = pathOf("/desk/v1/teams", {});
  const path = (teamId: string): string => pathOf("/desk/v1/teams/{teamId}", { teamId });
  return {
    async list(options?: CallOptions): Promise<RemoteTeamTransport[]> {
      return asList(await ask({ method: "GET", path: all }, options));
    },
    async get(teamId: string, options?: CallOptions): Promise<RemoteTeamTransport> {
      return asObject(await ask({ method: "GET", path: path(teamId) }, options));
    },
    async create(team: NewRemoteTeam, options?: CallOptions): Promise<RemoteTeamTransport> {
      return asObject(await ask({ method: "POST", path: all, json: team }, options));
    },
    async update(
      teamId: string,
      change: RemoteTeamChange,
      options?: CallOptions,
    ): Promise<RemoteTeamTransport> {
      return asObject(await ask({ method: "PUT", path: path(teamId), json: change }, options));
    },
    /** With its pools here; in the team itself nothing is changed. */
    async delete(teamId: string, options?: CallOptions): Promise<void> {
      await ask({ method: "DELETE", path: path(teamId) }, options);
    },
  };
}
