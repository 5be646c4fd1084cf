import { z } from "zod";
import {
  keyVerbs,
  type CreatedKey,
  type DeskAbout,
  type DeskStatus,
  type KeyTransport,
} from "../../contract/index.ts";
import type { ApiKey } from "../../model/definitions.ts";
import { deskJob } from "./desk-jobs.ts";
import { settingsOfDesk } from "./desk-settings.ts";
import { epochMs, givenId, id, numberOrText, text } from "./fields.ts";
import { hold } from "./holds.ts";

export const about: z.ZodType<DeskAbout> = z.strictObject({
  product: z.literal("nightdesk"),
  version: z.string(),
  proof: z.literal("source"),
  time: epochMs,
});

export const deskStatus: z.ZodType<DeskStatus> = z.strictObject({
  poolId: id,
  poolName: z.string(),
  asOf: epochMs,
  jobs: z.array(deskJob),
  holds: z.array(hold),
  settings: settingsOfDesk,
});

const grants = z.array(z.strictObject({ poolId: givenId, verbs: z.array(z.enum(keyVerbs)).min(1) }));
const keyFields = {
  id,
  name: z.string(),
  prefix: z.string(),
  grants,
  createdAt: epochMs,
  expiresAt: epochMs.nullable(),
  revokedAt: epochMs.nullable(),
  lastUsedAt: epochMs.nullable(),
};
const keyTransport: z.ZodType<KeyTransport> = z.strictObject(keyFields);
export const keyTransports: z.ZodType<KeyTransport[]> = z.array(keyTransport);
export const createdKey: z.ZodType<CreatedKey> = z.strictObject({ ...keyFields, key: z.string() });
export const keyDraft = z.object({
  name: z.string(),
  grants: grants.min(1).max(1000),
  expiresAt: numberOrText(epochMs).exactOptional(),
});

export function toKey(key: ApiKey): KeyTransport {
  const { name, prefix, grants: granted, createdAt, expiresAt, revokedAt, lastUsedAt } = key;
  return { id: key.id, name, prefix, grants: granted, createdAt, expiresAt, revokedAt, lastUsedAt };
}

export const identity = {
  user: z.strictObject({
    id: text,
    name: text,
    email: text,
    teamName: text,
    teamId: text,
    teamDomain: text,
    active: z.boolean(),
    current: z.boolean(),
  }),
  permissions: z.array(z.strictObject({ serviceName: z.string(), permissions: z.array(z.string()) })),
  team: z.strictObject({
    id: z.string(),
    name: z.string(),
    domain: z.string(),
    privacyType: z.enum(["PUBLIC", "PUBLIC_TO_DOMAIN", "PRIVATE"]),
    trackingEnabled: z.boolean(),
  }),
};
