/** The command as a process of its own: exit code, streams, and Ctrl-C. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { asks, closeTeams, envFor, idle, running, team } from "./support/desk-cases.ts";
import type { ScriptedJob } from "./support/scripted-team.ts";

afterEach(closeTeams);

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

const command = [process.execPath, "--import", "tsx", bin];

interface Started {
  pid: number;
  /** Nobody reads what it writes from now on. */
  closeOutput: () => void;
  ended: Promise<Ended>;
}

function startProcess(program: string, argv: string[], env: Record<string, string>): Started {
  const child = spawn(program, argv, {
    env: { ...env, PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("latin1")));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("latin1")));
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code) => resolve({ code, stdout, stderr })),
  );
  return { pid: child.pid ?? 0, closeOutput: () => child.stdout.destroy(), ended };
}

function start(argv: string[], env: Record<string, string>): Started {
  return startProcess(process.execPath, [...command.slice(1), ...argv], env);
}

test("codes and streams", async () => {
  const end = await team({ jobs: [idle(), running()] });
  expect(await start(["status"], envFor(end)).ended).toMatchObject({
    code: 10,
    stdout: expect.stringMatching(/^NIGHTDESK RUNNING\n[^]*\nCODE 10 REASON .*\n$/),
    stderr: "",
  });
  expect(await start(["stop", "Finance documents"], envFor(end)).ended).toMatchObject({
    code: 4,
    stderr: "",
  });
  expect(await start(["stop"], envFor(end)).ended).toMatchObject({ code: 50, stderr: "" });
  expect(await start(["status"], {}).ended).toMatchObject({ code: 50 });
  expect(await start(["--help"], {}).ended).toMatchObject({ code: 0, stderr: "" });
});

const answers: [what: string, jobs: ScriptedJob[], argv: string[], code: number][] = [
  ["a clear pool", [idle()], ["status"], 20],
  ["a pool that runs", [running()], ["status", "--json"], 20],
  ["a stop", [running()], ["stop", "Finance documents"], 20],
  ["a wrong command keeps its higher code", [idle()], ["stop"], 50],
];

test.runIf(existsSync("/dev/full")).each(answers)(
  "an answer that a full disk takes no byte of is none: %s",
  async (_, jobs, argv, code) => {
    const end = await team({ jobs, nightdesk: true });
    const line = `exec "$@" > /dev/full`;
    const { ended } = startProcess("sh", ["-c", line, "sh", ...command, ...argv], envFor(end));
    expect(await ended).toMatchObject({ code, stdout: "", stderr: "" });
  },
);

test.each(answers)("an answer that nobody reads is none: %s", async (_, jobs, argv, code) => {
  const end = await team({ jobs, nightdesk: true });
  const { closeOutput, ended } = start(argv, envFor(end));
  closeOutput();
  expect(await ended).toMatchObject({ code, stderr: "" });
});

test.runIf(process.platform !== "win32")("Ctrl-C during a stop: 20, and the stop stays", async () => {
  const end = await team({ jobs: [running()] });
  const { pid, ended } = start(["stop", "Finance documents"], envFor(end));
  end.script.cancel = ({ response }) => {
    response.writeHead(200).end();
    end.script.status = (exchange) => {
      exchange.honest();
      process.kill(pid, "SIGINT");
    };
  };
  const { code, stdout } = await ended;
  expect(code).toBe(20);
  expect(stdout).toContain("the stop that was asked for stays");
  expect(asks(end, "/cancel")).toBe(1);
});
