/** The look for processes that a test run left behind sees each way to be left, and nothing that ended. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { watchForLeftovers } from "../support/leftovers.ts";
import { until } from "../support/nightdesk.ts";

let folder: string;
let pid = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nightdesk-left-"));
});
afterEach(() => {
  if (pid !== 0) process.kill(pid, "SIGKILL");
  pid = 0;
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a process through a shell that ends at once, so that nobody of ours is its parent. */
function orphan(options: { detached: boolean; env: Record<string, string>; cwd: string }): number {
  const setsid = options.detached ? "setsid" : "";
  const { stdout } = spawnSync("sh", ["-c", `${setsid} sleep 300 >/dev/null 2>&1 & echo $!`], {
    env: { PATH: process.env["PATH"], ...options.env },
    cwd: options.cwd,
    encoding: "utf8",
  });
  return Number(stdout);
}

test.runIf(process.platform === "linux").each([
  ["a child", () => spawn("sleep", ["300"], { stdio: "ignore", env: {}, cwd: "/" }).pid ?? 0],
  ["an orphan in our process group", () => orphan({ detached: false, env: {}, cwd: "/" })],
  [
    "a detached one with our folder in its environment",
    () => orphan({ detached: true, env: { TMPDIR: folder }, cwd: "/" }),
  ],
  ["a detached one that works in our folder", () => orphan({ detached: true, env: {}, cwd: folder })],
] as const)("seen: %s", async (_, start) => {
  const leftovers = watchForLeftovers(folder);
  pid = start();
  const named = (): string | undefined => leftovers().find((line) => line.startsWith(`${String(pid)} (`));
  await until(async () => (named()?.endsWith("(sleep) sleep 300") === true ? true : null));
  expect(named()).toBeDefined();
  process.kill(pid, "SIGKILL");
  await until(async () => (named() === undefined ? true : null));
  pid = 0;
});

test.runIf(process.platform === "linux")(
  "not seen: what ran before, and what is somebody else's",
  async () => {
    pid = orphan({ detached: true, env: {}, cwd: folder });
    const before = watchForLeftovers(folder)();
    expect(before.filter((line) => line.startsWith(`${String(pid)} (`))).toEqual([]);
    const elsewhere = watchForLeftovers(join(folder, "another"));
    const stranger = orphan({ detached: true, env: {}, cwd: "/" });
    expect(elsewhere().filter((line) => line.startsWith(`${String(stranger)} (`))).toEqual([]);
    process.kill(stranger, "SIGKILL");
  },
);
