#!/usr/bin/env node
/**
 * `npm run nightly`: what takes too long for every change, or needs what a plain machine lacks. All parts, or the
 * ones named: `npm run nightly -- model`. One line a part with its figure; exit code 1 if one fails.
 * A part is a program that ends with its figure as its last line, and with another exit code than 0 if it failed.
 */
import { spawn } from "node:child_process";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Name -> arguments of node, from the root of the repository. */
const parts = {
  model: ["scripts/verify-model.mjs"],
  nights: ["--import", "tsx", "bench/nights.ts", "100000"],
  stops: ["--import", "tsx", "bench/stops.ts", "1000"],
  kills: ["--import", "tsx", "bench/kills.ts", "100"],
};

async function run(args) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  const code = await new Promise((ended, failed) => {
    child.on("error", failed);
    child.on("close", ended);
  });
  const lines = output.trim().split("\n");
  return {
    ok: code === 0 && lines.at(-1) !== "",
    figure: lines.at(-1),
    output: lines.slice(0, -1).join("\n"),
  };
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`no part ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);
  process.exit(2);
}

let failed = 0;
for (const [name, part] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const { ok, figure, output } = await run(part);
  if (!ok) {
    failed += 1;
    if (output !== "") console.log(output);
  }
  console.log(`${ok ? "ok    " : "FAILED"} ${name}: ${figure}`);
}
process.exitCode = failed === 0 ? 0 : 1;
