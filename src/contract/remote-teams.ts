/** Teams far away that a Nightdesk relays to: `/desk/v1/teams`, verb admin on everything. No answer holds a secret. */

/** Body of `POST /desk/v1/teams`. A field that is not one of these is refused. */
export interface NewRemoteTeam {
  name: string;
  /** `https://HOST[:PORT]`, nothing behind it; plain http only on this machine, or where the server allows the host. */
  url: string;
  credentials: NewRemoteCredentials;
  /** Ids that the team gave them, which are their ids here too; with a name for lists. */
  pools: (string | { id: string; name?: string | null })[];
  /** None can be set yet. */
  probes?: [] | null;
}

export type NewRemoteCredentials =
  | { scheme: "AppKey" | "Bearer"; key: string }
  | { scheme: "OAuth"; clientId: string; clientSecret: string; scope?: string | null };

/** Body of `PUT /desk/v1/teams/{teamId}`: absent fields stay. Another url or scheme needs the credentials again. */
export type RemoteTeamChange = Partial<NewRemoteTeam>;

export interface RemoteTeamTransport {
  id: string;
  name: string;
  url: string;
  credentials: { scheme: "AppKey" | "Bearer" } | { scheme: "OAuth"; clientId: string; scope: string | null };
  pools: { id: string; name: string }[];
  probes: [];
  createdAt: number;
}
