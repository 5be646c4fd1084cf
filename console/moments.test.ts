import { expect, test } from "vitest";
import { momentText } from "./moments.ts";

const midnight = Date.UTC(2026, 5, 18, 15);
const today = { lang: "ja", zone: "Asia/Tokyo", onward: false, now: midnight + 1000 };

test.each([
  ["today: without its day", today, "00:00:00 JST (15:00:00 UTC)"],
  ["another day", { ...today, now: midnight - 1000 }, "2026-06-19 00:00:00 JST (2026-06-18 15:00:00 UTC)"],
  [
    "counted on after midnight",
    { ...today, onward: true },
    "2026-06-18 24:00:00 = 2026-06-19 00:00:00 JST (2026-06-18 15:00:00 UTC)",
  ],
  ["in English", { ...today, lang: "en" }, "00:00:00 GMT+9 (15:00:00 UTC)"],
  ["in UTC, once", { ...today, zone: "UTC" }, "15:00:00 UTC"],
])("a moment is read here and in UTC: %s", (_, reader, text) => {
  expect(momentText(midnight, reader)).toBe(text);
});

test("noon ends the night, and a zone that is not known is no reason to fail", () => {
  const at = (hours: number): string => momentText(midnight + hours * 3_600_000, { ...today, onward: true });
  expect(at(11)).toContain("2026-06-18 35:00:00 = 2026-06-19 11:00:00 JST");
  expect(at(12)).toBe("12:00:00 JST (03:00:00 UTC)");
  expect(momentText(midnight, { ...today, zone: "Moon/Base" })).toContain("15:00:00 UTC");
});
