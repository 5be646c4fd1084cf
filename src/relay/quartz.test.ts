import fc from "fast-check";
import { expect, test } from "vitest";
import { readCron } from "./quartz.ts";

const at = (text: string): number => Date.parse(text);

/** The first times after `from`, as ISO texts. */
function times(cron: string, zone: string, from: string, count = 3): string[] {
  const reading = readCron(cron, zone);
  if (typeof reading === "string") throw new Error(`${cron}: ${reading}`);
  const found: string[] = [];
  for (let after: number | null = at(from); found.length < count;) {
    after = reading.next(after);
    if (after === null) break;
    found.push(new Date(after).toISOString().replace(":00.000Z", "Z"));
  }
  return found;
}

test.each([
  // The one that a real export had.
  ["0 0 * * * ?", ["2026-06-18T15:00Z", "2026-06-18T16:00Z"]],
  ["0 0/15 * * * ?", ["2026-06-18T14:45Z", "2026-06-18T15:00Z"]],
  ["0 5/25 * * * ?", ["2026-06-18T14:55Z", "2026-06-18T15:05Z"]],
  ["0 /20 * * * ?", ["2026-06-18T14:40Z", "2026-06-18T15:00Z"]],
  ["0 */20 * * * ?", ["2026-06-18T14:40Z", "2026-06-18T15:00Z"]],
  ["0 0 22-2 * * ?", ["2026-06-18T22:00Z", "2026-06-18T23:00Z", "2026-06-19T00:00Z"]],
  ["0 0 20-4/3 * * ?", ["2026-06-18T20:00Z", "2026-06-18T23:00Z", "2026-06-19T02:00Z"]],
  ["30 15 10 ? * MON-FRI", ["2026-06-19T10:15:30.000Z", "2026-06-22T10:15:30.000Z"]],
  // 1 is Sunday.
  ["0 0 6 ? * 1", ["2026-06-21T06:00Z", "2026-06-28T06:00Z"]],
  ["0 0 6 ? * 7", ["2026-06-20T06:00Z", "2026-06-27T06:00Z"]],
  ["0 0 6 ? * 2-6", ["2026-06-19T06:00Z", "2026-06-22T06:00Z"]],
  ["0 0 6 ? * fri-mon", ["2026-06-19T06:00Z", "2026-06-20T06:00Z", "2026-06-21T06:00Z", "2026-06-22T06:00Z"]],
  ["0 0 6 ? * SUN,wed", ["2026-06-21T06:00Z", "2026-06-24T06:00Z"]],
  ["0 0 6 ? * L", ["2026-06-20T06:00Z"]],
  ["0 0 6 ? * 6L", ["2026-06-26T06:00Z", "2026-07-31T06:00Z"]],
  ["0 0 6 ? * FRIL", ["2026-06-26T06:00Z", "2026-07-31T06:00Z"]],
  ["0 0 6 ? * 6#3", ["2026-06-19T06:00Z", "2026-07-17T06:00Z"]],
  ["0 0 6 ? * MON#5", ["2026-06-29T06:00Z", "2026-08-31T06:00Z"]],
  ["0 0 6 L * ?", ["2026-06-30T06:00Z", "2026-07-31T06:00Z"]],
  ["0 0 6 LW 2,5 ?", ["2027-02-26T06:00Z", "2027-05-31T06:00Z"]],
  // Saturday the 15th goes to the 14th, Sunday the 1st to the 2nd, Saturday the 1st to the 3rd.
  ["0 0 6 15W 8 ?", ["2026-08-14T06:00Z"]],
  ["0 0 6 1W 8,11 ?", ["2026-08-03T06:00Z", "2026-11-02T06:00Z"]],
  ["0 0 6 1,20 JAN,JUN ?", ["2026-06-20T06:00Z", "2027-01-01T06:00Z"]],
  ["0 0 6 1 11-2 ?", ["2026-11-01T06:00Z", "2026-12-01T06:00Z", "2027-01-01T06:00Z", "2027-02-01T06:00Z"]],
  ["0 0 6 29 2 ?", ["2028-02-29T06:00Z", "2032-02-29T06:00Z"]],
  ["0 0 6 1 1 ? 2028", ["2028-01-01T06:00Z"]],
  ["0 0 6 1 1 ? 2028-2030/2", ["2028-01-01T06:00Z", "2030-01-01T06:00Z"]],
  // Every day, whichever of the two says nothing.
  ["0 30 4 * * *", ["2026-06-19T04:30Z"]],
  ["0 30 4 ? * *", ["2026-06-19T04:30Z"]],
])("%s after Thursday 2026-06-18 14:31 UTC", (cron, expected) => {
  expect(times(cron, "UTC", "2026-06-18T14:31:00Z", expected.length)).toEqual(expected);
});

