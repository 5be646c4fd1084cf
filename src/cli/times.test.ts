import { expect, test } from "vitest";
import { parseTime } from "./times.ts";

const now = Date.UTC(2026, 5, 18, 14, 0);

test.each<[string, number]>([
  ["2026-06-18T15:00Z", Date.UTC(2026, 5, 18, 15)],
  ["2026-06-18T24:00+09:00", Date.UTC(2026, 5, 18, 15)],
  ["2026-06-18T26:30+09:00", Date.UTC(2026, 5, 18, 17, 30)],
  ["+90m", now + 90 * 60_000],
  ["+2h", now + 2 * 3_600_000],
  ["+1h30m", now + 90 * 60_000],
  ["+1d2h3m4s", now + 93_784_000],
  ["+366d", now + 366 * 86_400_000],
])("%s", (text, at) => {
  expect(parseTime(text, now)).toEqual({ at });
});

test.each<[string, RegExp]>([
  ["2026-06-18T15:00", /no zone/],
  ["2026-06-18T24:00", /no zone/],
  ["2026-06-18T24:00:00.5", /no zone/],
  ["2026-06-18", /neither/],
  ["15:00", /neither/],
  ["24:00", /neither/],
  ["tomorrow", /neither/],
  ["", /neither/],
  ["1781794800000", /neither/],
  ["06/18/2026 15:00Z", /neither/],
  ["2026-06-18T15:00 JST", /neither/],
  ["2026-06-31T00:00Z", /neither/],
  ["90m", /neither/],
  ["+90", /neither/],
  ["+", /neither/],
  ["-2h", /neither/],
  ["+2h ", /neither/],
  ["+30m1h", /neither/],
  ["+1.5h", /neither/],
  ["+2w", /neither/],
  ["+0m", /no time at all/],
  ["+367d", /more than 366 days/],
])("%j is refused", (text, wrong) => {
  expect(parseTime(text, now)).toEqual({ wrong: expect.stringMatching(wrong) });
});
