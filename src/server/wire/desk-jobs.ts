import { z } from "zod";
import type { DeskJob, DeskProbeLook, DeskSettlement } from "../../contract/index.ts";
import { proofLevels } from "../../model/stop.ts";
import { epochMs, id } from "./fields.ts";

export const level = z.enum(proofLevels);
export const proof = z.strictObject({ level, at: epochMs, note: z.string() });
const count = z.number().int().nullable();

export const settlement: z.ZodType<DeskSettlement> = z.strictObject({
  executionId: id,
  at: epochMs,
  by: z.string(),
  because: z.string(),
  seen: z.enum(["unknown", "busy", "idle"]),
  seenAt: epochMs,
  seenNote: z.string(),
});

const name = z.string();
export const probeLook: z.ZodType<DeskProbeLook> = z.union([
  z.strictObject({ name, clear: z.literal(true), at: epochMs }),
  z.strictObject({ name, clear: z.literal(false), at: epochMs, found: z.array(z.string()) }),
  z.strictObject({ name, clear: z.null(), why: z.string() }),
]);

export const deskJob: z.ZodType<DeskJob> = z.strictObject({
  id,
  name: z.string(),
  status: z.string().nullable(),
  executionId: id.nullable(),
  startedAt: epochMs.nullable(),
  rows: count,
  estimatedRows: count,
  stopping: z
    .strictObject({ requestedAt: epochMs, level, why: z.string(), callers: z.number().int() })
    .nullable(),
  declared: settlement.nullable(),
  probes: z.array(probeLook).exactOptional(),
});
