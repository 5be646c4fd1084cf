import { z } from "zod";
import type { RemoteProbe, RemoteTeamTransport } from "../../contract/index.ts";
import type { RemoteTeamDraft } from "../../engine/remote-teams.ts";
import type { DataPool } from "../../model/definitions.ts";
import type { RemoteTeam } from "../../model/remote-team.ts";
import { epochMs, givenId, id, text } from "./fields.ts";

const secret = z.string().min(1).max(8000);
const keySchemes = z.enum(["AppKey", "Bearer"]);
const credentialsDraft = z.discriminatedUnion("scheme", [
  z.strictObject({ scheme: keySchemes, key: secret }),
  z.strictObject({
    scheme: z.literal("OAuth"),
    clientId: z.string().min(1).max(500),
    clientSecret: secret,
    scope: z.string().max(1000).exactOptional(),
  }),
]);
const poolDraft = z.union([givenId, z.strictObject({ id: givenId, name: z.string().exactOptional() })]);
const pools = z.array(poolDraft).max(1000);
/** What is in them is for their own rules to say. */
const probes = z.array(z.unknown()).exactOptional();

/** Strict: a field that is misspelt must not be taken for one that was left out. */
export const remoteTeamDraft = z.strictObject({
  name: z.string(),
  url: z.string().max(2000),
  credentials: credentialsDraft,
  pools,
  probes,
});
export const remoteTeamChange = z.strictObject({
  name: z.string().exactOptional(),
  url: z.string().max(2000).exactOptional(),
  credentials: credentialsDraft.exactOptional(),
  pools: pools.exactOptional(),
  probes,
});

const probeFields = {
  name: z.string(),
  pool: id,
  jobs: z.array(id).nullable(),
  againAfterMs: z.number().int(),
  timeoutMs: z.number().int(),
};
const remoteProbe: z.ZodType<RemoteProbe> = z.discriminatedUnion("kind", [
  z.strictObject({
    ...probeFields,
    kind: z.literal("sql"),
    type: z.literal("POSTGRESQL"),
    host: z.string(),
    port: z.number().int(),
    database: z.string(),
    user: z.string(),
    ssl: z.enum(["disable", "require", "verify-full"]),
    query: z.string(),
    hasPassword: z.boolean(),
  }),
  z.strictObject({
    ...probeFields,
    kind: z.literal("http"),
    url: z.string(),
    pointer: z.string(),
    expect: z.union([z.tuple([]), z.literal(0), z.string()]),
    hasHeader: z.boolean(),
  }),
]);

export const remoteTeam: z.ZodType<RemoteTeamTransport> = z.strictObject({
  id,
  name: z.string(),
  url: z.string(),
  credentials: z.union([
    z.strictObject({ scheme: keySchemes }),
    z.strictObject({ scheme: z.literal("OAuth"), clientId: z.string(), scope: text }),
  ]),
  pools: z.array(z.strictObject({ id, name: z.string() })),
  probes: z.array(remoteProbe),
  createdAt: epochMs,
});
export const remoteTeams: z.ZodType<RemoteTeamTransport[]> = z.array(remoteTeam);

export function toDraft(given: z.output<typeof remoteTeamChange>): Partial<RemoteTeamDraft> {
  const { name, url, credentials, pools: named, probes: sent } = given;
  return {
    ...(name === undefined ? {} : { name }),
    ...(url === undefined ? {} : { url }),
    ...(credentials === undefined ? {} : { credentials: toCredentials(credentials) }),
    ...(named === undefined
      ? {}
      : { pools: named.map((pool) => (typeof pool === "string" ? { id: pool } : pool)) }),
    ...(sent === undefined ? {} : { probes: sent }),
  };
}

export function toCredentials(given: z.output<typeof credentialsDraft>): RemoteTeamDraft["credentials"] {
  if (given.scheme !== "OAuth") return { scheme: given.scheme, secret: given.key };
  const { scheme, clientId, clientSecret, scope = null } = given;
  return { scheme, clientId, scope, secret: clientSecret };
}

export function toRemoteTeam({
  team,
  pools: has,
}: {
  team: RemoteTeam;
  pools: DataPool[];
}): RemoteTeamTransport {
  const { name, url, credentials, createdAt } = team;
  return {
    id: team.id,
    name,
    url,
    credentials,
    pools: has.map((pool) => ({ id: pool.id, name: pool.name })),
    probes: team.probes.map(({ shown }) => shown),
    createdAt,
  };
}
