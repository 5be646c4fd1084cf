/**
 * The model of the stop as far as a machine without Spin can go: that nothing of it is left unchecked, that its
 * results are read rightly, and that a missing Spin is a failure. `npm run nightly -- model` does the checking.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as model from "../scripts/model-verdict.mjs";
import { repository } from "./house/tree.ts";

/** An empty folder: a PATH on which there is no spin. */
let nowhere: string;
let text: string;

beforeAll(async () => {
  nowhere = await mkdtemp(join(tmpdir(), "nightdesk-no-spin-"));
  text = await readFile(join(repository, "docs", "model", "stop.pml"), "utf8");
});

afterAll(() => rm(nowhere, { recursive: true, force: true }));

function run(...args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: repository, env: { PATH: nowhere } });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, output });
    });
  });
}

function found(pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name]) => name ?? ""))].sort();
}

test("every property and every mistake of the model is checked", () => {
  const checked = [...model.properties, ...model.propertiesWithPerson, ...model.impossibilities];
  expect(found(/^ltl (\w+)/gm)).toEqual(checked.toSorted());
  const names = [...Object.keys(model.mistakes), "PERSON_WILLING", "FAULTS", "STATEMENTS"];
  expect(found(/^#ifn?def (\w+)/gm)).toEqual(names.toSorted());
  expect(Object.values(model.mistakes).filter((name) => !model.properties.includes(name))).toEqual([]);
});

test("what says that something happens at last is searched for cycles, with fairness", () => {
  const live = found(/^ltl (\w+) \{\s*\[\] \([^{}]*<>/gm);
  expect(live).toHaveLength(4);
  const searched = found(/^ltl (\w+)/gm).filter((name) => model.searchOptions(name).includes("-f"));
  expect(searched).toEqual(live);
});

const whole = "State-vector 92 byte, depth reached 112, errors: 0\n   869895 states, stored\n";
const failed = "State-vector 92 byte, depth reached 92, errors: 1\n    14692 states, stored\n";

test.each([
  ["a whole search without an error", whole, "holds"],
  [
    "a violated property",
    `pan:1: assertion violated  !( !((ends<=1))) (at depth 44)\nWarning: Search not completed\n${failed}`,
    "refuted",
  ],
  ["a cycle", `pan:1: acceptance cycle (at depth 65)\n${failed}`, "refuted"],
  ["an error of another kind", `pan:1: invalid end state (at depth 3)\n${failed}`, "broken"],
  ["a search that was cut at its depth", `error: max search depth too small\n${whole}`, "broken"],
  ["a search without memory", `pan: reached -DMEMLIM bound\n${whole}`, "broken"],
  ["a search of nothing", "State-vector 92 byte, errors: 0\n        0 states, stored\n", "broken"],
  ["a checker that did not start", "pan: no such claim\n", "broken"],
])("%s", (_, output, verdict) => {
  expect(model.verdictOf(output).verdict).toBe(verdict);
});

test("without Spin the check fails and says what to install, and so does the night", async () => {
  const told = "spin is not installed; apt-get install -y spin gcc libc6-dev";
  const alone = await run("scripts/verify-model.mjs", "--quick");
  expect(alone.output).toContain(told);
  expect(alone.code).toBe(1);
  const night = await run("scripts/nightly.mjs", "model");
  expect(night.output).toMatch(/^FAILED model: /m);
  expect(night.output).toContain(told);
  expect(night.code).toBe(1);
});

test("a part or a mistake that nobody knows is an error, not a pass", async () => {
  expect((await run("scripts/nightly.mjs", "modle")).code).toBe(2);
  expect((await run("scripts/verify-model.mjs", "--plant", "NO_SUCH")).code).toBe(2);
  expect((await run("scripts/verify-model.mjs", "--fast")).code).toBe(2);
});
