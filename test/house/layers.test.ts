/** The rooms keep to their table, and the test that says so reads every file and can fail. */
import { expect, test } from "vitest";
import { importsOf } from "./imports.ts";
import { layerViolations, roomOf } from "./layers.ts";
import { filesBelow, foldersIn } from "./tree.ts";

const modules = [...filesBelow("src", [".ts"]), ...filesBelow("console", [".ts", ".tsx"])];

test("every import is allowed by the table of rooms", () => {
  expect(layerViolations(modules)).toEqual([]);
});

test("it read files and imports in every room", () => {
  const filled = foldersIn("src").filter((room) => filesBelow(`src/${room}`, [""]).length > 0);
  const counted = Object.fromEntries(
    filled.map((room) => [room, modules.filter((module) => roomOf(module.path) === room).length]),
  );
  expect(filled.length).toBeGreaterThan(2);
  expect(Object.entries(counted).filter(([, files]) => files === 0)).toEqual([]);
  expect(modules.filter(({ path }) => roomOf(path) === "console").length).toBeGreaterThan(10);
  const imports = modules.flatMap((module) => importsOf(module.text));
  expect(imports.length).toBeGreaterThan(modules.length);
  // As many as the plainest possible search finds, so that the parser cannot have become blind.
  const plain = modules.flatMap(
    (module) => module.text.match(/^(?:import|export|\}) .*\bfrom ".+";$/gm) ?? [],
  );
  expect(imports.length).toBeGreaterThanOrEqual(plain.length);
});

test.each([
  ["src/base/clock.ts", `import { Pool } from "../model/definitions.ts";`, "base may not import model"],
  ["src/engine/queue.ts", `import { x } from "../state/index.ts";`, "engine may not import state"],
  ["src/engine/queue.ts", `export * from "../runner/log.ts";`, "engine may not import runner"],
  ["src/desk/stop.ts", `const x = await import("../engine/cancel.ts");`, "desk may not import engine"],
  ["src/sdk/client.ts", `import { paths } from "../contract/paths.ts";`, "only types of contract"],
  ["src/sdk/client.ts", `import { request } from "node:http";`, "sdk may not use node:http"],
  ["src/contract/index.ts", `import type { A } from "../model/a.ts";`, "contract may not import model"],
  ["console/night.tsx", `import { judgeJob } from "../src/desk/judge.ts";`, "console may not import desk"],
  ["console/night.tsx", `import { paths } from "../src/contract/index.ts";`, "only types of contract"],
  ["src/server/app.ts", `import { App } from "../../console/app.tsx";`, "server may not import console"],
  ["src/cli/status.ts", `import pg from "pg";`, "cli may not use the package pg"],
  ["src/cli/status.ts", `import * as serve from "../serve.ts";`, "imports the root file"],
  ["src/pool/store.ts", `import { A } from "@hono/node-server/x";`, "the package @hono/node-server"],
  ["src/state/store.ts", `import { readFile } from "fs/promises";`, `write "node:fs/promises"`],
  ["src/state/store.ts", `import { x } from "./rows";`, "no .ts extension"],
  ["src/state/store.ts", `import { x } from "../../test/support/x.ts";`, "leaves src/"],
  ["src/state/store.ts", `const x = require("left-pad");`, "the package left-pad"],
  ["src/services/x.ts", ``, `the room "services" is not in the table`],
  ["src/nightdesk.ts", `import left from "left-pad";`, "a root file may not use the package left-pad"],
])("a planted fault is found: %s %s", (path, text, fault) => {
  expect(layerViolations([{ path, text }])).toEqual([expect.stringContaining(fault)]);
});

test.each([
  ["src/sdk/client.ts", `import type { JobStatus } from "../contract/index.ts";`],
  [
    "console/night.tsx",
    `import type { DeskNight } from "../src/contract/index.ts"; import { h } from "preact/hooks";`,
  ],
  ["src/relay/team.ts", `import { connect } from "../sdk/index.ts";`],
  ["src/nightdesk.ts", `import { a } from "./engine/index.ts"; import { z } from "zod";`],
  ["src/engine/queue.test.ts", `import { test } from "vitest"; import fc from "fast-check";`],
  ["src/model/stop.test.ts", `import { readFile } from "node:fs/promises";`],
])("what the table allows is let through: %s %s", (path, text) => {
  expect(layerViolations([{ path, text }])).toEqual([]);
});

test("imports are found in code only, in all their forms", () => {
  const text = [
    `// import "comment"`,
    `/* export * from "block" */`,
    `import a, { type B } from "one";`,
    `import type C from 'two';`,
    `export { d } from "three";`,
    `export type { E } from "four";`,
    `import {`,
    `  f,`,
    `} from "five";`,
    `import "six";`,
    'const s = `import "template" ${x ? `${"}"} from "nested"` : ""}`;',
    `const quote = /["'\`]/; const half = 1 / 2; // "`,
    `const g = await import("seven");`,
    `const text = 'import "string"';`,
    `const x = { import: 1, from: "not" };`,
    `export const from = "neither";`,
  ].join("\n");
  expect(importsOf(text)).toEqual([
    { specifier: "one", typeOnly: false, line: 3 },
    { specifier: "two", typeOnly: true, line: 4 },
    { specifier: "three", typeOnly: false, line: 5 },
    { specifier: "four", typeOnly: true, line: 6 },
    { specifier: "five", typeOnly: false, line: 7 },
    { specifier: "six", typeOnly: false, line: 10 },
    { specifier: "seven", typeOnly: false, line: 13 },
  ]);
});
