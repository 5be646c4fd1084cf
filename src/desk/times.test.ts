import { expect, test } from "vitest";
import { timeText } from "./times.ts";

const at = (text: string): number => Date.parse(text);
const tokyo = { zone: "Asia/Tokyo", hours24to47: true };

test.each([
  ["2026-06-18T15:00:00Z", null, "2026-06-18 15:00:00 UTC"],
  ["2026-06-18T15:00:00Z", { zone: null, hours24to47: false }, "2026-06-18 15:00:00 UTC"],
  ["2026-06-18T15:00:00Z", tokyo, "2026-06-18 24:00:00 = 2026-06-19 00:00:00 JST = 2026-06-18 15:00:00 UTC"],
  ["2026-06-18T17:30:05Z", tokyo, "2026-06-18 26:30:05 = 2026-06-19 02:30:05 JST = 2026-06-18 17:30:05 UTC"],
  // Over the end of a month and of a year.
  ["2026-12-31T15:00:00Z", tokyo, "2026-12-31 24:00:00 = 2027-01-01 00:00:00 JST = 2026-12-31 15:00:00 UTC"],
  ["2026-06-18T14:59:59Z", tokyo, "2026-06-18 23:59:59 JST = 2026-06-18 14:59:59 UTC"],
  ["2026-06-18T03:00:00Z", tokyo, "2026-06-18 12:00:00 JST = 2026-06-18 03:00:00 UTC"],
  [
    "2026-06-18T15:00:00Z",
    { ...tokyo, hours24to47: false },
    "2026-06-19 00:00:00 JST = 2026-06-18 15:00:00 UTC",
  ],
  // The hour that comes twice is told apart by the name of the zone.
  [
    "2026-10-25T00:30:00Z",
    { zone: "Europe/Berlin", hours24to47: false },
    "2026-10-25 02:30:00 CEST = 2026-10-25 00:30:00 UTC",
  ],
  [
    "2026-10-25T01:30:00Z",
    { zone: "Europe/Berlin", hours24to47: false },
    "2026-10-25 02:30:00 CET = 2026-10-25 01:30:00 UTC",
  ],
  [
    "2026-06-18T15:00:00Z",
    { zone: "Asia/Kolkata", hours24to47: false },
    "2026-06-18 20:30:00 GMT+5:30 = 2026-06-18 15:00:00 UTC",
  ],
  ["2026-06-18T15:00:00Z", { zone: "UTC", hours24to47: false }, "2026-06-18 15:00:00 UTC"],
  ["2026-06-18T15:00:00Z", { zone: "No/Zone", hours24to47: true }, "2026-06-18 15:00:00 UTC"],
])("%s read with %j", (text, read, words) => {
  expect(timeText(at(text), read)).toBe(words);
});

test("what is no time says so", () => {
  expect(timeText(Number.NaN, tokyo)).toBe("an impossible time");
  expect(timeText(1e300, null)).toBe("an impossible time");
});
