import { weekdays, type KeyHours } from "../model/definitions.ts";
import { UserError } from "../model/errors.ts";

const dayMinutes = 1440;
const clockTime = /^([0-3]\d|4[0-7]):([0-5]\d)$/;
/** Only names: an offset such as +09:00 has no summer time, and some versions of Node take it for a zone. */
const zoneName = /^[A-Za-z][\w+-]*(?:\/[\w+-]+)*$/;

/** By zone: to make one takes a hundred times as long as to use it. */
const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * Why a key with these hours may not be used at `now` (epoch ms), as a sentence for its holder; null: it may.
 * Hours are what a clock on the wall in the zone shows: an hour that is skipped there does not come, one that is
 * repeated comes twice. Hours that cannot be read are none: outside.
 */
export function outsideHours(hours: KeyHours, now: number): string | null {
  const span = spanOf(hours);
  const wall = wallTime(hours.zone, now);
  if (typeof span === "string" || wall === null) return `The hours of this key cannot be read here.`;
  const { days } = hours;
  for (const daysAgo of [0, 1]) {
    const minute = wall.minute + daysAgo * dayMinutes;
    const start = weekdays.at(wall.weekday - daysAgo);
    if (minute < span.from || minute >= span.to || start === undefined) continue;
    if (days === null || days.includes(start)) return null;
  }
  const clock = `${weekdays[wall.weekday] ?? ""} ${shown(wall.minute)}`;
  return `This key is for ${describeHours(hours)} only; there it is ${clock} now.`;
}

/** In one line: `22:00 to 06:00, MON FRI (Asia/Tokyo)`. */
export function describeHours({ zone, from, to, days }: KeyHours): string {
  return `${from} to ${to}${days === null ? "" : `, ${days.join(" ")}`} (${zone})`;
}

/**
 * The hours as they were given.
 * @throws UserError "invalid" for a zone that is none, and for times that are no stretch of at most a day.
 */
export function checkedHours(hours: KeyHours): KeyHours {
  const span = spanOf(hours);
  if (typeof span === "string") throw wrong("hours", span);
  if (wallTime(hours.zone, 0) === null) {
    throw wrong("hours.zone", "The zone is not in the time zone database; write it like Europe/Berlin.");
  }
  if (hours.days !== null && hours.days.length === 0) {
    throw wrong("hours.days", "No day is named; leave days out for every day.");
  }
  return hours;
}

/**
 * Minutes from the midnight that the day of the start begins with; `to` is after `from` and at most 47:59. A text
 * says what is wrong with them.
 */
function spanOf(hours: KeyHours): { from: number; to: number } | string {
  const from = minutesOf(hours.from);
  const written = minutesOf(hours.to);
  if (from === null || written === null) {
    return "from and to are times such as 22:00 or 06:00; 24:00 to 47:59 are the next day's.";
  }
  if (from === written) return "from and to are the same; the whole day is 00:00 to 24:00.";
  const passesMidnight = written < from && written < dayMinutes;
  const to = passesMidnight ? written + dayMinutes : written;
  if (to <= from) return "to is before from.";
  if (to - from > dayMinutes) return "from and to are more than a day apart.";
  return { from, to };
}

function minutesOf(text: string): number | null {
  const [, hour, minute] = clockTime.exec(text) ?? [];
  return hour === undefined || minute === undefined ? null : Number(hour) * 60 + Number(minute);
}

/** `weekday`: index in `weekdays`. null: there is no such zone. */
function wallTime(zone: string, now: number): { weekday: number; minute: number } | null {
  let format = formats.get(zone);
  if (format === undefined) {
    if (!zoneName.test(zone)) return null;
    try {
      format = new Intl.DateTimeFormat("en-GB", {
        timeZone: zone,
        hourCycle: "h23",
        weekday: "short",
        hour: "2-digit",
        minute: "2-digit",
      });
    } catch {
      return null;
    }
    formats.set(zone, format);
  }
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, value]));
  const weekday = weekdays.findIndex((day) => day === parts.get("weekday")?.toUpperCase());
  const minute = Number(parts.get("hour")) * 60 + Number(parts.get("minute"));
  return weekday < 0 || Number.isNaN(minute) ? null : { weekday, minute };
}

function shown(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

function wrong(attribute: string, message: string): UserError {
  return new UserError("invalid", message, { operation: "create the key", attribute });
}
