/** A probe that is a command: real programs that answer, fail, hang, flood and leave others behind. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ProbeLook } from "../src/model/probe.ts";
import { commandProbe } from "../src/probes/index.ts";
import { processesWith } from "./support/processes.ts";
import { never } from "./support/source-reading.ts";

let folder: string;
/** In the command line of whatever a test leaves running. */
let mark: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-probe-"));
  mark = `86${String(process.pid)}.${folder.slice(-6).replace(/\W|_|[a-zA-Z]/g, "7")}`;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const env = {
  PATH: "/usr/bin:/bin",
  HOME: "/nonexistent",
  PGPASSWORD: "CANARY-environment",
  LANG: "ja_JP.UTF-8",
};

const look = (argv: readonly [string, ...string[]], limitMs = 20_000, signal = never): Promise<ProbeLook> =>
  commandProbe(argv, { limitMs, env }).look({ signal });
const sh = (script: string, limitMs?: number): Promise<ProbeLook> => look(["/bin/sh", "-c", script], limitMs);

test.each<[script: string, told: object]>([
  ["exit 0", { clear: true }],
  ["true", { clear: true }],
  // Standard error is neither a finding nor told.
  ["echo CANARY-on-stderr >&2", { clear: true }],
  ["echo BERTA; echo CAESAR", { clear: false, found: ["BERTA", "CAESAR"] }],
  ["printf BERTA", { clear: false, found: ["BERTA"] }],
  ["printf 'a\\r\\n\\r\\nb\\r\\n'", { clear: false, found: ["a", "b"] }],
  ["printf 'a\\033[2Jb'", { clear: false, found: ["a [2Jb"] }],
  // What it saw counts, whatever becomes of it.
  ["echo BERTA; exit 3", { clear: false, found: ["BERTA"] }],
  ["echo BERTA; kill -9 $$", { clear: false, found: ["BERTA"] }],
  ["exit 3", { unknown: "the command ended with code 3" }],
  ["echo CANARY-on-stderr >&2; exit 3", { unknown: "the command ended with code 3" }],
  ["kill -9 $$", { unknown: "the command was ended by SIGKILL" }],
  ["echo", { unknown: "the command printed blank lines, and nothing is expected" }],
  ["printf ' '", { unknown: "the command printed blank lines, and nothing is expected" }],
])("%s", async (script, told) => {
  const seen = await sh(script);
  expect(seen).toMatchObject(told);
  expect(JSON.stringify(seen)).not.toContain("CANARY-");
});

test("no shell reads the arguments", async () => {
  expect(await look(["echo", "$HOME; `id` && *", ">x"])).toMatchObject({ found: ["$HOME; `id` && * >x"] });
});

test("its environment is a few variables, and its standard input is empty", async () => {
  const told = await sh("env | sort | grep -v ^_= | grep -v ^PWD= | grep -v ^SHLVL=; cat");
  expect(told).toMatchObject({ found: ["HOME=/nonexistent", "LC_ALL=C", "PATH=/usr/bin:/bin", "TZ=UTC"] });
});

test("what cannot be started is unknown", async () => {
  const notForRunning = join(folder, "check");
  await writeFile(notForRunning, "#!/bin/sh\n");
  await chmod(notForRunning, 0o600);
  expect(await look([join(folder, "none")])).toEqual({ unknown: "the command cannot be started (ENOENT)" });
  expect(await look([notForRunning])).toEqual({ unknown: "the command cannot be started (EACCES)" });
});

test("one that hangs is ended with all that it started: unknown, or found if it had printed something", async () => {
  const silent = await sh(`sleep ${mark} & sleep ${mark}`, 300);
  expect(silent).toEqual({ unknown: "the command did not end within 0.3 s" });
  expect(await processesWith("sleep", mark)).toEqual([]);
  const talked = await sh(`echo BERTA; exec sleep ${mark}`, 1000);
  expect(talked).toMatchObject({ clear: false, found: ["BERTA"] });
  expect(await processesWith("sleep", mark)).toEqual([]);
});

test("one that does not want to end is ended all the same", async () => {
  expect(await sh(`trap '' TERM INT HUP; while :; do sleep ${mark}; done`, 300)).toHaveProperty("unknown");
  expect(await processesWith("sleep", mark)).toEqual([]);
});

test("one that leaves something behind that holds its output is not over", async () => {
  expect(await sh(`sleep ${mark} & exit 0`, 300)).toEqual({
    unknown: "the command did not end within 0.3 s",
  });
  expect(await processesWith("sleep", mark)).toEqual([]);
});

test("a flood is cut, ended, and a finding", async () => {
  const told = await look(["yes", `BERTA ${mark}`], 600_000);
  expect("found" in told && told.found).toHaveLength(20);
  expect(await processesWith("yes", mark)).toEqual([]);
  const oneLine = await look(["head", "-c", "100000000", "/dev/zero"]);
  expect(oneLine).not.toHaveProperty("clear", true);
});

test("a flood on standard error keeps nobody", async () => {
  expect(await sh("head -c 10000000 /dev/zero >&2")).toMatchObject({ clear: true });
});

test("a look that is given up rejects with the reason, when the command is gone", async () => {
  const ending = new AbortController();
  const looking = look(["sleep", mark], 20_000, ending.signal);
  looking.catch(() => {});
  await expect.poll(() => processesWith("sleep", mark)).toHaveLength(1);
  const reason = new Error("Ctrl-C");
  ending.abort(reason);
  await expect(looking).rejects.toBe(reason);
  expect(await processesWith("sleep", mark)).toEqual([]);
  await expect(look(["true"], 1000, ending.signal)).rejects.toBe(reason);
});
