/** Every failpoint is there to be hit: by a case that kills the process at it. */
import { expect, test } from "vitest";
import { killCases } from "../support/kill-cases.ts";
import { filesBelow } from "./tree.ts";

const inSource = filesBelow("src", [".ts"]).flatMap(({ path, text }) =>
  path.startsWith("src/base/")
    ? []
    : [...text.matchAll(/\bfailpoint\("([^"]+)"\)/g)].map(([, name]) => name ?? ""),
);

/** Failpoints that no case kills at, and cases whose failpoint is not there. */
function unmatched(names: readonly string[], cases: readonly string[]): string[] {
  return [
    ...names.filter((name) => !cases.includes(name)).map((name) => `${name} is hit by no kill case`),
    ...cases.filter((name) => !names.includes(name)).map((name) => `${name} is no failpoint`),
  ];
}

test("every failpoint of the source is hit by a kill case, and every case has its failpoint", () => {
  expect(inSource.length).toBeGreaterThan(10);
  expect(
    unmatched(
      inSource,
      killCases.map(({ at }) => at),
    ),
  ).toEqual([]);
});

test("a failpoint without a case, and a case without a failpoint, are found", () => {
  expect(unmatched(["a", "b"], ["b", "c"])).toEqual(["a is hit by no kill case", "c is no failpoint"]);
});
