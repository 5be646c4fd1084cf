const dayMs = 86_400_000;
/** Hours before noon belong to the night before, where nights are counted on. */
const endOfNight = 12;

export interface Reader {
  /** Of the words. */
  lang: string;
  /** Name of a time zone; null: that of this browser. */
  zone: string | null;
  /** Hours of a night go on to 35. */
  onward: boolean;
  /** Epoch ms: what today is. */
  now: number;
}

/**
 * A moment where it is read, and in UTC, which is what notices of clouds and logs are in. The day only where it is not
 * today, or is counted on after midnight: then both ways are there, because one of them alone would be misread.
 */
export function momentText(at: number, { lang, zone, onward, now }: Reader): string {
  const parts = partsIn(at, lang, zone);
  const today = partsIn(now, lang, zone);
  const clock = `${parts.hour}:${parts.minute}:${parts.second}`;
  const named = `${clock} ${parts.timeZoneName}`;
  const sameDay = dayOf(parts) === dayOf(today);
  const iso = new Date(at).toISOString();
  const utcDay = iso.slice(0, 10);
  const utcClock = iso.slice(11, 19);
  const isUtc = parts.timeZoneName === "UTC" || (utcDay === dayOf(parts) && utcClock === clock);
  if (onward && Number(parts.hour) < endOfNight) {
    const before = new Date(Date.parse(`${dayOf(parts)}T00:00:00Z`) - dayMs).toISOString().slice(0, 10);
    const night = `${before} ${String(Number(parts.hour) + 24)}:${parts.minute}:${parts.second}`;
    return `${night} = ${dayOf(parts)} ${named} (${utcDay} ${utcClock} UTC)`;
  }
  const day = sameDay ? "" : `${dayOf(parts)} `;
  const utc = `${sameDay ? "" : `${utcDay} `}${utcClock} UTC`;
  return isUtc ? utc : `${day}${named} (${utc})`;
}

function partsIn(at: number, lang: string, zone: string | null): Record<string, string> {
  const format = (timeZone: string | null): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(`${lang}-u-ca-gregory-nu-latn`, {
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      timeZoneName: "short",
      ...(timeZone === null ? {} : { timeZone }),
    });
  let usable: Intl.DateTimeFormat;
  try {
    usable = format(zone);
  } catch {
    // A zone that this browser does not know: its own clock, which it names.
    usable = format(null);
  }
  return Object.fromEntries(usable.formatToParts(at).map(({ type, value }) => [type, value]));
}

/** `2026-06-19`. */
function dayOf({ year, month, day }: Record<string, string>): string {
  return `${year ?? ""}-${month ?? ""}-${day ?? ""}`;
}
