/** Jobs, teams and calls that the tests of the desk's commands share. */
import { expect } from "vitest";
import { runNightdesk } from "./cli-run.ts";
import type { CliRun } from "./cli-run.ts";
import { scriptedKey, scriptedPool, startScriptedTeam } from "./scripted-team.ts";
import type { Exchange, ScriptedJob, ScriptedTeam } from "./scripted-team.ts";

let open: ScriptedTeam[] = [];

export async function team(options: Parameters<typeof startScriptedTeam>[0]): Promise<ScriptedTeam> {
  const started = await startScriptedTeam(options);
  open.push(started);
  return started;
}

/** Closes every team of a test, after a look that the key travelled in the header and nowhere else. */
export async function closeTeams(): Promise<void> {
  const calls = open.flatMap(({ requests }) => requests);
  await Promise.all(open.map((one) => one.close()));
  open = [];
  expect(calls.filter(({ line, body }) => (line + body).includes(scriptedKey))).toEqual([]);
}

export const idle = (): ScriptedJob => ({
  id: "10000000-0000-4000-8000-000000000001",
  name: "Order to cash",
  status: "SUCCESS",
  executionId: "aaaaaaaa-0000-4000-8000-000000000001",
  startedAt: Date.UTC(2026, 5, 18, 10),
});

export const running = (): ScriptedJob => ({
  id: "10000000-0000-4000-8000-000000000002",
  name: "Finance documents",
  status: "RUNNING",
  executionId: "aaaaaaaa-0000-4000-8000-000000000002",
  startedAt: Date.UTC(2026, 5, 18, 15),
});

/** The surroundings of a command that is to ask this team. */
export const envFor = ({ url }: { url: string }): Record<string, string> => ({
  NIGHTDESK_URL: url,
  NIGHTDESK_POOL: scriptedPool,
  NIGHTDESK_KEY: scriptedKey,
});

/** Runs a command; its answer is printable ASCII and holds no key. */
export async function ask(to: { url: string }, ...argv: string[]): Promise<CliRun> {
  const answer = await runNightdesk(argv, { env: envFor(to) });
  expect(answer.stdout + answer.stderr).not.toContain(scriptedKey);
  expect(answer.lines.filter((line) => !/^[\x20-\x7e]+$/.test(line))).toEqual([]);
  return answer;
}

/** For stops that come to an end. */
export const stopIt = (to: { url: string }, ...more: string[]): Promise<CliRun> =>
  ask(to, "stop", "Finance documents", "--wait", "30", ...more);

/** For stops that never do. */
export const stopInVain = (to: { url: string }, ...more: string[]): Promise<CliRun> =>
  ask(to, "stop", "Finance documents", "--wait", "0.7", ...more);

export const cut = ({ response }: Exchange): void => void response.socket?.destroy();

export const html = ({ response }: Exchange): void =>
  void response.writeHead(200, { "content-type": "text/html" }).end("<html>log in</html>");

export const asks = (to: ScriptedTeam, part: string): number =>
  to.requests.filter(({ line }) => line.includes(part)).length;
