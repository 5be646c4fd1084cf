/** `nightdesk status --watch`, colours, and the shell: what a person sees of the command besides its answers. */
import { spawnSync } from "node:child_process";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../src/base/clock.ts";
import type { Clock } from "../src/base/clock.ts";
import { commands } from "../src/cli/commands.ts";
import { runNightdesk } from "./support/cli-run.ts";
import type { CliRun } from "./support/cli-run.ts";
import { closeTeams, cut, envFor, idle, running, team } from "./support/desk-cases.ts";
import { scriptedPool } from "./support/scripted-team.ts";
import type { ScriptedJob, ScriptedTeam } from "./support/scripted-team.ts";

afterEach(closeTeams);

/** Watches while `steps` happen, one between two looks; then Ctrl-C. */
async function watching(
  end: ScriptedTeam,
  steps: readonly (() => void)[],
  { isTTY = false, argv = [] as readonly string[], env = {} } = {},
): Promise<CliRun> {
  const interrupt = new AbortController();
  const left = [...steps];
  let at = Date.UTC(2026, 5, 18, 15);
  const clock: Clock = {
    ...systemClock,
    now: () => at,
    sleep: (ms, { signal } = {}) => {
      // Only the pause between two looks; what a look waits for at most is not one.
      if (ms !== 2000) return systemClock.sleep(ms, signal === undefined ? {} : { signal });
      at += ms;
      const step = left.shift();
      if (step === undefined) interrupt.abort(new Error("SIGINT"));
      else step();
      signal?.throwIfAborted();
      return Promise.resolve();
    },
  };
  let stdout = "";
  const run = await runNightdesk(["status", "--watch", ...argv], {
    env: { ...envFor(end), ...env },
    clock,
    signal: interrupt.signal,
    stdout: { isTTY, write: (text) => (stdout += text) },
  });
  return { ...run, stdout, lines: stdout.split("\n").slice(0, -1) };
}

test("piped: a line per change with its time, and the code of the last look", async () => {
  const end = await team({ jobs: [idle(), running()] });
  const answer = await watching(end, [
    () => undefined,
    () => (end.script.status = cut),
    () => undefined,
    () => delete end.script.status,
    () => (end.jobs[1]!.status = "CANCEL"),
  ]);
  expect(answer.code).toBe(4);
  expect(answer.lines).toEqual([
    '2026-06-18 15:00:00 UTC "Order to cash" SUCCESS, started 2026-06-18 10:00:00 UTC',
    '2026-06-18 15:00:00 UTC "Finance documents" RUNNING, since 2026-06-18 15:00:00 UTC, execution aaaaaaaa-0000-4000-8000-000000000002',
    "2026-06-18 15:00:00 UTC NIGHTDESK RUNNING CODE 10 REASON 1 of 2 jobs RUNNING or QUEUED",
    expect.stringMatching(/^2026-06-18 15:00:04 UTC NIGHTDESK UNREACHABLE CODE 40 REASON no answer/),
    "2026-06-18 15:00:08 UTC NIGHTDESK RUNNING CODE 10 REASON 1 of 2 jobs RUNNING or QUEUED",
    '2026-06-18 15:00:10 UTC "Finance documents" CANCEL, started 2026-06-18 15:00:00 UTC',
    "2026-06-18 15:00:10 UTC NIGHTDESK REPORTED CLEAR CODE 4 REASON 0 of 2 jobs run or wait to run (the platform says so; the source was not seen)",
  ]);
});

test("piped with --json: an object per change", async () => {
  const end = await team({ jobs: [running()] });
  const steps = [(): void => undefined, () => void (end.jobs[0]!.status = "FAIL"), () => undefined];
  const answer = await watching(end, steps, { argv: ["--json"] });
  expect(answer.lines.map((line) => (JSON.parse(line) as { code: number }).code)).toEqual([10, 4]);
});

test("piped: a further level of proof is a change, rows and seconds are none", async () => {
  const stopping = {
    requestedAt: Date.UTC(2026, 5, 18, 14, 59, 58),
    level: "recorded",
    why: "is listed",
    callers: 1,
  };
  const job: ScriptedJob & { rows: number } = { ...running(), rows: 1, stopping };
  const end = await team({ jobs: [job], nightdesk: true });
  end.script.about = ({ json }) =>
    json({ product: "nightdesk", version: "0", proof: "source", time: Date.UTC(2026, 5, 18, 15) });
  end.script.deskStatus = ({ json }) =>
    json({
      poolId: scriptedPool,
      poolName: "P",
      asOf: Date.UTC(2026, 5, 18, 15),
      jobs: [{ estimatedRows: null, ...job }],
    });
  const answer = await watching(end, [
    () => (job.rows = 2),
    () => (stopping.level = "worker gone"),
    () => undefined,
  ]);
  expect(answer.lines.map((line) => line.slice(11, 45))).toEqual([
    '15:00:00 UTC "Finance documents" R',
    "15:00:00 UTC NIGHTDESK RUNNING COD",
    '15:00:04 UTC "Finance documents" R',
  ]);
});

