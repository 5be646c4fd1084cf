/** Longest duration that is taken for what was meant. */
const mostDays = 366;

const moment =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?(?:(Z)|([+-])(\d{2}):(\d{2}))?$/i;
const duration = /^\+(?=\d)(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?$/;

/**
 * A time as a person writes it: ISO 8601 with a zone (`2026-06-19T02:00Z`, `2026-06-18T26:00+09:00`: hours up to 47,
 * as Japan counts its nights), or a duration from now (`+90m`, `+2h`, `+1h30m`). Whatever could mean two moments is
 * refused.
 * @returns epoch ms, or what is wrong with it.
 */
export function parseTime(text: string, now: number): { at: number } | { wrong: string } {
  const span = duration.exec(text);
  if (span !== null) {
    const [days = 0, hours = 0, minutes = 0, seconds = 0] = span.slice(1).map((part) => Number(part ?? 0));
    const ms = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
    if (ms === 0) return { wrong: "is no time at all" };
    if (ms > mostDays * 86_400_000) return { wrong: `is more than ${String(mostDays)} days` };
    return { at: now + ms };
  }
  const parts = moment.exec(text);
  if (parts === null) return { wrong: "is neither ISO 8601 with a zone nor a duration" };
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const ms = Number((parts[7] ?? "").padEnd(3, "0"));
  const [, , , , , , , , utc, sign, zoneHours, zoneMinutes] = parts;
  if (utc === undefined && sign === undefined)
    return { wrong: "has no zone: add Z for UTC, or an offset such as +09:00" };
  const midnight = new Date(Date.UTC(year, month - 1, day));
  const dayExists = midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === day && year > 1969;
  if (!dayExists || hour > 47 || minute > 59 || second > 59) return { wrong: "is no moment of any calendar" };
  const ahead = Number(zoneHours ?? 0) * 60 + Number(zoneMinutes ?? 0);
  if (Number(zoneHours ?? 0) > 14 || Number(zoneMinutes ?? 0) > 59)
    return { wrong: "has a zone that is none" };
  return {
    at: Date.UTC(year, month - 1, day, hour, minute, second, ms) - (sign === "-" ? -ahead : ahead) * 60_000,
  };
}