test.each([["0 0 6 30 2 ?"], ["0 0 6 1 1 ? 2020"], ["0 0 6 31 4,6 ?"]])("%s never comes", (cron) => {
  expect(times(cron, "UTC", "2026-06-18T14:31:00Z")).toEqual([]);
});

test.each([
  // Five fields are another language, in which the first is minutes.
  ["0 3 * * *", /six or seven fields/],
  ["", /six or seven fields/],
  ["0 0 * * * ? 2027 x", /six or seven fields/],
  [`${"0,".repeat(200)}0 0 * * * ?`, /six or seven fields/],
  ["@hourly", /six or seven fields/],
  ["0 0 6 ? * ?", /both of its days/],
  ["0 0 6 15 * MON", /days of the month and days of the week/],
  ["0 99 * * * ?", /minutes "99"/],
  ["60 0 * * * ?", /seconds "60"/],
  ["0 0 24 * * ?", /hours "24"/],
  ["? 0 * * * ?", /seconds "\?"/],
  ["0 0 6 0 * ?", /day of month "0"/],
  ["0 0 6 ? * 0", /day of week "0"/],
  ["0 0 6 ? * 8", /day of week "8"/],
  ["0 0 6 ? * 6#6", /day of week/],
  ["0 0 6 ? * MON,FRIL", /day of week/],
  ["0 0 6 L-3 * ?", /day of month/],
  ["0 0 6 31W * ?", /day of month/],
  ["0 0 6 ? 13 MON", /month "13"/],
  ["0 0 6 ? FOO MON", /month "FOO"/],
  ["0 0 6 1 1 ? 2100", /year/],
  ["0 0 6 1 1 ? 2030-2028", /year/],
  ["0 0/0 * * * ?", /minutes "0\/0"/],
  ["0 0/5/5 * * * ?", /minutes/],
  ["0 1-2-3 * * * ?", /minutes/],
  ["0 , * * * ?", /minutes/],
  ["0 / * * * ?", /minutes/],
  ["0 -5 * * * ?", /minutes/],
  ["0 1e1 * * * ?", /minutes/],
  ["0 H * * * ?", /minutes "H"/],
])("%j is not understood, and nothing is guessed", (cron, why) => {
  expect(readCron(cron, "UTC")).toMatch(why);
});

test("a zone that is none is not understood", () => {
  expect(readCron("0 0 * * * ?", "No/Zone")).toBe('its time zone "No/Zone" is not known');
});

test.each([
  // 02:30 does not exist on 2026-03-29: the next time that there is, once.
  ["0 30 2 * * ?", "2026-03-28T12:00:00Z", ["2026-03-29T01:00Z", "2026-03-30T00:30Z"]],
  ["0 0 * * * ?", "2026-03-28T23:30:00Z", ["2026-03-29T00:00Z", "2026-03-29T01:00Z"]],
  ["0 15 3 * * ?", "2026-03-28T12:00:00Z", ["2026-03-29T01:15Z", "2026-03-30T01:15Z"]],
  // It exists twice on 2026-10-25, and a server may take either.
  ["0 30 2 * * ?", "2026-10-24T12:00:00Z", ["2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-26T01:30Z"]],
  ["0 30 2 * * ?", "2026-10-25T00:45:00Z", ["2026-10-25T01:30Z", "2026-10-26T01:30Z"]],
  ["0 0 * * * ?", "2026-10-24T23:30:00Z", ["2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"]],
  ["0 0 2 25 10 ?", "2026-10-25T00:15:00Z", ["2026-10-25T01:00Z"]],
  // What the first of the two hours has before the change must not hide what the second has.
  ["0 0 2,13 * * ?", "2026-10-25T00:15:00Z", ["2026-10-25T01:00Z", "2026-10-25T12:00Z"]],
])("%s in Berlin after %s", (cron, from, expected) => {
  expect(times(cron, "Europe/Berlin", from, expected.length)).toEqual(expected);
});

