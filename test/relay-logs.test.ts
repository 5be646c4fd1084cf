/** Past runs, their logs and the report of a pool of another team: what the team has is asked of it, and of nobody else's runs. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import { idle, running } from "./support/desk-cases.ts";
import type { TestServer } from "./support/nightdesk.ts";
import {
  desk,
  line,
  openRelayStage,
  pool,
  startRelayServer,
  type RelayStage,
} from "./support/relay-stage.ts";
import { scriptedPool } from "./support/scripted-team.ts";

let server: TestServer;
let stage: RelayStage;

beforeAll(async () => {
  server = await startRelayServer();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  stage = await openRelayStage(server);
});
afterEach(() => stage.close());

const execution = running().executionId ?? "";
const logs = `${pool}/logs`;
const detail = `${logs}/executions/detail`;
const asked = (): string[] => stage.team.requests.map((one) => one.line);

test("runs of a job, items and lines of a run: the team's own answer, with its age", async () => {
  stage.team.log = [line("SECOND"), line("FIRST")];
  const runs = await stage.byKey("GET", `${logs}/${running().id}/executions?limit=5&page=1`);
  expect(runs.json).toEqual({
    executionItems: [expect.objectContaining({ executionId: execution, status: "RUNNING", type: "JOB" })],
    numOfPages: 1,
  });
  expect(Number(runs.headers.get("x-nightdesk-age-ms"))).toBeLessThanOrEqual(2000);
  expect(runs.headers.get("x-nightdesk-team")).toBe(stage.teamId);
  expect(asked()).toContain(`GET ${logs}/${running().id}/executions?page=1&limit=5`);
  const items = await stage.byKey("GET", `${logs}/executions?executionId=${execution}&type=JOB`);
  expect(items.json).toMatchObject([{ executionId: execution, jobId: running().id }]);
  const lines = await stage.byKey(
    "GET",
    `${detail}?executionId=${execution}&type=TASK&id=${idle().id}&logLevels=ERROR&logLevels=INFO&limit=7&page=2`,
  );
  expect(lines.json.logMessages.map((one: { logMessage: string }) => one.logMessage)).toEqual([
    "SECOND",
    "FIRST",
  ]);
  expect(new Set(asked().at(-1)?.split("?")[1]?.split("&"))).toEqual(
    new Set([
      `executionId=${execution}`,
      "type=TASK",
      `id=${idle().id}`,
      "logLevels=ERROR",
      "logLevels=INFO",
      "limit=7",
      "page=2",
    ]),
  );
  expect(stage.changes()).toEqual([]);
});

test("the command reads such a log to its end", async () => {
  stage.team.log = ["THIRD", "SECOND", "FIRST"].map((words) => ({
    ...line(words),
    level: "INFO",
    executionItemId: execution,
    logTranslationCode: null,
    logTranslationParameters: [],
  }));
  const answer = await stage.cli("logs", "Finance documents");
  expect(answer.code).toBe(0);
  expect(answer.stdout).toMatch(/FIRST[^]*SECOND[^]*THIRD/);
});

test("a run of another pool of that team is not asked for, whoever the team would show it to", async () => {
  const foreign = newId();
  stage.team.script.items = ({ query, json, honest }) =>
    query.get("executionId") === foreign
      ? json([{ id: foreign, executionId: foreign, jobId: newId(), type: "JOB", status: "SUCCESS" }])
      : honest();
  stage.team.log = [line("CANARY-another pool's")];
  for (const path of [`${logs}/executions?executionId=${foreign}`, `${detail}?executionId=${foreign}`]) {
    expect((await stage.byKey("GET", path)).status).toBe(404);
  }
  expect((await stage.byKey("GET", `${logs}/${newId()}/executions`)).status).toBe(404);
  expect((await stage.byKey("GET", `${detail}?executionId=${newId()}`)).status).toBe(404);
  expect(asked().filter((one) => one.includes("/detail"))).toEqual([]);
  // Nor taken where the team answers with it.
  stage.team.script.runs = ({ json }) =>
    json({ executionItems: [{ id: "1", jobId: newId() }], numOfPages: 1 });
  stage.team.script.items = ({ json }) => json([{ id: "1", executionId: newId(), jobId: running().id }]);
  const runs = await stage.byKey("GET", `${logs}/${running().id}/executions`);
  expect([runs.status, runs.json.errorCode]).toEqual([502, "RELAY_UNCLEAR_ANSWER"]);
  expect((await stage.byKey("GET", `${logs}/executions?executionId=${execution}`)).status).toBe(502);
});

test("a key for named jobs sees the runs of these, a key that only cancels none", async () => {
  const grants = [{ poolId: scriptedPool, verbs: ["view", "cancel"] }];
  const limited = await stage.keyOf({ name: "one job", grants, jobs: [running().id] });
  expect((await stage.byKey("GET", `${logs}/${running().id}/executions`, limited)).status).toBe(200);
  expect((await stage.byKey("GET", `${logs}/${idle().id}/executions`, limited)).status).toBe(404);
  const other = `${detail}?executionId=${idle().executionId ?? ""}`;
  expect((await stage.byKey("GET", other, limited)).status).toBe(404);
  const weak = await stage.keyOf({ name: "weak", grants: [{ poolId: scriptedPool, verbs: ["cancel"] }] });
  const before = asked().length;
  for (const path of [`${logs}/${running().id}/executions`, `${detail}?executionId=${execution}`]) {
    expect((await stage.byKey("GET", path, weak)).status).toBe(403);
  }
  expect(asked().length).toBe(before);
});

test.each([
  ["no list", { executionItems: {}, numOfPages: 1 }],
  ["no pages", { executionItems: [] }],
])("an answer of another form (%s) is none", async (_, body) => {
  stage.team.script.runs = ({ json }) => json(body);
  expect((await stage.byKey("GET", `${logs}/${running().id}/executions`)).status).toBe(502);
});

test("the report: what was asked for here, and that the team has the rest", async () => {
  const from = new Date(Date.now() - 1000).toISOString();
  await stage.stopText(20);
  await stage.byKey("POST", `${pool}/jobs/${running().id}/execute`);
  const to = new Date(Date.now() + 60_000).toISOString();
  const range = `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;
  const report = await stage.byKey("GET", `${desk}/report?${range}`);
  expect(report.json).toMatchObject({
    poolId: scriptedPool,
    team: { id: stage.teamId },
    ran: [],
    open: [],
    stops: [
      {
        key: { name: "night" },
        jobName: "Finance documents",
        executions: [
          {
            executionId: execution,
            proof: { level: "requested", note: "CANCEL says the team; the source was not seen" },
          },
        ],
        outcome: expect.stringContaining("STOPPED"),
      },
    ],
    denied: [{ key: { name: "night" }, status: 403 }],
  });
  const answer = await stage.cli("report", "--from", from, "--to", to);
  expect(answer.code).toBe(0);
  expect(answer.stdout).toMatch(/not here: what ran and what is open, which the team "Far /);
  expect(answer.lines.at(-1)).toMatch(/^CODE 0 REASON runs are another team's, 1 stops, .*1 denied/);
  expect(answer.lines.at(-1)).not.toContain("open");
});