test("on a terminal: drawn again from the top, with its time, and what was last known when nobody answers", async () => {
  const end = await team({ jobs: [running()] });
  const answer = await watching(end, [() => (end.script.status = cut)], {
    isTTY: true,
    env: { NO_COLOR: "1" },
  });
  const [, first = "", second = ""] = answer.stdout.split("\u001b[H");
  expect(first.replaceAll("\u001b[K", "")).toBe(
    [
      "NIGHTDESK RUNNING",
      '  "Finance documents" RUNNING, since 2026-06-18 15:00:00 UTC, execution aaaaaaaa-0000-4000-8000-000000000002',
      "CODE 10 REASON 1 of 1 job RUNNING or QUEUED",
      "2026-06-18 15:00:00 UTC; every 2 s, Ctrl-C ends it",
      "\u001b[J",
    ].join("\n"),
  );
  expect(second).toContain("NIGHTDESK UNREACHABLE");
  expect(second).toContain("2026-06-18 15:00:02 UTC; last answer: RUNNING, 2 s ago; every 2 s");
  expect(answer.code).toBe(40);
});

test("what no later look can change ends it", async () => {
  const end = await team({ jobs: [running()] });
  let lookedAgain = false;
  const never = (): void => void (lookedAgain = true);
  expect((await watching(end, [never], { argv: ["Nobody"] })).code).toBe(50);
  expect((await watching(end, [never], { env: { NIGHTDESK_KEY: "CANARY-wrong" } })).code).toBe(30);
  expect(lookedAgain).toBe(false);
});

test("colours: the word alone, on a terminal alone, and not with NO_COLOR", async () => {
  const end = await team({ jobs: [running()] });
  const status = async (env: Record<string, string>, isTTY: boolean, ...argv: string[]): Promise<string> => {
    let text = "";
    const stdout = { isTTY, write: (more: string) => (text += more) };
    await runNightdesk(["status", ...argv], { env: { ...envFor(end), ...env }, stdout });
    return text;
  };
  expect((await status({}, true)).split("\n")[0]).toBe("\u001b[1;33mNIGHTDESK RUNNING\u001b[0m");
  const plain = await status({}, false);
  expect(plain.split("\n")[0]).toBe("NIGHTDESK RUNNING");
  expect(await status({ NO_COLOR: "1" }, true)).toBe(plain);
  expect(await status({ TERM: "dumb" }, true)).toBe(plain);
  expect(await status({ NO_COLOR: "" }, true)).not.toBe(plain);
  expect(await status({}, true, "--json")).not.toContain("\u001b");
});

test("bash completes commands, options, values and paths from the table of commands", async () => {
  const { stdout: script } = await runNightdesk(["completion", "bash"]);
  const complete = (...words: string[]): string[] => {
    const ask = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nightdesk; printf "%s\\n" "${COMPREPLY[@]}"';
    const { stdout, stderr, status } = spawnSync(
      "bash",
      ["--norc", "-c", `${script}\n${ask}`, "bash", "nightdesk", ...words],
      {
        encoding: "utf8",
      },
    );
    expect([status, stderr]).toEqual([0, ""]);
    return stdout.split("\n").filter((line) => line !== "");
  };
  const verbs = commands.map(({ verb }) => verb.split(" ")[0] ?? "");
  expect(complete("")).toEqual(expect.arrayContaining([...verbs, "execute", "--help"]));
  expect(complete("st")).toEqual(["status", "stop"]);
  expect(complete("connections", "t")).toEqual(["test"]);
  expect(complete("run", "Finance", "--mode", "")).toEqual(["full", "delta"]);
  expect(complete("completion", "z")).toEqual(["zsh"]);
  expect(complete("status", "--key-file", "packa")).toEqual(
    expect.arrayContaining(["package.json", "package-lock.json"]),
  );
  expect(complete("status", "--pool", "")).toEqual([]);
  for (const { verb, options } of commands) {
    const flags = options.map(({ syntax }) => syntax.split(" ")[0]);
    expect(complete(...verb.split(" "), "--"), verb).toEqual(expect.arrayContaining([...flags, "--help"]));
  }
  const listed = spawnSync("bash", ["--norc", "-c", `${script}\ncomplete -p nightdesk`], {
    encoding: "utf8",
  });
  expect(listed.stdout).toContain("-F _nightdesk nightdesk");
  const zsh = await runNightdesk(["completion", "zsh"]);
  expect(zsh.stdout.startsWith("#compdef nightdesk\n")).toBe(true);
  const [, shared = ""] = /\n(_nightdesk\(\) \{[^]*?\n\})\n/.exec(script) ?? [];
  expect(shared.length).toBeGreaterThan(1000);
  expect(zsh.stdout).toContain(shared);
  expect((await runNightdesk(["completion", "fish"])).code).toBe(50);
});
