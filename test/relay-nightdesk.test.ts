/** A relay before a second Nightdesk with a real source: its proof is the upstream's own, our keys are in between. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { runNightdesk } from "./support/cli-run.ts";
import {
  makeExtractionJob,
  makePool,
  startTestServer,
  taggedSessions,
  until,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { askText, execute, keyOf, last, makeSmallTables, sleeping } from "./support/text-answer.ts";

let source: TestDatabase;
let upstream: TestServer;
let relay: TestServer;
let poolId: string;
let job: { path: string };
let key: string;

beforeAll(async () => {
  source = await createDatabase();
  await makeSmallTables(source);
  upstream = await startTestServer();
  relay = await startTestServer();
  const made = await makePool(upstream, source);
  poolId = made.poolId;
  job = await makeExtractionJob(upstream, made, "Finance", [sleeping]);
  const upstreamKey = await keyOf(upstream, { poolId, verbs: ["view", "cancel", "execute", "hold", "edit"] });
  await relay.ok("POST", "/desk/v1/teams", {
    name: "The other desk",
    url: upstream.url,
    credentials: { scheme: "Bearer", key: upstreamKey },
    pools: [poolId],
  });
  key = await keyOf(relay, { poolId, verbs: ["view", "cancel"] });
});
afterAll(async () => {
  await relay?.stop();
  await upstream?.stop();
  await source?.end();
});

const sessions = async (): Promise<number> => (await taggedSessions(source)).length;
const started = async (): Promise<string> => {
  const executionId = await execute(upstream, job);
  await until(async () => ((await sessions()) > 0 ? true : null));
  return executionId;
};

test("as plain text: stopped, and CLEAR because the other server looked at the source", async () => {
  const executionId = await started();
  const seen = await askText(relay, "GET", `/desk/status.txt?pool=${poolId}`, { key });
  expect([seen.code, seen.lines[1]?.includes(executionId)]).toEqual(["10", true]);
  const answer = await askText(relay, "POST", `/desk/stop.txt?pool=${poolId}&job=Finance&wait=40`, { key });
  expect([answer.status, answer.lines[0], answer.code]).toEqual([200, "NIGHTDESK CLEAR", "0"]);
  expect(last(answer)).toContain("STOPPED");
  expect(await sessions()).toBe(0);
  const receipt = await askText(relay, "GET", `/desk/receipt.txt?execution=${executionId}`, { key });
  const whole = await relay.call("GET", `/desk/v1/executions/${executionId}/receipt`, { key });
  expect(whole.json).toMatchObject({ executionId, proof: { level: "source idle" } });
  const asText = await relay.call("GET", `/desk/v1/executions/${executionId}/receipt?format=text`, { key });
  expect(asText.text.split("\r\n").length).toBeGreaterThan(5);
  expect([receipt.code, receipt.lines.join("\n")]).toEqual(["0", expect.stringContaining("Finance")]);
});

test("over the wire and by the command, with the same words", async () => {
  await started();
  const cancel = await relay.call("POST", `${job.path}/cancel`, { key });
  expect([cancel.status, cancel.text, cancel.headers.get("x-nightdesk-code")]).toEqual([200, "", "0"]);
  expect(await sessions()).toBe(0);
  await started();
  const env = { NIGHTDESK_URL: relay.url, NIGHTDESK_POOL: poolId, NIGHTDESK_KEY: key };
  const stop = await runNightdesk(["stop", "Finance", "--wait", "40"], { env });
  expect([stop.code, stop.lines[0]]).toEqual([0, "NIGHTDESK CLEAR"]);
  expect(await sessions()).toBe(0);
  expect((await runNightdesk(["go"], { env })).code).toBe(0);
  const denied = await relay.call("POST", `${job.path}/execute`, { key });
  expect(denied.status).toBe(403);
});
