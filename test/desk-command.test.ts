/** The command as a process of its own: exit code, streams, and Ctrl-C. */
import { existsSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { command, startCommand, startProcess } from "./support/cli-process.ts";
import { asks, closeTeams, envFor, idle, running, team } from "./support/desk-cases.ts";
import type { ScriptedJob } from "./support/scripted-team.ts";

afterEach(closeTeams);

test("codes and streams", async () => {
  const end = await team({ jobs: [idle(), running()] });
  expect(await startCommand(["status"], envFor(end)).ended).toMatchObject({
    code: 10,
    stdout: expect.stringMatching(/^NIGHTDESK RUNNING\n[^]*\nCODE 10 REASON .*\n$/),
    stderr: "",
  });
  expect(await startCommand(["stop", "Finance documents"], envFor(end)).ended).toMatchObject({
    code: 4,
    stderr: "",
  });
  expect(await startCommand(["stop"], envFor(end)).ended).toMatchObject({ code: 50, stderr: "" });
  expect(await startCommand(["status"], {}).ended).toMatchObject({ code: 50 });
  expect(await startCommand(["--help"], {}).ended).toMatchObject({ code: 0, stderr: "" });
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
  const { closeOutput, ended } = startCommand(argv, envFor(end));
  closeOutput();
  expect(await ended).toMatchObject({ code, stderr: "" });
});

test.runIf(process.platform !== "win32")("Ctrl-C during a stop: 20, and the stop stays", async () => {
  const end = await team({ jobs: [running()] });
  const { pid, ended } = startCommand(["stop", "Finance documents"], envFor(end));
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
