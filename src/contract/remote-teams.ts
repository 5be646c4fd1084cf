/** Teams far away that a Nightdesk relays to: `/desk/v1/teams`, verb admin on everything. No answer holds a secret. */

/** Body of `POST /desk/v1/teams`. A field that is not one of these is refused. */
export interface NewRemoteTeam {
  name: string;
  /** `https://HOST[:PORT]`, nothing behind it; plain http only on this machine, or where the server allows the host. */
  url: string;
  credentials: NewRemoteCredentials;
  /** Ids that the team gave them, which are their ids here too; with a name for lists. */
  pools: (string | { id: string; name?: string | null })[];
  /** Looks at the sources of its pools (docs/probes.md); those that are given are all of them from then on. */
  probes?: NewRemoteProbe[] | null;
}

interface ProbeOfPool {
  /** Each once. */
  name: string;
  /** One of the team's pools here. */
  pool: string;
  /** Between the two looks; default 2000. */
  againAfterMs?: number;
  /** Of one look; default 10000. */
  timeoutMs?: number;
}

/** A command is not taken over the wire. `jobs` absent: every job of the pool. `ca`: PEM. */
export type NewRemoteProbe = ProbeOfPool & { jobs?: string[]; ca?: string } & (
    | {
        kind: "sql";
        type?: "POSTGRESQL";
        host: string;
        port?: number;
        database: string;
        user: string;
        password?: string;
        ssl?: "disable" | "require" | "verify-full";
        query: string;
      }
    | {
        kind: "http";
        url: string;
        /** `Name: value`. */
        header?: string;
        pointer: string;
        expect: [] | 0 | string;
      }
  );

/** `jobs` null: every job of the pool. What could be a secret is left out. */
export type RemoteProbe = Required<ProbeOfPool> & { jobs: string[] | null } & (
    | {
        kind: "sql";
        type: "POSTGRESQL";
        host: string;
        port: number;
        database: string;
        user: string;
        ssl: "disable" | "require" | "verify-full";
        query: string;
        hasPassword: boolean;
      }
    | {
        kind: "http";
        /** Without its query. */
        url: string;
        pointer: string;
        expect: [] | 0 | string;
        hasHeader: boolean;
      }
  );

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
  probes: RemoteProbe[];
  createdAt: number;
}

/** What two looks of a probe came to. `clear` null: it could not tell, and why. `at`: when the look began. */
export type DeskProbeLook =
  | { name: string; clear: true; at: number }
  | { name: string; clear: false; at: number; found: string[] }
  | { name: string; clear: null; why: string };
