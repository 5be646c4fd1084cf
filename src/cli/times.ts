import { parseInstant } from "../base/instant.ts";

/** Longest duration that is taken for what was meant. */
const mostDays = 366;

const duration = /^\+(?=\d)(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?$/;
const momentWithoutZone = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?$/i;

/**
 * A time as a person writes it: a point of time with its zone (see `parseInstant`), or a duration from now (`+90m`,
 * `+2h`, `+1h30m`). Whatever could mean two moments is refused.
 * @returns epoch ms, or what is wrong with it.
 */
export function parseTime(text: string, now: number): { at: number } | { wrong: string } {
  const at = parseInstant(text);
  if (at !== null) return { at };
  if (momentWithoutZone.test(text)) {
    return { wrong: "has no zone: add Z for UTC, or an offset such as +09:00" };
  }
  const span = duration.exec(text);
  if (span === null) return { wrong: "is neither a moment in ISO 8601 with a zone nor a duration" };
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = span.slice(1).map((part) => Number(part ?? 0));
  const ms = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
  if (ms === 0) return { wrong: "is no time at all" };
  if (ms > mostDays * 86_400_000) return { wrong: `is more than ${String(mostDays)} days` };
  return { at: now + ms };
}
