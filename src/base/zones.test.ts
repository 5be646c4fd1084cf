import fc from "fast-check";
import { expect, test } from "vitest";
import { isZone, momentsOf, reachedAt } from "./zones.ts";

const wall = (text: string): number => Date.parse(`${text}Z`);
const utc = (moment: number): string => new Date(moment).toISOString().slice(0, 16);

test.each([
  ["2026-06-18T22:00", "Asia/Tokyo", ["2026-06-18T13:00"]],
  ["2026-01-18T22:00", "America/New_York", ["2026-01-19T03:00"]],
  // Put forward over it, and put back over it.
  ["2026-03-29T02:30", "Europe/Berlin", []],
  ["2026-10-25T02:30", "Europe/Berlin", ["2026-10-25T00:30", "2026-10-25T01:30"]],
  ["2026-10-25T03:00", "Europe/Berlin", ["2026-10-25T02:00"]],
  ["2026-10-25T02:00", "Europe/Berlin", ["2026-10-25T00:00", "2026-10-25T01:00"]],
  // Half an hour, and the other half of the world.
  ["2026-04-05T01:45", "Australia/Lord_Howe", ["2026-04-04T14:45", "2026-04-04T15:15"]],
  ["2026-06-18T12:00", "Asia/Kathmandu", ["2026-06-18T06:15"]],
  ["2026-06-18T12:00", "UTC", ["2026-06-18T12:00"]],
])("%s on a wall in %s: %j", (text, zone, moments) => {
  expect(momentsOf(wall(text), zone).map(utc)).toEqual(moments);
});

test.each([
  ["2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:00"],
  ["2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30"],
  // Midnight itself does not come, and comes twice.
  ["2025-03-09T00:00", "America/Havana", "2025-03-09T05:00"],
  ["2025-11-02T00:00", "America/Havana", "2025-11-02T04:00"],
  // A whole day that was left out.
  ["2011-12-30T00:00", "Pacific/Apia", "2011-12-30T10:00"],
  ["2011-12-31T00:00", "Pacific/Apia", "2011-12-30T10:00"],
])("%s in %s is reached at %s", (text, zone, moment) => {
  expect(utc(reachedAt(wall(text), zone))).toBe(moment);
});

test("whatever is later on the wall is reached no earlier, and a moment is one of those of what it shows", () => {
  const zones = ["Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Tokyo", "Africa/Casablanca"];
  const days = { min: Date.UTC(2024, 0, 1), max: Date.UTC(2027, 0, 1) };
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.integer(days), fc.nat(90_000_000), (zone, one, more) => {
      expect(reachedAt(one, zone)).toBeLessThanOrEqual(reachedAt(one + more, zone));
      for (const moment of momentsOf(one, zone)) {
        const shown = new Date(moment).toLocaleString("sv-SE", { timeZone: zone });
        expect(shown).toBe(new Date(one).toISOString().slice(0, 19).replace("T", " "));
      }
    }),
  );
});

test("zones are names", () => {
  for (const name of [
    "Asia/Tokyo",
    "UTC",
    "Etc/GMT+5",
    "America/Port-au-Prince",
    "America/Argentina/Ushuaia",
  ])
    expect([name, isZone(name)]).toEqual([name, true]);
  for (const name of ["+09:00", "Asia/Nowhere", "JST-9", "", "Asia/Tokyo ", "../etc"])
    expect([name, isZone(name)]).toEqual([name, false]);
});
