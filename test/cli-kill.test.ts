/** The command killed at any moment and run again: nothing is done twice, nothing is lost, nothing is half. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runNightdesk } from "./support/cli-run.ts";
import { startCommand } from "./support/cli-process.ts";
import { openCliStage } from "./support/cli-stage.ts";
import type { CliStage } from "./support/cli-stage.ts";
import { taggedSessions, until, waitForStatus } from "./support/nightdesk.ts";

let stage: CliStage;

beforeAll(async () => {
  stage = await openCliStage();
});
afterAll(() => stage?.close());

/** Moments after the start of the process, over all of what it does: loading, asking, waiting, printing. */
const moments = [0, 1, 2, 3, 4, 5].map((part) => Math.round((part + Math.random()) * 330));

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function killed(argv: string[], ms: number, env: Record<string, string> = stage.env): Promise<void> {
  const { kill, ended } = startCommand(argv, env, "CANARY-key-that-nobody-has\n");
  await sleep(ms);
  kill("SIGKILL");
  await ended;
}

interface Run {
  executionId: string;
  status: string;
}

async function runsOf(job: keyof CliStage["jobs"]): Promise<Run[]> {
  const path = `/integration/api/pools/${stage.poolId}/logs/${stage.jobs[job]}/executions?limit=100`;
  const { executionItems } = (await stage.server.ok("GET", path)) as { executionItems: Run[] };
  return executionItems;
}

test(
  "stop: the second one finds it stopped or stops it, and it never ends otherwise",
  { timeout: 120_000 },
  async () => {
    for (const ms of moments) {
      await stage.ask("run", "Finance documents", "--mode", "full");
      await waitForStatus(stage.server, stage.poolId, stage.jobs["Finance documents"], "RUNNING");
      await killed(["stop", "Finance documents", "--reason", "killed"], ms);
      const again = await stage.ask("stop", "Finance documents", "--wait", "30");
      expect(again, `killed after ${String(ms)} ms`).toMatchObject({ code: 0 });
      expect(again.lines.at(-1)).toMatch(/^CODE 0 REASON (STOPPED|WAS NOT RUNNING)$/);
      expect(await taggedSessions(stage.source)).toEqual([]);
    }
    const runs = await runsOf("Finance documents");
    expect(runs.map(({ status }) => status)).toEqual(moments.map(() => "CANCEL"));
  },
);

test(
  "run --wait: the run goes on, and the second one starts nothing beside it",
  { timeout: 120_000 },
  async () => {
    const before = (await runsOf("Finance documents")).length;
    for (const ms of moments) {
      await killed(["run", "Finance documents", "--wait", "--mode", "full"], ms);
      const again = await stage.ask("run", "Finance documents", "--mode", "full");
      expect(again.code, `killed after ${String(ms)} ms`).toBe(10);
      // Whichever of the two began it: it is one, and the answer names it.
      const active = (await runsOf("Finance documents")).filter(({ status }) =>
        /QUEUED|RUNNING/.test(status),
      );
      expect(active, `killed after ${String(ms)} ms`).toHaveLength(1);
      expect(again.stdout).toContain(active[0]?.executionId ?? "?");
      expect(again.lines.at(-1)).toMatch(/^CODE 10 REASON (STARTED$|NOT STARTED: )/);
      expect(await stage.ask("stop", "Finance documents", "--wait", "30")).toMatchObject({ code: 0 });
    }
    expect((await runsOf("Finance documents")).length - before).toBe(moments.length);
  },
);

test("login: the profile is the one before or the one after, whole", { timeout: 120_000 }, async () => {
  const keyFile = join(stage.folder, "key.txt");
  await writeFile(keyFile, stage.server.adminKey, { mode: 0o600 });
  const login = ["login", "--key-file", keyFile, "--pool", stage.poolId, "--url", stage.server.url];
  const env = { HOME: stage.folder };
  const folder = join(stage.folder, ".config", "nightdesk", "profiles");
  expect(await startCommand(login, env).ended).toMatchObject({ code: 0 });
  const whole = await readFile(join(folder, "default.json"), "utf8");
  for (const ms of moments) {
    await killed(login, ms, env);
    expect(await readFile(join(folder, "default.json"), "utf8"), `killed after ${String(ms)} ms`).toBe(whole);
    expect(await runNightdesk(["status"], { env })).toMatchObject({ code: 0 });
  }
  // What a killed one left beside it is no profile.
  expect((await stage.ask("profiles")).lines.at(-1)).toBe("CODE 0 REASON 1 profile");
  expect((await readdir(folder)).filter((name) => name.endsWith(".json"))).toEqual(["default.json"]);
});

test("a reader that goes away ends a watch", async () => {
  const { closeOutput, ended } = startCommand(["status", "--watch", "--json"], stage.env);
  closeOutput();
  await stage.ask("run", "Order to cash", "--wait");
  expect((await ended).code).toBe(20);
});

test("SIGTERM ends a wait with 10, and the run goes on", async () => {
  const { kill, output, ended } = startCommand(
    ["run", "Finance documents", "--wait", "--mode", "full"],
    stage.env,
  );
  await until(async () => (output().includes(" RUNNING, ") ? true : null));
  kill("SIGTERM");
  const { code, stdout } = await ended;
  expect(code).toBe(10);
  expect(stdout).toContain("interrupted; the run goes on");
  expect(await stage.status("Finance documents")).toBe("RUNNING");
  expect((await stage.ask("stop", "Finance documents", "--wait", "30")).code).toBe(0);
});
