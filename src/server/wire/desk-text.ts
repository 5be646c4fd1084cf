import { z } from "zod";
import { deskStopWait } from "../../contract/index.ts";
import { booleanOrText, givenId, numberOrText, stopWords } from "./fields.ts";

/** Parameters of the text endpoints. Strict, and never empty: one that is mistyped must not mean more than was meant. */
const given = z.string().min(1, "has an empty value");
const pool = given.exactOptional();
/** Milliseconds; sent in seconds. More than the most is not refused, it is just not waited for. */
const wait = (usual: number) =>
  numberOrText(z.number().int().min(0))
    .default(usual)
    .transform((seconds) => Math.min(seconds, deskStopWait.most) * 1000);

export const statusTextQuery = z.strictObject({ pool, job: given.exactOptional(), wait: wait(0) });
export const stopTextQuery = z.strictObject({
  pool,
  job: given.exactOptional(),
  execution: givenId.min(1, "has an empty value").exactOptional(),
  all: booleanOrText.default(false),
  wait: wait(deskStopWait.default),
});
export const goTextQuery = z.strictObject({ pool, connection: given.exactOptional() });
export const receiptTextQuery = z.strictObject({ execution: given });

const json = z.strictObject({ reason: stopWords.nullish() });

/** Why it is stopped: JSON with a `reason`, or the text itself; null: none is given. @throws z.ZodError */
export const stopReason = z.string().transform((body, context): string | null => {
  const text = body.trim();
  if (!text.startsWith("{")) return checked(stopWords.safeParse(text)) || null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    context.addIssue("the body is not valid JSON");
    return z.NEVER;
  }
  return checked(json.safeParse(value))?.reason || null;

  function checked<T>(result: z.ZodSafeParseResult<T>): T {
    if (result.success) return result.data;
    for (const { message } of result.error.issues) context.addIssue(`reason: ${message}`);
    return z.NEVER;
  }
});
