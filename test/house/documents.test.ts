/** What the documents point at is there. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { filesBelow, repository } from "./tree.ts";

const names = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
const documents = [
  ...names.map((path) => ({ path, text: readFileSync(join(repository, path), "utf8") })),
  ...filesBelow("docs", [".md"]),
  ...filesBelow("bench", [".md"]),
];

/** Relative links, and paths into the tree in backquotes; each with the folder that it counts from. */
function placesIn(path: string, text: string): string[] {
  const links = [...text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)].map(([, target]) =>
    join(dirname(path), target ?? ""),
  );
  const spans = [...text.matchAll(/`((?:src|test|bench|scripts|docs|\.ci)\/[\w./-]*)`/g)].map(
    ([, target]) => target ?? "",
  );
  return [...links, ...spans];
}

test("every link and every path in the documents leads somewhere", () => {
  const places = documents.flatMap(({ path, text }) =>
    placesIn(path, text).map((place) => ({ path, place })),
  );
  expect(documents.map(({ path }) => path)).toEqual(expect.arrayContaining(names));
  expect(places.length).toBeGreaterThan(30);
  expect(places.filter(({ place }) => !existsSync(join(repository, place)))).toEqual([]);
});

test("links and paths are found", () => {
  const text =
    "[a](docs/x.md#part) [b](https://host.example) [c](../y.md) `src/nightdesk.ts` `npm start` `dist/bin.js`";
  expect(placesIn("docs/a.md", text)).toEqual([join("docs", "docs/x.md"), "y.md", "src/nightdesk.ts"]);
});
