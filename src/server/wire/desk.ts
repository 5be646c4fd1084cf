import { z } from "zod";
import {
  deskStopWait,
  keyVerbs,
  type CreatedKey,
  type DeskAbout,
  type DeskStatus,
  type DeskStopAnswer,
  type DeskStopDone,
  type KeyTransport,
} from "../../contract/index.ts";
import type { ApiKey } from "../../model/definitions.ts";
import type { StopOutcome } from "../../model/operations.ts";
import { proofLevels } from "../../model/stop.ts";
import { epochMs, id, numberOrText, text } from "./fields.ts";
import { status } from "./jobs.ts";

export const about: z.ZodType<DeskAbout> = z.strictObject({
  product: z.literal("nightdesk"),
  version: z.string(),
  proof: z.literal("source"),
  time: epochMs,
});

const level = z.enum(proofLevels);
const proof = z.strictObject({ level, at: epochMs, note: z.string() });
const count = z.number().int().nullable();

export const deskStatus: z.ZodType<DeskStatus> = z.strictObject({
  poolId: id,
  poolName: z.string(),
  asOf: epochMs,
  jobs: z.array(
    z.strictObject({
      id,
      name: z.string(),
      status: status.nullable(),
      executionId: id.nullable(),
      startedAt: epochMs.nullable(),
      rows: count,
      estimatedRows: count,
      stopping: z
        .strictObject({ requestedAt: epochMs, level, why: z.string(), callers: z.number().int() })
        .nullable(),
    }),
  ),
});

export const stopQuery = z.object({
  execution: z.string().exactOptional(),
  /** Seconds. More than the most is not refused, it is just not waited for. */
  wait: numberOrText(z.number().int().min(0)).default(deskStopWait.default),
});
const reason = z
  .string()
  .max(500)
  .transform((words) => words.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim());
export const stopRequest = z.object({ reason: reason.exactOptional() }).prefault({});

const stopDone: z.ZodType<DeskStopDone> = z.strictObject({
  outcome: z.enum(["STOPPED", "FINISHED BY ITSELF", "WAS NOT RUNNING", "OTHER EXECUTION"]),
  executionId: id.nullable(),
  activeExecutionId: id.nullable(),
  proof: proof.nullable(),
});
export const stopAnswer: z.ZodType<DeskStopAnswer> = z.union([
  stopDone,
  z.strictObject({ outcome: z.literal("NOT PROVEN"), executionId: id, proof }),
]);

/** `asked`: the execution the caller named, if any. */
export function toStopAnswer(outcome: StopOutcome, asked: string | null): DeskStopAnswer {
  switch (outcome.kind) {
    case "stopped":
    case "finished-by-itself":
      return {
        outcome: outcome.kind === "stopped" ? "STOPPED" : "FINISHED BY ITSELF",
        executionId: outcome.execution.id,
        activeExecutionId: null,
        proof: outcome.execution.proof,
      };
    case "was-not-running":
      return { outcome: "WAS NOT RUNNING", executionId: asked, activeExecutionId: null, proof: null };
    case "other-execution":
      return {
        outcome: "OTHER EXECUTION",
        executionId: asked,
        activeExecutionId: outcome.active?.id ?? null,
        proof: null,
      };
    case "not-proven":
      return { outcome: "NOT PROVEN", executionId: outcome.execution.id, proof: outcome.proof };
  }
}

const grants = z.array(z.strictObject({ poolId: z.string(), verbs: z.array(z.enum(keyVerbs)).min(1) }));
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
  expiresAt: epochMs.exactOptional(),
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
