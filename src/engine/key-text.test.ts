import fc from "fast-check";
import { expect, test } from "vitest";
import { mayBeKey, newKeyText, shownPrefix } from "./key-text.ts";

test("a new key has the form that is promised, and no two are alike", () => {
  const keys = Array.from({ length: 200 }, newKeyText);
  for (const key of keys) {
    expect(key).toMatch(/^ndk_[0-9A-Za-z]{49}$/);
    expect(mayBeKey(key)).toBe(true);
    expect(shownPrefix(key)).toHaveLength(10);
  }
  expect(new Set(keys).size).toBe(keys.length);
});

test("any one wrong character is noticed", () => {
  const key = newKeyText();
  fc.assert(
    fc.property(fc.nat({ max: 48 }), fc.constantFrom("0", "9", "A", "Z", "a", "z"), (at, character) => {
      const place = 4 + at;
      fc.pre(key.charAt(place) !== character);
      expect(mayBeKey(key.slice(0, place) + character + key.slice(place + 1))).toBe(false);
    }),
  );
});

test("a first admin key from elsewhere may be anything long and printable", () => {
  expect(mayBeKey("0123456789abcdef0123456789abcdef")).toBe(true);
  for (const text of [
    "",
    "short",
    "x".repeat(31),
    `${"x".repeat(40)} y`,
    "ä".repeat(40),
    "x".repeat(257),
    `ndk_${"x".repeat(49)}`,
  ]) {
    expect(mayBeKey(text)).toBe(false);
  }
});