test.each([
  // Half an hour is skipped and repeated there.
  ["Australia/Lord_Howe", "2026-04-04T14:50:00Z", ["2026-04-04T15:15Z", "2026-04-05T15:15Z"]],
  ["Asia/Tokyo", "2026-06-18T14:00:00Z", ["2026-06-18T16:45Z"]],
  ["Asia/Kolkata", "2026-06-18T14:00:00Z", ["2026-06-18T20:15Z"]],
])("01:45 in %s after %s", (zone, from, expected) => {
  expect(times("0 45 1 * * ?", zone, from, expected.length)).toEqual(expected);
});

const zones = [
  "UTC",
  "Asia/Tokyo",
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kolkata",
  "Australia/Lord_Howe",
];
const minuteMs = 60_000;

/** What a clock on the wall shows, by other means than the ones that are tested. */
function wallClock(
  zone: string,
): (ms: number) => { hour: number; minute: number; weekday: number; day: number } {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    weekday: "short",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    const weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].indexOf(parts.get("weekday") ?? "") + 1;
    const number = (part: "hour" | "minute" | "day"): number => Number(parts.get(part));
    return { hour: number("hour"), minute: number("minute"), weekday, day: number("day") };
  };
}

test("whatever numbers it names, it comes when the clock on the wall first shows them, minute by minute", () => {
  const some = (from: number, to: number): fc.Arbitrary<number[]> =>
    fc.uniqueArray(fc.integer({ min: from, max: to }), { minLength: 1, maxLength: 4 });
  // Days about the changes of the clocks, and others.
  const start = fc
    .tuple(
      fc.constantFrom(
        "2026-03-07",
        "2026-03-28",
        "2026-04-04",
        "2026-10-03",
        "2026-10-24",
        "2026-10-31",
        "2026-12-30",
      ),
      fc.integer({ min: 0, max: 3000 }),
    )
    .map(([day, minute]) => at(`${day}T00:00:00Z`) + minute * minuteMs);
  const days = fc.oneof(
    some(1, 7).map((list) => ({
      text: ["?", list.join(",")],
      fits: (on: { weekday: number }) => list.includes(on.weekday),
    })),
    some(1, 31).map((list) => ({
      text: [list.join(","), "?"],
      fits: (on: { day: number }) => list.includes(on.day),
    })),
    fc.constant({ text: ["*", "?"], fits: () => true }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      start,
      some(0, 59),
      some(0, 23),
      days,
      (zone, from, minutes, hours, { text, fits }) => {
        const reading = readCron(
          `0 ${minutes.join(",")} ${hours.join(",")} ${text[0] ?? ""} * ${text[1] ?? ""}`,
          zone,
        );
        if (typeof reading === "string") throw new Error(reading);
        const wall = wallClock(zone);
        const shows = (ms: number): boolean => {
          const on = wall(ms);
          return (
            minutes.includes(on.minute) &&
            hours.includes(on.hour) &&
            fits({ weekday: on.weekday, day: on.day })
          );
        };
        const found = reading.next(from);
        const horizon = from + 2 * 86_400_000;
        let first: number | null = null;
        for (let ms = from + minuteMs; first === null && ms <= horizon; ms += minuteMs)
          if (shows(ms)) first = ms;
        // Earlier than shown only where the zone skips what it names: then at the first minute that there is.
        const skips = (ms: number): boolean => {
          const [before, after] = [wall(ms - minuteMs), wall(ms)].map((on) => on.hour * 60 + on.minute);
          return ((after ?? 0) - (before ?? 0) + 1440) % 1440 > 1;
        };
        const afterHorizon = first === null && (found ?? Infinity) > horizon;
        const early = found !== null && found > from && found < (first ?? horizon) && skips(found);
        expect({ found, fits: afterHorizon || found === first || early }).toEqual({ found, fits: true });
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);

test("no text makes it throw, and what is read comes after what was asked", () => {
  const token = fc.constantFrom(
    "*",
    "?",
    "0",
    "5",
    "0/5",
    "1-5",
    "L",
    "LW",
    "15W",
    "MON",
    "6#3",
    "5L",
    "22-2",
    "-",
    "/",
    ",",
    "2027",
    "#",
    "W",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(token, { minLength: 5, maxLength: 8 }).map((parts) => parts.join(" ")),
      ),
      (text) => {
        const reading = readCron(text, "Europe/Berlin");
        const from = at("2026-10-24T23:59:30Z");
        const said =
          typeof reading === "string"
            ? /understood|fields|days/.test(reading)
            : (reading.next(from) ?? Infinity) > from;
        expect({ reading, said }).toEqual({ reading, said: true });
      },
    ),
  );
});
