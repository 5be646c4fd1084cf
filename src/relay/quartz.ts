import { Cron } from "croner";

/**
 * Cron texts of Quartz (seconds first, `?`, weekdays from 1 = SUN), as schedules of a Celonis team have them. The search
 * through the calendar is croner's; what Quartz writes in another way is put into croner's words here: docs/decisions/0014.
 */

export interface CronReading {
  /** The first time after `after` (epoch ms, both); null: there is none any more. */
  next(after: number): number | null;
}

/** A field's name for messages, its bounds, and the names its numbers have. */
interface Field {
  what: string;
  from: number;
  to: number;
  names: readonly string[];
}

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const seconds: Field = { what: "seconds", from: 0, to: 59, names: [] };
const minutes: Field = { what: "minutes", from: 0, to: 59, names: [] };
const hours: Field = { what: "hours", from: 0, to: 23, names: [] };
const dayOfMonth: Field = { what: "day of month", from: 1, to: 31, names: [] };
const month: Field = { what: "month", from: 1, to: 12, names: months };
const dayOfWeek: Field = { what: "day of week", from: 1, to: 7, names: weekdays };
const year: Field = { what: "year", from: 1970, to: 2099, names: [] };

/** No cron that is meant for use is longer. */
const longest = 200;
const dayMs = 86_400_000;

class NotUnderstood extends Error {}

/**
 * Reads a cron text in a time zone (IANA name). Of an hour that comes twice both count, so what is named is the first
 * time at which it may start; a time that the zone leaves out is the next one that there is.
 * @returns why it is not understood, in one line, where it is not: nothing is guessed.
 */
export function readCron(text: string, zone: string): CronReading | string {
  try {
    const pattern = inWordsOfCroner(text);
    if (!isZone(zone)) return `its time zone ${JSON.stringify(zone.slice(0, 60))} is not known`;
    const inZone = new Cron(pattern, { paused: true, timezone: zone });
    return { next: (after) => firstAfter(after, { inZone, pattern, zone }) };
  } catch (error) {
    return error instanceof NotUnderstood ? error.message : "it is not understood";
  }
}

function firstAfter(
  after: number,
  { inZone, pattern, zone }: { inZone: Cron; pattern: string; zone: string },
): number | null {
  const first = inZone.nextRun(new Date(after))?.getTime() ?? null;
  const change = changeWithinDay(after, zone);
  if (change === null) return first;
  // Between the two of an hour that comes twice, croner is at the next day already. So the time after the change is
  // searched by the offset that holds then.
  const utcOffset = offsetAt(change, zone);
  const later = new Cron(pattern, { paused: true, utcOffset }).nextRun(new Date(change - 1000))?.getTime();
  return later === undefined ? first : Math.min(later, first ?? later);
}

/** When the clocks of the zone are changed in the day after `after`, epoch ms; null: they are not. */
function changeWithinDay(after: number, zone: string): number | null {
  const before = offsetAt(after, zone);
  let [low, high] = [after, after + dayMs];
  if (offsetAt(high, zone) === before) return null;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle, zone) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** By zone: to make one takes a hundred times as long as to use it. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes that the zone is before UTC. @throws RangeError for what is no zone. */
function offsetAt(ms: number, zone: string): number {
  const format =
    formats.get(zone) ?? new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  formats.set(zone, format);
  const name = format.formatToParts(ms).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign = "+", hour = "0", minute = "0"] = /^GMT(?:([+-])(\d\d):(\d\d))?/.exec(name) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hour) * 60 + Number(minute));
}

function isZone(zone: string): boolean {
  try {
    offsetAt(0, zone);
    return true;
  } catch {
    return false;
  }
}

