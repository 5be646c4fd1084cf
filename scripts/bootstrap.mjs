#!/usr/bin/env node
/**
 * Makes a clone ready to run: installs the packages of the lockfile and builds `dist/`, each only where
 * it is missing or out of date. Uses nothing but Node, because on a fresh clone there is nothing else.
 * Ends the process with one line, and npm's exit code, if that fails.
 */
import "./end-with-parent.mjs";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { link, readFile, rm, stat, writeFile } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const lockfile = join(root, "package-lock.json");
/** Holds the digest of the lockfile that was installed; npm ci clears it away with everything else. */
const mark = join(root, "node_modules", ".nightdesk-lockfile");

class Failure extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Failure(
    `Node ${process.versions.node} is too old: install Node 20.19 or newer from https://nodejs.org`,
  );
}

async function lockfileDigest() {
  return createHash("sha256")
    .update(await readFile(lockfile))
    .digest("hex");
}

/** Installed by us from this very lockfile, or by npm itself after the lockfile was written. */
async function isInstalled() {
  const installed = await stat(join(root, "node_modules", ".package-lock.json")).catch(() => null);
  if (installed === null) return false;
  if ((await readFile(mark, "utf8").catch(() => "")) === (await lockfileDigest())) return true;
  return installed.mtimeMs >= (await stat(lockfile)).mtimeMs;
}

/**
 * Runs a program to its end; a signal to us reaches it and what it started, and then ends us. It leads a process
 * group of its own: npm and the compiler start programs that a signal to them alone would leave behind.
 */
async function run(what, command, args, options = {}) {
  const detached = process.platform !== "win32";
  const child = spawn(command, args, { cwd: root, stdio: "inherit", detached, ...options });
  let stoppedBy = null;
  const forward = (signal) => {
    stoppedBy = signal;
    if (detached && child.pid !== undefined) endGroup(child.pid, signal);
    else child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, forward);
  const code = await new Promise((ended, failed) => {
    child.once("error", (error) => failed(new Failure(`${what} could not be started: ${error.message}`)));
    child.once("close", ended);
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, forward);
  if (stoppedBy !== null) throw new Failure(`${what} was stopped`, 128 + constants.signals[stoppedBy]);
  if (code !== 0)
    throw new Failure(`${what} failed with exit code ${String(code)}: see the lines above`, code ?? 1);
}

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

async function install() {
  if (await isInstalled()) return;
  console.error("Installing the packages of package-lock.json (npm ci), once ...");
  // NODE_ENV=production or an omit of the user's would leave out what the build and the tests need.
  const whole = ["--include=dev", "--include=optional"];
  const args = ["ci", ...whole, "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env.npm_execpath;
  if (npm?.endsWith(".js")) await run("npm ci", process.execPath, [npm, ...args]);
  else await run("npm ci", "npm", args, { shell: process.platform === "win32" });
  await writeFile(mark, await lockfileDigest());
}

/**
 * Runs `work` while no other bootstrap of this clone works (`npm start` and `npm test` side by side).
 * The lock lies outside of the clone and names its holder; one whose holder is gone does not count.
 */
async function alone(work) {
  const name = createHash("sha256").update(root).digest("hex").slice(0, 16);
  const lock = join(tmpdir(), `nightdesk-bootstrap-${name}`);
  let told = false;
  for (;;) {
    if (await take(lock)) break;
    const holder = Number(await readFile(lock, "utf8").catch(() => ""));
    if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
    else if (!told) {
      told = true;
      console.error(`Waiting for process ${String(holder)}, which installs or builds here (${lock}) ...`);
    }
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** False if somebody holds it. The holder's name is in it from the first moment on: a link is made whole. */
async function take(lock) {
  const own = `${lock}.${String(process.pid)}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, lock);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

function isAlive(pid) {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

try {
  checkNode();
  await alone(async () => {
    await install();
    await run("The build", process.execPath, [join("scripts", "build.mjs")]);
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(error instanceof Failure ? error.exitCode : 1);
}
