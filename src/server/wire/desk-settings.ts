import { z } from "zod";
import type { DeskSettings } from "../../contract/index.ts";
import { oneLine, text } from "./fields.ts";

const settingsFields = {
  zone: text,
  hours24to47: z.boolean(),
  contact: text,
  escalateAfterSeconds: z.number().nullable(),
};
export const settingsOfDesk: z.ZodType<DeskSettings> = z.strictObject(settingsFields);
/** Strict: a mistyped field would be one that is not set. */
export const newSettingsOfDesk = z
  .strictObject({
    zone: z.string().exactOptional(),
    hours24to47: z.boolean().exactOptional(),
    contact: oneLine.exactOptional(),
    escalateAfterSeconds: z.number().exactOptional(),
  })
  .prefault({});
