import type { DeskSettings } from "../model/desk-settings.ts";

/** How times are read where the answer is read; null: in UTC. */
export type TimesRead = Pick<DeskSettings, "zone" | "hours24to47"> | null;

const dayMs = 86_400_000;
/** Hours before noon belong to the night before, where nights are counted on. */
const endOfNight = 12;
/** Who calls a zone by a name of its own; elsewhere it is an offset. */
const nameGivers = ["en-US", "en-GB", "ja-JP"];

/**
 * A point of time, epoch ms, to the second: `2026-06-18 15:00:00 UTC`, with a zone both side by side, and where nights
 * are counted on as well `2026-06-18 24:00:00 = 2026-06-19 00:00:00 JST = 2026-06-18 15:00:00 UTC`.
 */
export function timeText(ms: number, read: TimesRead): string {
  const utc = utcText(ms);
  const { zone = null, hours24to47 = false } = read ?? {};
  const local = zone === null || utc === null ? null : inZone(ms, zone);
  if (local === null) return utc ?? "an impossible time";
  const { year, month, day, hour, minute, second, name } = local;
  const clock = (hours: number): string => `${two(hours)}:${minute}:${second}`;
  const dayBefore = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)) - dayMs);
  const ofNight = hours24to47 && Number(hour) < endOfNight;
  return [
    ...(ofNight ? [`${dayBefore.toISOString().slice(0, 10)} ${clock(Number(hour) + 24)}`] : []),
    ...(name === "UTC" ? [] : [`${year}-${month}-${day} ${clock(Number(hour))} ${name}`]),
    utc,
  ].join(" = ");
}

function utcText(ms: number): string | null {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return null;
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

type Part = "year" | "month" | "day" | "hour" | "minute" | "second";

/** null for a zone that this machine does not know: its answers are then in UTC alone. */
function inZone(ms: number, zone: string): (Record<Part, string> & { name: string }) | null {
  const digits = { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } as const;
  try {
    const format = new Intl.DateTimeFormat("en-US", {
      ...digits,
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      second: "2-digit",
    });
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    const part = (type: Part): string => parts.get(type) ?? "";
    return {
      year: part("year").padStart(4, "0"),
      month: part("month"),
      day: part("day"),
      hour: part("hour"),
      minute: part("minute"),
      second: part("second"),
      name: nameOf(ms, zone),
    };
  } catch {
    return null;
  }
}

/** `JST`, `CEST`; `GMT+5:30` where it has no name that is understood elsewhere. */
function nameOf(ms: number, zone: string): string {
  const named = (locale: string, timeZoneName: "short" | "shortOffset"): string =>
    new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName })
      .formatToParts(ms)
      .find(({ type }) => type === "timeZoneName")?.value ?? "";
  return (
    nameGivers.map((locale) => named(locale, "short")).find((name) => /^[A-Z]{2,5}$/.test(name)) ??
    named("en-US", "shortOffset")
  );
}

function two(hours: number): string {
  return String(hours).padStart(2, "0");
}
