import { z } from "zod";
import { keyVerbs, type DeskSession } from "../../contract/index.ts";
import { epochMs, id, numberOrText } from "./fields.ts";

/** Seconds that a stream of events goes on; a page then opens the next. */
const streamSeconds = { usual: 600, most: 3600 } as const;

export const eventsQuery = z.object({
  for: numberOrText(z.number().int().min(0))
    .transform((asked) => Math.min(asked, streamSeconds.most))
    .default(streamSeconds.usual),
});

export const session: z.ZodType<DeskSession> = z.strictObject({
  name: z.string(),
  token: z.string().nullable(),
  pools: z.array(z.strictObject({ id, name: z.string(), verbs: z.array(z.enum(keyVerbs)) })),
  endsAt: epochMs.nullable(),
});
