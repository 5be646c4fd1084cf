import { z } from "zod";
import {
  keyVerbs,
  keyWeekdays,
  type CreatedKey,
  type DeskAbout,
  type DeskStatus,
  type KeyTransport,
} from "../../contract/index.ts";
import type { KeyDraft } from "../../engine/keys.ts";
import type { ApiKey } from "../../model/definitions.ts";
import { deskJob } from "./desk-jobs.ts";
import { settingsOfDesk } from "./desk-settings.ts";
import { epochMs, givenId, id, numberOrText, text } from "./fields.ts";
import { hold } from "./holds.ts";
import { schedules } from "./schedules.ts";

export const about: z.ZodType<DeskAbout> = z.strictObject({
  product: z.literal("nightdesk"),
  version: z.string(),
  proof: z.enum(["source", "per pool"]),
  time: epochMs,
});

/** Of a pool of another team: the only job that the answer is about, by id or whole name. */
export const statusQuery = z.object({ job: z.string().max(1000).exactOptional() });
export const deskStatus: z.ZodType<DeskStatus> = z.strictObject({
  poolId: id,
  poolName: z.string(),
  asOf: epochMs,
  proof: z.enum(["source", "word"]),
  jobs: z.array(deskJob),
  holds: z.array(hold),
  settings: settingsOfDesk,
  schedules: schedules.exactOptional(),
  partial: z.boolean(),
});

const grants = z.array(z.strictObject({ poolId: givenId, verbs: z.array(z.enum(keyVerbs)).min(1) }));
const hoursFields = { zone: z.string().max(64), from: z.string().max(5), to: z.string().max(5) };
const days = z.array(z.enum(keyWeekdays));
const keyFields = {
  id,
  name: z.string(),
  prefix: z.string(),
  grants,
  hours: z.strictObject({ ...hoursFields, days: days.nullable() }).nullable(),
  jobs: z.array(id).nullable(),
  addresses: z.array(z.string()).nullable(),
  createdAt: epochMs,
  expiresAt: epochMs.nullable(),
  revokedAt: epochMs.nullable(),
  lastUsedAt: epochMs.nullable(),
};
const keyTransport: z.ZodType<KeyTransport> = z.strictObject(keyFields);
export const keyTransports: z.ZodType<KeyTransport[]> = z.array(keyTransport);
export const createdKey: z.ZodType<CreatedKey> = z.strictObject({ ...keyFields, key: z.string() });
/** Strict: a limit that is misspelt must not make a key without it. */
export const keyDraft = z.strictObject({
  name: z.string(),
  grants: grants.min(1).max(1000),
  expiresAt: numberOrText(epochMs).exactOptional(),
  hours: z.strictObject({ ...hoursFields, days: days.max(7).exactOptional() }).exactOptional(),
  jobs: z.array(givenId).max(1000).exactOptional(),
  addresses: z.array(z.string().max(64)).max(1000).exactOptional(),
});

export function toKeyDraft(given: z.output<typeof keyDraft>): KeyDraft {
  const { hours, jobs = null, addresses = null, expiresAt = null } = given;
  return {
    name: given.name,
    grants: given.grants,
    expiresAt,
    hours: hours === undefined ? null : { ...hours, days: hours.days ?? null },
    jobs,
    addresses,
  };
}

export function toKey(key: ApiKey): KeyTransport {
  const { name, prefix, grants: granted, hours, jobs, addresses } = key;
  const { createdAt, expiresAt, revokedAt, lastUsedAt } = key;
  const limits = { hours, jobs, addresses };
  return {
    id: key.id,
    name,
    prefix,
    grants: granted,
    ...limits,
    createdAt,
    expiresAt,
    revokedAt,
    lastUsedAt,
  };
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