/** @throws NotUnderstood. */
function inWordsOfCroner(text: string): string {
  const fields = text.length > longest ? [] : text.trim().toUpperCase().split(/\s+/);
  const [second, minute, hour, ofMonth = "", inMonth, ofWeek = "", inYear] = fields;
  if (second === undefined || minute === undefined || hour === undefined || inMonth === undefined) {
    throw new NotUnderstood("it does not have six or seven fields");
  }
  if (ofWeek === "" || fields.length > 7) throw new NotUnderstood("it does not have six or seven fields");
  return [
    listOf(second, seconds),
    listOf(minute, minutes),
    listOf(hour, hours),
    ...daysOf(ofMonth, listOf(inMonth, month), ofWeek),
    ...(inYear === undefined ? [] : [listOf(inYear, year)]),
  ].join(" ");
}

/** Day of month, month and day of week. Quartz lets one of the two days say nothing: `?`. */
function daysOf(ofMonth: string, inMonth: string, ofWeek: string): string[] {
  if (ofMonth === "?" && ofWeek === "?") throw new NotUnderstood("both of its days say nothing");
  const free = (day: string): boolean => day === "?" || day === "*";
  if (!free(ofMonth) && !free(ofWeek)) {
    throw new NotUnderstood("it names days of the month and days of the week, which Quartz does not take");
  }
  return [free(ofMonth) ? "*" : daysOfMonth(ofMonth), inMonth, free(ofWeek) ? "*" : daysOfWeek(ofWeek)];
}

function daysOfMonth(text: string): string {
  if (text === "L" || text === "LW") return text;
  // What is nearest to a day that a month does not have, each server says in its own way.
  const nearest = /^(\d{1,2})W$/.exec(text)?.[1];
  if (nearest === undefined) return listOf(text, dayOfMonth);
  const day = Number(nearest);
  if (day < 1 || day > 28) throw wrong(text, dayOfMonth);
  return `${String(day)}W`;
}

/** Croner counts from 0 = SUN. */
function daysOfWeek(text: string): string {
  // Alone it is the last day of the week.
  if (text === "L") return "6";
  const [, day = "", nth] = /^([A-Z]{3}|[1-7])(?:L|#([1-5]))$/.exec(text) ?? [];
  if (day !== "") return `${String(numberOf(day, dayOfWeek) - 1)}${nth === undefined ? "L" : `#${nth}`}`;
  const list = listOf(text, dayOfWeek);
  if (list === "*") return list;
  return list
    .split(",")
    .map((one) => String(Number(one) - 1))
    .join(",");
}

/** Every number of the field, one by one; `*` for all of them. */
function listOf(text: string, field: Field): string {
  const numbers = new Set(text.split(",").flatMap((part) => numbersOf(part, field)));
  if (numbers.size === field.to - field.from + 1) return "*";
  return [...numbers].sort((a, b) => a - b).join(",");
}

/** `*`, `5`, `5-9`, `22-2` over the end, each also with a step: `5/15` goes on to the end, `/15` from the beginning. */
function numbersOf(part: string, field: Field): number[] {
  const [range = "", step, more] = part.split("/");
  const by = step === undefined ? 1 : /^\d{1,2}$/.test(step) ? Number(step) : 0;
  const size = field.to - field.from + 1;
  if (by < 1 || by > size || more !== undefined) throw wrong(part, field);
  const [from = "", to, third] = range.split("-");
  if (third !== undefined) throw wrong(part, field);
  const all = range === "*" || (range === "" && step !== undefined);
  const number = (text: string): number => numberOf(text, field, part);
  const first = all ? field.from : number(from);
  const last = all ? field.to : to !== undefined ? number(to) : step === undefined ? first : field.to;
  if (last < first && field === year) throw wrong(part, field);
  const end = last < first ? last + size : last;
  const found: number[] = [];
  for (let at = first; at <= end; at += by) found.push(((at - field.from) % size) + field.from);
  return found;
}

/** @param part of the field, for the message. */
function numberOf(text: string, field: Field, part: string = text): number {
  const named = field.names.indexOf(text);
  if (named >= 0) return named + field.from;
  const number = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= field.from && number <= field.to)) throw wrong(part, field);
  return number;
}

function wrong(text: string, { what }: Field): NotUnderstood {
  return new NotUnderstood(`its ${what} ${JSON.stringify(text.slice(0, 20))} is not understood`);
}
