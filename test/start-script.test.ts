/** `npm start` and `npm test` on a clone that lacks everything: they install and build, and a signal ends that. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { repository } from "./house/tree.ts";
import { until } from "./support/nightdesk.ts";
import { processesBelow, stillRunning } from "./support/process-tree.ts";

/** A clone without `node_modules` and `dist`. */
let clone: string;
let running: ChildProcess | null;

beforeEach(async () => {
  running = null;
  clone = await mkdtemp(join(tmpdir(), "nightdesk-clone-"));
  for (const name of ["src", "console", "scripts", "package.json", "package-lock.json"]) {
    await cp(join(repository, name), join(clone, name), { recursive: true });
  }
  for (const name of ["tsconfig.json", "tsconfig.build.json"])
    await cp(join(repository, name), join(clone, name));
});

afterEach(async () => {
  if (running?.exitCode === null && running.signalCode === null) running.kill("SIGKILL");
  await rm(clone, { recursive: true, force: true });
});

/** What npm runs for one of our scripts, in a shell that stays between it and us as npm's does. */
function runScript(line: string, env: Record<string, string> = {}): Promise<number | null> {
  const child = spawn("sh", ["-c", `${line}\nexit $?`], {
    cwd: clone,
    env: { ...process.env, NIGHTDESK_HOME: join(clone, "home"), NIGHTDESK_PORT: "0", ...env },
    stdio: "ignore",
  });
  running = child;
  return new Promise((resolve) => child.once("close", resolve));
}

async function scriptOf(name: "start" | "test"): Promise<string> {
  const text = await readFile(join(clone, "package.json"), "utf8");
  return (JSON.parse(text) as { scripts: Record<string, string> }).scripts[name] ?? "";
}

/** An npm that writes down what it was asked for and then does `body`. */
async function npmThat(body: string): Promise<Record<string, string>> {
  const path = join(clone, "npm-cli.js");
  const note = `require("node:fs").writeFileSync("asked.json", JSON.stringify(process.argv.slice(2)));`;
  // CommonJS, whatever the clone's package.json says.
  await writeFile(
    path,
    `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);\n${note}\n${body}`,
  );
  return { npm_execpath: path };
}

/** Sends the signal npm sends, to the shell alone, and waits until nothing below it is left. How many that was. */
async function endShell(): Promise<number> {
  const pid = running?.pid ?? 0;
  const below = processesBelow(pid);
  process.kill(pid, "SIGTERM");
  return until(async () => (stillRunning(below).length === 0 ? below.length : null));
}

test.each(["start", "test"] as const)("npm %s begins with npm ci of everything", async (name) => {
  const code = await runScript(await scriptOf(name), {
    ...(await npmThat("process.exitCode = 7;")),
    NODE_ENV: "production",
  });
  expect(code).toBe(7);
  expect(JSON.parse(await readFile(join(clone, "asked.json"), "utf8"))).toEqual(
    expect.arrayContaining(["ci", "--include=dev", "--include=optional"]),
  );
});

test.each(["start", "test"] as const)("SIGTERM while npm %s installs ends it all", async (name) => {
  const installing = `require("node:child_process").spawn("sleep", ["300"]); setInterval(() => {}, 1000);`;
  const ended = runScript(await scriptOf(name), await npmThat(installing));
  await until(async () => processesBelow(running?.pid ?? 0).find(({ name: is }) => is === "sleep") ?? null);
  expect(await endShell()).toBeGreaterThan(1);
  await ended;
});

test("SIGTERM while npm start builds ends it all, and leaves no half of a build", async () => {
  // Each package by a link of its own: nobody who clears the folder can reach through it.
  await mkdir(join(clone, "node_modules"));
  for (const name of await readdir(join(repository, "node_modules")))
    await symlink(join(repository, "node_modules", name), join(clone, "node_modules", name));
  // Older than what is installed.
  await utimes(join(clone, "package-lock.json"), 0, 0);
  const ended = runScript(await scriptOf("start"), await npmThat("process.exitCode = 7;"));
  await until(async () => processesBelow(running?.pid ?? 0).find(({ name }) => name === "tsc") ?? null);
  expect(await endShell()).toBeGreaterThan(1);
  await ended;
  expect(existsSync(join(clone, "asked.json"))).toBe(false);
  const left = await readdir(clone);
  expect(left.filter((name) => name.startsWith("dist"))).toEqual([]);
});
