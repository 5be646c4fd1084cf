import fc from "fast-check";
import { expect, test } from "vitest";
import { weekdays, type KeyHours } from "../model/definitions.ts";
import { checkedHours, outsideHours } from "./key-hours.ts";

const hours = (from: string, to: string, more: Partial<KeyHours> = {}): KeyHours => ({
  zone: "UTC",
  from,
  to,
  days: null,
  ...more,
});
const open = (of: KeyHours, at: string): boolean => outsideHours(of, Date.parse(at)) === null;

// 2026-06-18 is a Thursday.
test.each([
  ["06:00", "22:00", "2026-06-18T05:59:59.999Z", false],
  ["06:00", "22:00", "2026-06-18T06:00:00.000Z", true],
  ["06:00", "22:00", "2026-06-18T21:59:59.999Z", true],
  ["06:00", "22:00", "2026-06-18T22:00:00.000Z", false],
  ["22:00", "06:00", "2026-06-18T21:59:59.999Z", false],
  ["22:00", "06:00", "2026-06-18T22:00:00.000Z", true],
  ["22:00", "06:00", "2026-06-19T05:59:59.999Z", true],
  ["22:00", "06:00", "2026-06-19T06:00:00.000Z", false],
  ["22:00", "30:00", "2026-06-19T05:59:59.999Z", true],
  ["22:00", "30:00", "2026-06-19T06:00:00.000Z", false],
  ["24:00", "29:30", "2026-06-19T00:00:00.000Z", true],
  ["24:00", "29:30", "2026-06-19T05:30:00.000Z", false],
  ["00:00", "24:00", "2026-06-18T00:00:00.000Z", true],
  ["00:00", "24:00", "2026-06-18T23:59:59.999Z", true],
  ["10:00", "34:00", "2026-06-19T09:59:59.999Z", true],
])("%s to %s at %s: %s", (from, to, at, expected) => {
  expect(open(checkedHours(hours(from, to)), at)).toBe(expected);
});

test.each([
  // Friday night goes on into Saturday; Thursday's does not into Friday.
  ["22:00", "06:00", "2026-06-19T05:00:00Z", false],
  ["22:00", "06:00", "2026-06-19T22:00:00Z", true],
  ["22:00", "06:00", "2026-06-20T05:00:00Z", true],
  ["22:00", "06:00", "2026-06-20T22:00:00Z", false],
  // 25:00 of Friday is Saturday's 01:00.
  ["25:00", "29:00", "2026-06-19T02:00:00Z", false],
  ["25:00", "29:00", "2026-06-20T02:00:00Z", true],
])("on Fridays %s to %s at %s: %s", (from, to, at, expected) => {
  expect(open(checkedHours(hours(from, to, { days: ["FRI"] })), at)).toBe(expected);
});

test("the clock is the zone's: the night of Tokyo is the afternoon of UTC", () => {
  const night = checkedHours(hours("22:00", "30:00", { zone: "Asia/Tokyo" }));
  expect(open(night, "2026-06-18T12:59:59Z")).toBe(false);
  expect(open(night, "2026-06-18T13:00:00Z")).toBe(true);
  expect(open(night, "2026-06-18T20:59:59Z")).toBe(true);
  expect(open(night, "2026-06-18T21:00:00Z")).toBe(false);
  expect(outsideHours(night, Date.parse("2026-06-18T03:07:00Z"))).toBe(
    "This key is for 22:00 to 30:00 (Asia/Tokyo) only; there it is THU 12:07 now.",
  );
});

test("spring in Berlin: 02:00 to 03:00 does not come, and a night is an hour shorter", () => {
  const zone = "Europe/Berlin";
  const skipped = checkedHours(hours("02:00", "03:00", { zone }));
  for (const at of ["2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"])
    expect(open(skipped, at)).toBe(false);
  expect(open(skipped, "2026-03-28T01:30:00Z")).toBe(true);
  const night = checkedHours(hours("22:00", "06:00", { zone }));
  // 22:00 CET to 06:00 CEST.
  expect(open(night, "2026-03-28T20:59:59Z")).toBe(false);
  expect(open(night, "2026-03-28T21:00:00Z")).toBe(true);
  expect(open(night, "2026-03-29T03:59:59Z")).toBe(true);
  expect(open(night, "2026-03-29T04:00:00Z")).toBe(false);
});

