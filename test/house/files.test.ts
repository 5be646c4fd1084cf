/** Files keep the rules of the house, and the test that says so can fail. */
import { expect, test } from "vitest";
import { fileFaults, purposeOf } from "./files.ts";
import { filesBelow, foldersIn } from "./tree.ts";

const files = ["src", "console", "test", "bench", "scripts"].flatMap((folder) =>
  filesBelow(folder, [".ts", ".tsx", ".mjs", ".sql"]),
);

test("every file has a name from the domain, at most 400 lines, and leaves the environment alone", () => {
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap(fileFaults)).toEqual([]);
});

test("every room says in its first sentence what it is for", () => {
  const rooms = foldersIn("src");
  expect(rooms.length).toBeGreaterThan(2);
  const silent = rooms.filter(
    (room) => purposeOf(room, filesBelow(`src/${room}`, ["index.ts", "README.md"])) === null,
  );
  expect(silent).toEqual([]);
});

test.each([
  ["src/engine/job-service.ts", "", "says nothing"],
  ["src/engine/jobManager.ts", "", "says nothing"],
  ["src/base/utils.ts", "", "says nothing"],
  ["src/base/long.ts", "\n".repeat(401), "401 lines"],
  ["src/engine/queue.ts", "const home = process.env.HOME;", "reads process.env"],
])("a planted fault is found: %s", (path, text, fault) => {
  expect(fileFaults({ path, text })).toEqual([expect.stringContaining(fault)]);
});

test("a room without a first sentence is found", () => {
  expect(purposeOf("desk", [])).toBeNull();
  expect(purposeOf("desk", [{ path: "src/desk/index.ts", text: 'export * from "./stop.ts";' }])).toBeNull();
  expect(purposeOf("desk", [{ path: "src/desk/README.md", text: "# desk\n" }])).toBeNull();
  expect(purposeOf("desk", [{ path: "src/desk/index.ts", text: "/** Operates a team.\n * More. */" }])).toBe(
    "Operates a team.",
  );
  expect(purposeOf("desk", [{ path: "src/desk/README.md", text: "# desk\n\nOperates\na team. More." }])).toBe(
    "Operates a team.",
  );
});
