/** A server that relays to a scripted team, and keys of ours for its pool. */
import { expect } from "vitest";
import { newId } from "../../src/base/ids.ts";
import { runNightdesk, type CliRun } from "./cli-run.ts";
import { idle, running } from "./desk-cases.ts";
import { startTestServer, type Answer, type TestServer } from "./nightdesk.ts";
import {
  scriptedKey,
  scriptedPool,
  startScriptedTeam,
  type ScriptedLine,
  type ScriptedTeam,
} from "./scripted-team.ts";
import { askText, type TextAnswer } from "./text-answer.ts";

export const pool = `/integration/api/pools/${scriptedPool}`;
export const desk = `/desk/v1/pools/${scriptedPool}`;
export const finance = `${pool}/jobs/${running().id}`;
export const operator = {
  name: "night",
  grants: [{ poolId: scriptedPool, verbs: ["view", "cancel", "hold"] }],
};

export const line = (logMessage: string): ScriptedLine => ({ id: newId(), date: Date.now(), logMessage });

export interface RelayStage {
  server: TestServer;
  team: ScriptedTeam;
  teamId: string;
  /** Of the night operator. */
  key: string;
  keyOf(draft: object): Promise<string>;
  text(method: "GET" | "POST", path: string): Promise<TextAnswer>;
  /** Stops the job that runs. `wait`: seconds. */
  stopText(wait: number, more?: string): Promise<TextAnswer>;
  cli(...argv: string[]): Promise<CliRun>;
  byKey(method: string, path: string, key?: string): Promise<Answer>;
  /** What the team was asked beside reads. */
  changes(): string[];
  /** After a look that no secret went anywhere but to the team, in its header. */
  close(): Promise<void>;
}

export const startRelayServer = (): Promise<TestServer> =>
  startTestServer({ relay: { connectMs: 1000, answerMs: 700, waitMs: 0, quietMs: 200, everyMs: 100 } });

/** A team with one job that runs and one that does not, added to the server for one test. `more`: of what is added. */
export async function openRelayStage(server: TestServer, more: object = {}): Promise<RelayStage> {
  const texts: string[] = [];
  const team = await startScriptedTeam({ jobs: [idle(), running()], log: [line("EXTRACTING")] });
  const made = await server.ok("POST", "/desk/v1/teams", {
    name: `Far ${newId()}`,
    url: team.url,
    credentials: { scheme: "AppKey", key: scriptedKey },
    pools: [{ id: scriptedPool, name: "SAP ECC far away" }],
    ...more,
  });
  const teamId = made.id as string;
  const keyOf: RelayStage["keyOf"] = async (draft) =>
    (await server.ok("POST", "/desk/v1/keys", draft)).key as string;
  const key = await keyOf(operator);
  const text: RelayStage["text"] = async (method, path) => {
    const answer = await askText(server, method, path, { key });
    texts.push(answer.lines.join("\n"));
    return answer;
  };
  return {
    server,
    team,
    teamId,
    key,
    keyOf,
    text,
    stopText: (wait, more = "") =>
      text("POST", `/desk/stop.txt?pool=${scriptedPool}&job=${running().id}&wait=${String(wait)}${more}`),
    async cli(...argv) {
      const env = { NIGHTDESK_URL: server.url, NIGHTDESK_POOL: scriptedPool, NIGHTDESK_KEY: key };
      const answer = await runNightdesk(argv, { env });
      texts.push(answer.stdout, answer.stderr);
      return answer;
    },
    byKey: (method, path, with_ = key) => server.call(method, path, { key: with_ }),
    changes: () => team.requests.map((one) => one.line).filter((asked) => !asked.startsWith("GET")),
    async close() {
      await server.call("DELETE", `/desk/v1/teams/${teamId}`);
      await team.close();
      const audit = await server.call("GET", "/desk/v1/audit?limit=1000");
      const said = [...server.answers, ...server.reports, ...server.notices, ...texts, audit.text];
      expect(said.join("\n")).not.toContain("CANARY-");
      expect(team.requests.filter((one) => (one.line + one.body).includes("CANARY-"))).toEqual([]);
      const other = team.requests.filter(({ authorization }) => authorization !== `AppKey ${scriptedKey}`);
      expect(other).toEqual([]);
    },
  };
}
