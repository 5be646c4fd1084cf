import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalPath, pathOf, refusedPath } from "./path.ts";

test.each([
  ["http://h/a//b/", "/a/b"],
  ["http://h:80", "/"],
  ["http://h/?x=/y", "/"],
  ["http://h/a?b=c/d#e", "/a"],
  ["/a/b?c", "/a/b"],
  ["///", "/"],
])("the canonical path of %s is %s", (url, path) => {
  expect(canonicalPath(pathOf(url))).toBe(path);
});

test("canonical paths are stable and hold no empty segment", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("/", "//", "a", "b-1", "%20")), (parts) => {
      const once = canonicalPath(`/${parts.join("")}`);
      expect(canonicalPath(once)).toBe(once);
      expect(once).not.toMatch(/\/\/|.\/$/);
    }),
  );
});

test("what has one reading passes, what could have two does not", () => {
  for (const path of ["/", "/a/b", "/a.b/c..d", "/a%20b", "/%C3%A4"]) expect(refusedPath(path)).toBeNull();
  for (const path of [
    "a",
    "*",
    "/..",
    "/a/./b",
    "/%2E%2e/b",
    "/a%2fb",
    "/a%5Cb",
    "/a%3bb",
    "/a;b",
    "/a\\b",
    "/%00",
    "/%C3",
  ]) {
    expect(refusedPath(path)).not.toBeNull();
  }
});
