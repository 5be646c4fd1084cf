import { z } from "zod";
import type { DeskSchedules } from "../../contract/index.ts";
import { epochMs, text } from "./fields.ts";

/** Ids and names are those of another team: any text. */
export const schedules: z.ZodType<DeskSchedules> = z.strictObject({
  readAt: epochMs.nullable(),
  why: text,
  pending: z.boolean(),
  starts: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      at: epochMs.nullable(),
      why: text,
      jobs: z.array(
        z.strictObject({
          id: z.string(),
          name: z.string(),
          hold: z.strictObject({ id: z.string(), note: text }).nullable(),
        }),
      ),
    }),
  ),
});
