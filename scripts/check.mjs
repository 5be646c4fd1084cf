#!/usr/bin/env node
/**
 * `npm run check`: every gate that needs no running program. `node scripts/check.mjs lint format` runs some.
 * A gate that looked at nothing fails: silence must not read as health.
 */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { lockfileFaults, machinePathFaults, secretFaults } from "./repository-gates.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Runs a program to its end; its two outputs as one text. */
async function run(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  const code = await new Promise((ended, failed) => {
    child.on("error", failed);
    child.on("close", ended);
  });
  return { ok: code === 0, output };
}

/** A program of a package of ours, without a shell and without npx. */
async function runTool(name, args) {
  const { bin } = JSON.parse(await readFile(join(root, "node_modules", name, "package.json"), "utf8"));
  return run(process.execPath, [
    join(root, "node_modules", name, bin[name] ?? Object.values(bin)[0]),
    ...args,
  ]);
}

/** Every text file that is tracked or would be. */
async function repositoryFiles() {
  const { ok, output } = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  if (!ok) throw new Error(`git ls-files: ${output}`);
  const files = [];
  for (const path of new Set(output.split("\0").filter((name) => name !== ""))) {
    // A file that was deleted and not yet committed is still listed.
    const content = await readFile(join(root, path)).catch(() => null);
    if (content !== null && !content.includes(0)) files.push({ path, text: content.toString("utf8") });
  }
  return files;
}

function countIn(output) {
  return Number(/\bon (\d+) files/.exec(output)?.[1] ?? 0);
}

function report({ looked, faults }) {
  return { ok: faults.length === 0, looked, output: faults.join("\n") };
}

/** Name -> what it does; each resolves with whether it passed, how many things it looked at, and what to show. */
const gates = {
  types: async () => {
    // The console runs in a browser and knows nothing of Node; the rest, the other way.
    const runs = await Promise.all(
      [".", "console"].map((project) => runTool("typescript", ["-p", project, "--noEmit", "--listFiles"])),
    );
    const [listed, told] = [[], []];
    for (const line of runs.flatMap(({ output }) => output.split("\n")))
      (/^\S.*\.[cm]?tsx?$/.test(line) ? listed : told).push(line);
    return {
      ok: runs.every(({ ok }) => ok),
      looked: listed.filter((path) => !path.includes("node_modules")).length,
      output: told.join("\n"),
    };
  },
  lint: async () => {
    const { ok, output } = await runTool("oxlint", []);
    return { ok, looked: countIn(output), output };
  },
  format: async () => {
    const { ok, output } = await runTool("oxfmt", ["--check"]);
    return { ok, looked: countIn(output), output };
  },
  unused: async () => {
    const { ok, output } = await runTool("knip", ["--no-progress"]);
    // knip counts nothing; with --debug it names every file that it took in.
    const { output: debug } = await runTool("knip", ["--no-progress", "--debug"]);
    const looked = new Set(debug.match(/\b(?:src|console|test|bench|scripts)\/[\w./-]+\.(?:tsx?|mjs)\b/g))
      .size;
    return { ok, looked, output };
  },
  lockfile: async () => report(lockfileFaults(await readFile(join(root, "package-lock.json"), "utf8"))),
  paths: async () => report(machinePathFaults(await repositoryFiles(), [root, homedir()])),
  secrets: async () => report(secretFaults(await repositoryFiles())),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in gates));
if (unknown.length > 0) {
  console.error(`no gate ${unknown.join(", ")}; there are ${Object.keys(gates).join(", ")}`);
  process.exit(2);
}

let failed = 0;
for (const [name, gate] of Object.entries(gates)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const began = performance.now();
  const { ok, looked, output } = await gate();
  const passed = ok && looked > 0;
  if (!passed) failed += 1;
  if (!ok) console.log(output.trim());
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${passed ? "ok    " : "FAILED"} ${name}: looked at ${String(looked)} (${seconds} s)`);
}
process.exitCode = failed === 0 ? 0 : 1;
