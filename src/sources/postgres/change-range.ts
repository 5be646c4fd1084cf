import { FatalSourceError } from "../../model/errors.ts";
import type { ChangeRange, TableRead } from "../../model/source.ts";
import type { Link } from "./connect.ts";
import { placeOf } from "./errors.ts";
import { quoteLiteral, quoteName } from "./quote.ts";

/** How a type counts time: what lies an interval before a value, and the latest value that a mark may have. */
interface Calendar {
  before: (value: string, interval: string) => string;
  /**
   * Nothing that is written from now on is dated before it. Without a time zone it is the local time of some place,
   * and nobody says of which: the one farthest behind UTC counts.
   */
  latestMark: string;
}

const farthestBehind = "now() AT TIME ZONE 'UTC' - interval '12 hours'";
const calendars: Readonly<Record<string, Calendar>> = {
  // Whole days: a part of a day before one is the day before.
  date: {
    before: (value, interval) => `(${value} - ${interval})::date`,
    latestMark: `(${farthestBehind})::date`,
  },
  timestamp: {
    before: (value, interval) => `${value} - ${interval}`,
    latestMark: `(${farthestBehind})`,
  },
  timestamptz: {
    before: (value, interval) => `${value} - ${interval}`,
    latestMark: "now()",
  },
};
const counters = new Set(["int2", "int4", "int8"]);
const intervalUnits = { DAYS: "days", HOURS: "hours", MINUTES: "mins" } as const;

/** What is read, as the catalog has it. */
export interface Changing {
  /** For errors. */
  label: string;
  /** Schema and table as SQL. */
  from: string;
  filter: string | null;
  /** The change date column; `typeName` as in `readTypeOf`. */
  column: { name: string; typeName: string | null };
}

/**
 * The bounds of a range, asked within the snapshot that the rows are read in. Values ahead of the source's clock (a
 * planned date, 9999-12-31, infinity) are read, but do not move the mark: what is written before their time would
 * lie behind it and be lost without a sound. They are read again by each delta load until their time has come.
 */
export async function boundsOf(
  link: Link,
  { label, from, filter, column }: Changing,
  range: ChangeRange,
): Promise<NonNullable<TableRead["changes"]>> {
  const { typeName } = column;
  const calendar = typeName === null ? undefined : calendars[typeName];
  if (calendar === undefined && (typeName === null || !counters.has(typeName))) {
    throw unfit(
      link,
      `${label}.${column.name} has the type ${typeName ?? "of another schema"}, by which changes cannot be found`,
    );
  }
  if (calendar === undefined && range.offset !== 0) {
    throw unfit(link, `${label}.${column.name} is a number, and an offset of ${range.unit} is none`);
  }
  const name = quoteName(column.name);
  const typed = (value: string): string => `${quoteLiteral(value)}::${typeName ?? ""}`;
  // A mark may be ahead of the clock as well: of a source whose clock was set back, or of an earlier version.
  const held = range.mark === null ? null : typed(range.mark);
  const since = held === null || calendar === undefined ? held : `least(${held}, ${calendar.latestMark})`;
  const where = filter === null ? [] : [`(\n${filter}\n)`];
  let lower: string | null = null;
  if (since !== null) {
    const interval = `make_interval(${intervalUnits[range.unit]} => ${String(range.offset)})`;
    const start = calendar === undefined ? since : calendar.before(since, interval);
    const [row] = await link.rows<{ lower: string }>(`SELECT (${start})::text AS lower`);
    lower = row === undefined ? null : `${name} >= ${typed(row.lower)}`;
    if (lower !== null) where.push(lower);
  }
  const counted = calendar === undefined ? "max(c)" : `max(c) FILTER (WHERE c <= ${calendar.latestMark})`;
  const mark = since === null ? counted : `greatest(${since}, ${counted})`;
  const rows = `SELECT ${name} AS c FROM ${from}${where.length === 0 ? "" : ` WHERE ${where.join(" AND ")}`}`;
  const [bounds] = await link.rows<{ upper: string | null; mark: string | null }>(
    `SELECT max(c)::text AS upper, (${mark})::text AS mark FROM (${rows}) AS changed`,
  );
  const upper = bounds?.upper ?? null;
  const condition = lower === null || upper === null ? lower : `${lower} AND ${name} <= ${typed(upper)}`;
  return { condition, mark: bounds?.mark ?? null };
}

function unfit(link: Link, message: string): FatalSourceError {
  return new FatalSourceError(message, {
    operation: "read the changes of a table",
    place: placeOf(link.access),
    next: "name a column of a date, a timestamp, or an integer without an offset, or write a delta filter instead",
  });
}
