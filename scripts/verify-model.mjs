#!/usr/bin/env node
/**
 * `verify-model.mjs [--quick] [--plant MISTAKE]`: has Spin check docs/model/stop.pml. Every property holds of the
 * right protocol, and each mistake that the model knows is caught by the property that is there for it. One line
 * a check with states and seconds, the figure last; exit code 1 if anything is otherwise, 2 for a wrong call.
 *   --quick   one fault in an execution instead of three
 *   --plant   takes a mistake for the right protocol: must fail, and shows that this can
 */
import { spawn } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as model from "./model-verdict.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const install = "apt-get install -y spin gcc libc6-dev";
/** A check that takes longer is a fault of the model: it is to stay small. */
const longestMs = 10 * 60_000;

class Failure extends Error {}

/** Runs a program in `folder` to its end; its output as text. What it exits with is for the caller to judge. */
async function run(folder, command, args) {
  const child = spawn(command, args, {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    signal: AbortSignal.timeout(longestMs),
    killSignal: "SIGKILL",
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  const code = await new Promise((ended, failed) => {
    child.on("error", (error) => {
      if (error.code === "ENOENT") failed(new Failure(`${command} is not installed; ${install}`));
      else failed(new Failure(`${command} did not end: ${error.message}`));
    });
    child.on("close", ended);
  });
  return { code, output };
}

/** Makes the checker of the model with these names defined, in a folder of its own. */
async function build(folder, defines) {
  const names = defines.map((name) => `-D${name}`);
  await copyFile(join(root, "docs", "model", "stop.pml"), join(folder, "stop.pml"));
  const made = await run(folder, "spin", ["-a", ...names, "stop.pml"]);
  if (made.code !== 0) throw new Failure(`spin refused the model: ${made.output.trim()}`);
  // NFAIR: the fairness of seven processes. NOREDUCE: nothing is left out of the search.
  const flags = ["-O2", "-w", "-DNFAIR=3", "-DNOREDUCE", "-DMEMLIM=3000"];
  const compiled = await run(folder, "gcc", [...flags, "-o", "pan", "pan.c"]);
  if (compiled.code !== 0) throw new Failure(`gcc refused the checker: ${compiled.output.trim()}`);
}

let failures = 0;
let allStates = 0;

/** Checks properties of one variant; `wanted` is the verdict that is right. */
async function check(name, defines, checked, wanted) {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-model-"));
  try {
    await build(folder, defines);
    for (const property of checked) {
      const began = performance.now();
      const options = [...model.searchOptions(property), "-m1000000", "-N", property];
      const { output } = await run(folder, join(folder, "pan"), options);
      const { verdict, states } = model.verdictOf(output);
      const right = verdict === wanted;
      allStates += states;
      if (!right) failures += 1;
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const told = right ? verdict : `${verdict}, must be: ${wanted}`;
      console.log(
        `${right ? "ok    " : "FAILED"} ${name}: ${property} ${told} (${String(states)} states, ${seconds} s)`,
      );
      if (verdict === "broken") console.log(output.trim());
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readCall() {
  try {
    const { values } = parseArgs({ options: { quick: { type: "boolean" }, plant: { type: "string" } } });
    const { quick = false, plant = null } = values;
    if (plant === null || plant in model.mistakes) return { quick, plant };
    console.error(`no mistake ${plant}; there are ${Object.keys(model.mistakes).join(", ")}`);
  } catch (error) {
    console.error(error.message);
  }
  process.exit(2);
}

const { quick, plant } = readCall();
const planted = plant === null ? [] : [plant];
const faults = `FAULTS=${quick ? "1" : "3"}`;
try {
  const began = performance.now();
  await check("protocol", [faults, ...planted], model.properties, "holds");
  if (plant === null) {
    await check("with a person", [faults, "PERSON_WILLING"], model.propertiesWithPerson, "holds");
    await check("it happens", [faults], model.impossibilities, "refuted");
    for (const [mistake, property] of Object.entries(model.mistakes)) {
      await check(mistake, ["FAULTS=2", mistake], [property], "refuted");
    }
  }
  const held = model.properties.length + model.propertiesWithPerson.length;
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const figure =
    failures > 0
      ? `${String(failures)} checks FAILED`
      : `${String(held)} properties hold, ${String(Object.keys(model.mistakes).length)} mistakes found`;
  console.log(`${figure} (${faults}, ${(allStates / 1e6).toFixed(1)} million states, ${seconds} s)`);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  failures += 1;
  console.error(`verify the model of the stop: ${error.message}`);
}
process.exitCode = failures === 0 ? 0 : 1;
