#!/usr/bin/env node
/**
 * `test-summary.mjs RESULTS.json OUTPUT.txt`: what a test run came to, for the end of a log: the runner's own
 * closing lines, every skipped test by its name, and `N passed, N failed`. Fails on a skipped test that
 * test/allowed-skips.json does not name with its reason (one that it names `unless` we are root, or may set a
 * firewall that rejects, or may trace, or have zsh: where that is so), and on a run of nothing.
 */
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { hasZsh } from "./has-zsh.mjs";
import { mayReject } from "./may-reject.mjs";
import { mayTrace } from "./may-trace.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const [resultsFile, outputFile] = process.argv.slice(2);

const results = JSON.parse(await readFile(resultsFile, "utf8"));
const allowed = JSON.parse(await readFile(join(root, "test", "allowed-skips.json"), "utf8"));
const withoutReason = allowed.filter(({ name, reason }) => !name || !reason);
/** What `unless` may say, and whether it is so here; an unknown word allows nothing. */
const here = { root: process.getuid?.() === 0, firewall: mayReject(), tracing: mayTrace(), zsh: hasZsh() };
const excused = allowed.filter(({ unless }) => unless === undefined || here[unless] === false);
const names = new Set(excused.map(({ name }) => name));

const tests = results.testResults.flatMap(({ assertionResults }) => assertionResults);
const skipped = tests.filter(({ status }) => status !== "passed" && status !== "failed");
const unexplained = skipped.filter(({ fullName }) => !names.has(fullName));
const passed = tests.filter(({ status }) => status === "passed").length;
const failed = tests.filter(({ status }) => status === "failed").length;

const faults = [
  ...unexplained.map(
    ({ fullName }) => `skipped, and not named for this user in test/allowed-skips.json: ${fullName}`,
  ),
  ...withoutReason.map(({ name }) => `test/allowed-skips.json: "${name}" has no reason`),
  ...(tests.length === 0 ? ["no test ran"] : []),
  ...(results.success ? [] : ["the test run failed"]),
];
for (const fault of faults) console.log(fault);

const output = await readFile(outputFile, "utf8");
const closing = output
  .split("\n")
  .filter((line) => /^\s*(?:Test Files|Tests|Errors|Duration) {2}/.test(line));
console.log(closing.join("\n"));
for (const { fullName } of skipped) console.log(`skipped: ${fullName}`);
console.log(`${String(passed)} passed, ${String(failed)} failed`);
process.exitCode = faults.length === 0 ? 0 : 1;
