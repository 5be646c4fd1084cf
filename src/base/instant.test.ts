import { expect, test } from "vitest";
import { parseInstant } from "./instant.ts";

test.each([
  ["2026-06-18T15:00Z", "2026-06-18T15:00:00.000Z"],
  ["2026-06-18t15:00:01z", "2026-06-18T15:00:01.000Z"],
  ["2026-06-19T00:00:00+09:00", "2026-06-18T15:00:00.000Z"],
  ["2026-06-19T00:00+0900", "2026-06-18T15:00:00.000Z"],
  ["2026-06-18T12:30:15.5-03:30", "2026-06-18T16:00:15.500Z"],
  ["2026-06-18T24:00Z", "2026-06-19T00:00:00.000Z"],
  ["2026-06-18T26:30+09:00", "2026-06-18T17:30:00.000Z"],
  ["2026-12-31T47:59:59Z", "2027-01-01T23:59:59.000Z"],
  ["2024-02-29T00:00Z", "2024-02-29T00:00:00.000Z"],
])("%s is %s", (text, utc) => {
  expect(new Date(parseInstant(text) ?? Number.NaN).toISOString()).toBe(utc);
});

test.each([
  ["no zone", "2026-06-18T15:00"],
  ["no time", "2026-06-18"],
  ["a word", "yesterday"],
  ["a day that is none", "2026-02-30T00:00Z"],
  ["a month that is none", "2026-13-01T00:00Z"],
  ["48 o'clock", "2026-06-18T48:00Z"],
  ["60 minutes", "2026-06-18T15:60Z"],
  ["a name of a zone", "2026-06-18T15:00 JST"],
  ["a zone that is none", "2026-06-18T15:00+25:00"],
  ["the order of another country", "18.06.2026T15:00Z"],
  ["a plus that the address turned into a blank", "2026-06-19T00:00:00 09:00"],
  ["nothing", ""],
])("refused: %s", (_, text) => {
  expect(parseInstant(text)).toBeNull();
});