test("autumn in Berlin: 02:00 to 03:00 comes twice, and a night is an hour longer", () => {
  const zone = "Europe/Berlin";
  const early = checkedHours(hours("02:00", "02:30", { zone }));
  // CEST, then CET, with a pause between them.
  expect(open(early, "2026-10-25T00:15:00Z")).toBe(true);
  expect(open(early, "2026-10-25T00:45:00Z")).toBe(false);
  expect(open(early, "2026-10-25T01:15:00Z")).toBe(true);
  expect(open(early, "2026-10-25T01:30:00Z")).toBe(false);
  const night = checkedHours(hours("22:00", "06:00", { zone }));
  // 22:00 CEST to 06:00 CET.
  expect(open(night, "2026-10-24T19:59:59Z")).toBe(false);
  expect(open(night, "2026-10-24T20:00:00Z")).toBe(true);
  expect(open(night, "2026-10-25T04:59:59Z")).toBe(true);
  expect(open(night, "2026-10-25T05:00:00Z")).toBe(false);
});

test.each([
  ["no zone", hours("22:00", "06:00", { zone: "" })],
  ["a zone that is none", hours("22:00", "06:00", { zone: "Mars/Olympus" })],
  ["an offset for a zone", hours("22:00", "06:00", { zone: "+09:00" })],
  ["no times", hours("", "")],
  ["an hour that is none", hours("48:00", "49:00")],
  ["a minute that is none", hours("22:60", "23:00")],
  ["a time without its zero", hours("6:00", "22:00")],
  ["more than a time", hours("22:00:00", "23:00")],
  ["no time between", hours("06:00", "06:00")],
  ["an end before its beginning", hours("30:00", "25:00")],
  ["nothing on the day after", hours("47:00", "00:30")],
  ["more than a day", hours("10:00", "34:01")],
  ["no day", hours("22:00", "06:00", { days: [] })],
])("%s is refused", (_, wrong) => {
  expect(() => checkedHours(wrong)).toThrow(expect.objectContaining({ kind: "invalid" }) as Error);
});

test("hours that cannot be read, whoever wrote them, are none", () => {
  const noon = Date.parse("2026-06-18T12:00Z");
  const unreadable = "The hours of this key cannot be read here.";
  expect(outsideHours(hours("00:00", "24:00", { zone: "Mars/Olympus" }), noon)).toBe(unreadable);
  expect(outsideHours(hours("noon", "24:00"), noon)).toBe(unreadable);
  expect(open(hours("00:00", "24:00", { days: [] }), "2026-06-18T12:00Z")).toBe(false);
});

/**
 * The same by counting: every minute of the stretch is written on a calendar that knows no zone, and what the
 * zone's clock shows is looked up there.
 */
function listed({ from, to, zone, days }: KeyHours, now: number): boolean {
  // Another way to ask for the wall clock than the one that is tested: `2026-06-18 12:07`.
  const shown = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone,
    dateStyle: "short",
    timeStyle: "short",
  }).format(now);
  const wall = Date.parse(`${shown.replace(" ", "T")}:00Z`);
  const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  const midnight = Math.floor(wall / 86_400_000) * 86_400_000;
  for (let day = midnight - 3 * 86_400_000; day <= wall; day += 86_400_000) {
    const name = new Date(day).toUTCString().slice(0, 3).toUpperCase();
    if (days !== null && !days.some((one) => one === name)) continue;
    const end = minutes(to) > minutes(from) ? minutes(to) : minutes(to) + 1440;
    for (let minute = minutes(from); minute < end; minute += 1) {
      if (day + minute * 60_000 === wall) return true;
    }
  }
  return false;
}

test("whatever the hours, the zone and the moment: open is what counting says", () => {
  const clock = (latest: number) =>
    fc
      .integer({ min: 0, max: latest * 60 - 1 })
      .map((at) => [Math.floor(at / 60), at % 60].map((part) => String(part).padStart(2, "0")).join(":"));
  const zones = [
    "UTC",
    "Asia/Tokyo",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
  ];
  const some = fc.record<KeyHours>({
    zone: fc.constantFrom(...zones),
    from: clock(48),
    to: clock(48),
    days: fc.option(fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1 })),
  });
  // A year and a half, with every change of these zones; and minutes around the changes of 2026.
  const moment = fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 6) });
  const changes = ["2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-03-08T07:00Z", "2026-04-04T15:00Z"];
  const change = fc
    .tuple(fc.constantFrom(...changes), fc.integer({ min: -300, max: 300 }))
    .map(([at, minutes]) => Date.parse(at) + minutes * 60_000);
  let checked = 0;
  fc.assert(
    fc.property(some, fc.oneof(moment, change), (given, now) => {
      try {
        checkedHours(given);
      } catch {
        return;
      }
      checked += 1;
      expect(outsideHours(given, now) === null).toBe(listed(given, now));
    }),
    { numRuns: 3000 },
  );
  expect(checked).toBeGreaterThan(500);
});
