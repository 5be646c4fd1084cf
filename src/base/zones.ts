/**
 * Clocks on the wall of a zone. A wall time is what such a clock shows, as the epoch milliseconds at which a clock in UTC
 * shows the same: 2026-06-18 22:00 is Date.UTC(2026, 5, 18, 22), wherever it hangs.
 */

/** Names as the IANA list has them; an offset is none: it would be wrong for half of the year in most places. */
const zoneName = /^[A-Za-z][A-Za-z_]*(?:[/+-][A-Za-z0-9_]+)*$/;

const dayMs = 86_400_000;

/** By zone: to make one takes a hundred times as long as to use it. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether it is a name of the time zone database that this machine knows. */
export function isZone(name: string): boolean {
  if (!zoneName.test(name)) return false;
  try {
    return formatOf(name).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/**
 * The moments (epoch ms) at which the wall time is shown: one; none where the clock is put forward over it; two, in
 * order, where it is put back.
 * @throws RangeError for a zone that is none.
 */
export function momentsOf(wall: number, zone: string): number[] {
  const offsets = [...new Set([wall - dayMs, wall, wall + dayMs].map((near) => offsetAt(near, zone)))];
  return offsets
    .map((offset) => wall - offset)
    .filter((moment) => moment + offsetAt(moment, zone) === wall)
    .toSorted((one, other) => one - other);
}

/**
 * The moment (epoch ms) from which on the wall time is reached: of two the first; where the clock is put forward over
 * it, the moment at which that is done. So stretches of wall time that meet leave nothing out and count nothing twice.
 * @throws RangeError for a zone that is none.
 */
export function reachedAt(wall: number, zone: string): number {
  const [first] = momentsOf(wall, zone);
  if (first !== undefined) return first;
  const offsets = [offsetAt(wall - dayMs, zone), offsetAt(wall + dayMs, zone)];
  // Before the clock is put forward, and after it.
  let before = wall - Math.max(...offsets);
  let after = wall - Math.min(...offsets);
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (middle + offsetAt(middle, zone) < wall) before = middle;
    else after = middle;
  }
  return after;
}

/** How far its clocks are before UTC at a moment, ms. */
function offsetAt(moment: number, zone: string): number {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(moment)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const day = Date.UTC(part("year"), part("month") - 1, part("day"));
  const shown = day + ((part("hour") * 60 + part("minute")) * 60 + part("second")) * 1000;
  return shown - Math.floor(moment / 1000) * 1000;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const digits = { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } as const;
  const made = new Intl.DateTimeFormat("en-US", {
    ...digits,
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    second: "2-digit",
  });
  formats.set(zone, made);
  return made;
}
