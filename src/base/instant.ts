const form = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3})\d*)?)?(Z|[+-]\d{2}:?\d{2})$/i;
const dayForm = /^(\d{4})-(\d{2})-(\d{2})$/;

/**
 * A point of time that a person wrote, as epoch milliseconds: ISO 8601 with its zone, seconds optional
 * (`2026-06-18T15:00Z`, `2026-06-19T00:00:00+09:00`). Hours go on to 47, as Japan counts its nights: `2026-06-18T26:00+09:00` is the next day's 02:00.
 * null for anything else, above all for a time without a zone, which could be meant in two ways, and for a
 * day that its month does not have.
 */
export function parseInstant(text: string): number | null {
  const [, day = "", hour, minute, second = "0", fraction = "0", zone = ""] = form.exec(text) ?? [];
  const midnight = parseDay(day);
  const offset = offsetMinutes(zone);
  if (midnight === null || Number(hour) > 47 || Number(minute) > 59 || Number(second) > 59 || offset === null)
    return null;
  const minutes = Number(hour) * 60 + Number(minute);
  return midnight + (minutes - offset) * 60_000 + Number(second) * 1000 + Number(fraction.padEnd(3, "0"));
}

/** What a clock on a wall shows, as `parseInstant` reads a time that has no zone; see zones.ts. null for anything else. */
export function parseWallTime(text: string): number | null {
  return parseInstant(`${text}Z`);
}

/** `2026-06-18` as its midnight on a wall. null for anything else, and for a day that its month does not have. */
export function parseDay(text: string): number | null {
  const [, year, month, day] = dayForm.exec(text) ?? [];
  if (year === undefined) return null;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const wrong = date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day);
  return wrong ? null : date.getTime();
}

function offsetMinutes(zone: string): number | null {
  if (zone.toUpperCase() === "Z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (hours > 18 || minutes > 59) return null;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}
