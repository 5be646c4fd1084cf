/** The gate on skipped tests can fail, and what it lets pass exists. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mayReject } from "../../scripts/may-reject.mjs";
import { filesBelow, repository } from "./tree.ts";

let clone: string;

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), "nightdesk-skips-"));
  mkdirSync(join(clone, "scripts"));
  mkdirSync(join(clone, "test"));
  for (const script of ["test-summary.mjs", "may-reject.mjs", "may-trace.mjs", "has-zsh.mjs"])
    copyFileSync(join(repository, "scripts", script), join(clone, "scripts", script));
  writeFileSync(join(clone, "output.txt"), " Test Files  1 passed (1)\n      Tests  2 passed (2)\n");
});

afterAll(() => {
  rmSync(clone, { recursive: true, force: true });
});

type Allowed = { name: string; reason?: string; unless?: string };

/** What the gate says of a run of these tests, each with its status. */
function judge(
  tests: Record<string, string>,
  allowed: Allowed[],
  success = true,
): { code: number | null; output: string } {
  const assertionResults = Object.entries(tests).map(([fullName, status]) => ({ fullName, status }));
  writeFileSync(
    join(clone, "results.json"),
    JSON.stringify({ success, testResults: [{ assertionResults }] }),
  );
  writeFileSync(join(clone, "test", "allowed-skips.json"), JSON.stringify(allowed));
  const { status, stdout } = spawnSync(
    process.execPath,
    ["scripts/test-summary.mjs", "results.json", "output.txt"],
    { cwd: clone, encoding: "utf8" },
  );
  return { code: status, output: stdout };
}

const reason = "Only there.";
const isRoot = process.getuid?.() === 0;

test("a run without skips passes, and its closing lines are shown", () => {
  const { code, output } = judge({ a: "passed", b: "passed" }, []);
  expect(output).toBe(" Test Files  1 passed (1)\n      Tests  2 passed (2)\n2 passed, 0 failed\n");
  expect(code).toBe(0);
});

test.each(["skipped", "pending", "todo", "disabled"])("a planted test that is %s fails the run", (status) => {
  const { code, output } = judge({ a: "passed", b: status }, [{ name: "a", reason }]);
  expect(output).toContain("test/allowed-skips.json: b");
  expect(code).toBe(1);
});

test("a skip that is named with its reason passes, and one without a reason does not", () => {
  const { code, output } = judge({ a: "passed", b: "skipped" }, [{ name: "b", reason }]);
  expect(code).toBe(0);
  expect(output).toContain("\nskipped: b\n1 passed, 0 failed\n");
  expect(judge({ a: "passed", b: "skipped" }, [{ name: "b" }]).code).toBe(1);
});

test("what only root can run may be skipped by an ordinary user alone", () => {
  const { code } = judge({ a: "passed", b: "skipped" }, [{ name: "b", reason, unless: "root" }]);
  expect(code).toBe(isRoot ? 1 : 0);
});

test("what only a machine with a firewall can run may be skipped by another one alone", () => {
  const { code } = judge({ a: "passed", b: "skipped" }, [{ name: "b", reason, unless: "firewall" }]);
  expect(code).toBe(mayReject() ? 1 : 0);
});

test("a condition that nobody knows excuses nothing", () => {
  expect(judge({ a: "passed", b: "skipped" }, [{ name: "b", reason, unless: "rooot" }]).code).toBe(1);
});

test("a run of nothing, and one that failed outside of its tests, fail", () => {
  expect(judge({}, []).code).toBe(1);
  expect(judge({ a: "passed" }, [], false).code).toBe(1);
});

test("every test that is named as skipped exists", () => {
  const text = readFileSync(join(repository, "test", "allowed-skips.json"), "utf8");
  const all = filesBelow("test", [".test.ts"]).map((file) => file.text);
  const unknown = (JSON.parse(text) as Allowed[]).filter(
    ({ name }) => !all.some((file) => file.includes(`"${name}"`)),
  );
  expect(unknown).toEqual([]);
});
