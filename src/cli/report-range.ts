import { parseDay, parseInstant, parseWallTime } from "../base/instant.ts";
import { isZone, momentsOf, reachedAt } from "../base/zones.ts";
import { textOption, UsageError } from "./context.ts";
import type { Input } from "./context.ts";

/** From inclusive, to exclusive, epoch ms. */
export interface Range {
  from: number;
  to: number;
}

/** What of time is asked for: known already, or only with the zone whose days are meant. */
export type RangeAsked = Range | ((zone: string) => Range);

const shiftForm = /^([01]\d|2[0-3]):([0-5]\d)-([0-3]\d|4[0-7]):([0-5]\d)$/;
const minuteMs = 60_000;
const dayMs = 86_400_000;

/** The name of a zone that was given; null: none was. @throws UsageError for one that is none. */
export function zoneOption(input: Input): string | null {
  const zone = textOption(input, "zone");
  if (zone === undefined) return null;
  if (isZone(zone)) return zone;
  throw new UsageError(
    "--zone takes a name of the time zone database, e.g. Asia/Tokyo",
    "an offset is none: it is wrong for half of the year in most places",
  );
}

/**
 * `--from` and `--to`, or `--day` and maybe `--shift`. Days and shifts are what the clocks of a zone show: a day on which they
 * are put forward is an hour shorter.
 * @param zone the one that was given; only with it a time may be without its own.
 * @throws UsageError for anything that is no stretch of time, or could be two.
 */
export function rangeAsked(input: Input, zone: string | null): RangeAsked {
  const dayText = textOption(input, "day");
  const shift = textOption(input, "shift");
  const hasBounds = textOption(input, "from") !== undefined || textOption(input, "to") !== undefined;
  if (dayText === undefined) {
    if (shift !== undefined) throw new UsageError("--shift needs the --day on which it begins");
    return ordered({ from: timeOption(input, "from", zone), to: timeOption(input, "to", zone) });
  }
  if (hasBounds) throw new UsageError("--day goes with --shift, and not with --from or --to");
  const midnight = parseDay(dayText);
  if (midnight === null) throw new UsageError("--day takes a date, e.g. 2026-06-18");
  const { from, to } = shiftOf(shift);
  return (where) =>
    ordered(
      { from: reachedAt(midnight + from, where), to: reachedAt(midnight + to, where) },
      `nothing of that is shown by a clock in ${where}`,
    );
}

/** After the midnight of its day, ms; the whole day where none is given. */
function shiftOf(text: string | undefined): Range {
  if (text === undefined) return { from: 0, to: dayMs };
  const [from, fromMinute, to, toMinute] = (shiftForm.exec(text) ?? []).slice(1).map(Number);
  const wrong = (): UsageError =>
    new UsageError("--shift takes two times at most a day apart, e.g. 22:00-06:00 or 22:00-30:00");
  if (from === undefined || fromMinute === undefined || to === undefined || toMinute === undefined)
    throw wrong();
  const begins = (from * 60 + fromMinute) * minuteMs;
  const written = (to * 60 + toMinute) * minuteMs;
  const ends = written <= begins ? written + dayMs : written;
  if (ends - begins > dayMs) throw wrong();
  return { from: begins, to: ends };
}

function ordered(range: Range, otherwise = "--to must be later than --from"): Range {
  if (range.from >= range.to) throw new UsageError(otherwise);
  return range;
}

/** Epoch ms. */
function timeOption(input: Input, name: "from" | "to", zone: string | null): number {
  const text = textOption(input, name);
  const moment = text === undefined ? null : parseInstant(text);
  if (moment !== null) return moment;
  const wall = text === undefined || zone === null ? null : parseWallTime(text);
  if (wall === null || zone === null) {
    throw new UsageError(
      `--${name} takes a time with its zone, e.g. 2026-06-18T15:00Z or 2026-06-19T00:00+09:00`,
      "write the zone: Z for UTC, or the difference to it; or give --zone, or a --day",
    );
  }
  const [only, another] = momentsOf(wall, zone);
  if (only !== undefined && another === undefined) return only;
  throw new UsageError(
    `--${name}: a clock in ${zone} shows that time ${only === undefined ? "never: it is put forward over it" : "twice: it is put back"}`,
    "write the time with its difference to UTC, e.g. 2026-10-25T02:30+02:00",
  );
}
