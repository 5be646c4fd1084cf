import { FatalSourceError } from "../../model/errors.ts";
import type { ChangeRange, TableRead } from "../../model/source.ts";
import type { Link } from "./connect.ts";
import { placeOf } from "./errors.ts";
import { quoteLiteral, quoteName } from "./quote.ts";

/** How a type counts time: what lies an interval before a value, and the values that lie in the future. */
interface Calendar {
  before: (value: string, interval: string) => string;
  /** A day of room: a column without a time zone may hold the local time of a place ahead of UTC. */
  future: string;
}

const calendars: Readonly<Record<string, Calendar>> = {
  // Whole days: a part of a day before one is the day before.
  date: {
    before: (value, interval) => `(${value} - ${interval})::date`,
    future: "(now() + interval '1 day')::date",
  },
  timestamp: {
    before: (value, interval) => `${value} - ${interval}`,
    future: "(now() + interval '1 day')::timestamp",
  },
  timestamptz: {
    before: (value, interval) => `${value} - ${interval}`,
    future: "now() + interval '1 day'",
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
 * The bounds of a range, asked within the snapshot that the rows are read in. Values in the future (9999-12-31,
 * infinity) are read but do not move the mark: every later change would lie behind it and be lost.
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
  const where = filter === null ? [] : [`(\n${filter}\n)`];
  let lower: string | null = null;
  if (range.mark !== null) {
    const interval = `make_interval(${intervalUnits[range.unit]} => ${String(range.offset)})`;
    const start = calendar === undefined ? typed(range.mark) : calendar.before(typed(range.mark), interval);
    const [row] = await link.rows<{ lower: string }>(`SELECT (${start})::text AS lower`);
    lower = row === undefined ? null : `${name} >= ${typed(row.lower)}`;
    if (lower !== null) where.push(lower);
  }
  const counted = calendar === undefined ? "max(c)" : `max(c) FILTER (WHERE c <= ${calendar.future})`;
  const mark = range.mark === null ? counted : `greatest(${typed(range.mark)}, ${counted})`;
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
