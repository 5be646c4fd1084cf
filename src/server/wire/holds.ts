import { z } from "zod";
import type {
  DeskGo,
  DeskHold,
  DeskLaidHold,
  DeskOtherConnection,
  DeskRelease,
  DeskStart,
} from "../../contract/index.ts";
import { holdScopes } from "../../model/hold.ts";
import { deskJob } from "./desk-jobs.ts";
import { settingsOfDesk } from "./desk-settings.ts";
import { schedules } from "./schedules.ts";
import { epochMs, givenId, id, numberOrText, oneLine, text } from "./fields.ts";

const otherConnection: z.ZodType<DeskOtherConnection> = z.strictObject({
  connectionId: id.nullable(),
  connectionName: text,
  poolName: text,
  executions: z.array(
    z.strictObject({
      executionId: z.string(),
      jobName: text,
      status: z.enum(["QUEUED", "RUNNING", "DECLARED"]),
      endingSince: epochMs.nullable(),
      seen: z.enum(["unknown", "busy", "idle"]).nullable(),
    }),
  ),
});

const holdFields = {
  id,
  scope: z.enum(holdScopes),
  objectId: id,
  by: z.string(),
  reason: text,
  since: epochMs,
  until: epochMs.nullable(),
  note: z.string().exactOptional(),
};
export const hold: z.ZodType<DeskHold> = z.strictObject(holdFields);
export const laidHold: z.ZodType<DeskLaidHold> = z.strictObject({
  ...holdFields,
  notHeld: z.array(otherConnection),
});
export const holds: z.ZodType<DeskHold[]> = z.array(hold);

/** Strict: a misspelt `until` would make a hold without an end, a misspelt `dryRun` release in earnest. */
export const holdDraft = z.strictObject({
  scope: z.enum(holdScopes),
  id: givenId.exactOptional(),
  reason: oneLine.exactOptional(),
  until: numberOrText(z.number().int()).exactOptional(),
});

export const releaseRequest = z.strictObject({
  holds: z.array(givenId).min(1).max(1000),
  dryRun: z.boolean().exactOptional(),
});

export const start: z.ZodType<DeskStart> = z.strictObject({
  executionId: id,
  jobId: id,
  jobName: z.string(),
  queuedAt: epochMs,
  when: z.enum(["now", "when a place is free", "held"]),
  heldBy: z.array(id),
});

export const release: z.ZodType<DeskRelease> = z.strictObject({
  dryRun: z.boolean(),
  released: holds,
  starts: z.array(start),
});

export const goQuery = z
  .object({ connection: givenId.exactOptional(), job: givenId.exactOptional() })
  .refine(({ connection, job }) => connection === undefined || job === undefined, {
    message: "Of connection and job one at most.",
    path: ["job"],
  });
export const go: z.ZodType<DeskGo> = z.strictObject({
  poolId: id,
  poolName: z.string(),
  asOf: epochMs,
  proof: z.enum(["source", "word"]),
  connection: z.strictObject({ id, name: z.string() }).nullable(),
  jobs: z.array(deskJob),
  holds,
  next: z.array(start),
  sources: z.array(
    z.strictObject({
      connectionId: id,
      connectionName: z.string(),
      readAt: epochMs.nullable(),
      why: text,
      executionIds: z.array(z.string()),
      others: z.array(otherConnection),
    }),
  ),
  settings: settingsOfDesk,
  schedules: schedules.exactOptional(),
});
