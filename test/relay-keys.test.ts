/** What our own keys and holds do to a pool of a team far away, and what reaches the team of it. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import { idle, running } from "./support/desk-cases.ts";
import { until, type TestServer } from "./support/nightdesk.ts";
import {
  desk,
  finance,
  openRelayStage,
  operator,
  pool,
  startRelayServer,
  type RelayStage,
} from "./support/relay-stage.ts";
import { scriptedPool, type ScriptedTeam } from "./support/scripted-team.ts";

let server: TestServer;
let stage: RelayStage;
let team: ScriptedTeam;

beforeAll(async () => {
  server = await startRelayServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  stage = await openRelayStage(server);
  ({ team } = stage);
});
afterEach(() => stage.close());

test("what a key may not is refused before anything is forwarded", async () => {
  const asked = (): number => team.requests.length;
  const grants = (verbs: string[]) => ({ name: "x", grants: [{ poolId: scriptedPool, verbs }] });
  const looks = await stage.keyOf(grants(["view"]));
  const now = new Date();
  const hour = (ahead: number): string => `${String((now.getUTCHours() + ahead) % 24).padStart(2, "0")}:00`;
  const late = await stage.keyOf({ ...operator, hours: { zone: "UTC", from: hour(2), to: hour(3) } });
  const elsewhere = await stage.keyOf({ ...operator, addresses: ["203.0.113.7"] });
  const other = await stage.keyOf({
    ...operator,
    grants: grants(["view", "cancel"]).grants,
    jobs: [idle().id],
  });
  const none = await stage.keyOf({ name: "x", grants: [{ poolId: "*", verbs: ["execute"] }] });
  const blind = await stage.keyOf(grants(["cancel"]));
  const before = asked();
  for (const [weak, path, status] of [
    [looks, `${finance}/cancel`, 403],
    [looks, `${desk}/jobs/${running().id}/stop`, 403],
    [looks, `${desk}/stop`, 403],
    [looks, `/desk/stop.txt?pool=${scriptedPool}&job=${running().id}`, 403],
    [blind, `/desk/stop.txt?pool=${scriptedPool}&job=${running().id}`, 403],
    [late, `${finance}/cancel`, 403],
    [elsewhere, `${finance}/cancel`, 401],
    [other, `${finance}/cancel`, 404],
    [other, `${desk}/stop`, 403],
    [none, `${finance}/cancel`, 403],
    [stage.key.slice(0, -1), `${finance}/cancel`, 401],
  ] as const) {
    expect([path, (await stage.byKey("POST", path, weak)).status]).toEqual([path, status]);
  }
  for (const path of ["..%2f..%2fjobs", "a;b"]) {
    expect((await stage.byKey("GET", `${pool}/jobs/${path}`)).status).toBe(400);
  }
  expect((await stage.byKey("GET", `${pool}/logs/status`, late)).status).toBe(403);
  expect(asked()).toBe(before);
  // Its own job it sees, and no other one.
  const seen = await stage.byKey("GET", `${pool}/logs/status`, other);
  expect(seen.json.map(({ id }: { id: string }) => id)).toEqual([idle().id]);
  expect((await stage.byKey("POST", `${pool}/jobs/${idle().id}/cancel`, other)).status).toBe(200);
  expect(stage.changes()).toEqual([]);
  // Cancel alone is enough for the cancel.
  expect((await stage.byKey("POST", `${finance}/cancel`, blind)).status).toBe(200);
  expect(stage.changes()).toHaveLength(1);
});

test("every other route of such a pool is a 501 that says which team has it, and asks it nothing", async () => {
  const admin = server.adminKey;
  for (const [method, path] of [
    ["POST", `${finance}/execute`],
    ["POST", `${pool}/jobs`],
    ["GET", `${finance}/tasks`],
    ["DELETE", finance],
    ["DELETE", pool],
    ["GET", `${pool}/data-sources`],
    ["GET", `${pool}/tables`],
    ["POST", `${finance}/workbench/${idle().id}/execute`],
  ] as const) {
    const answer = await server.call(method, path, { key: admin });
    expect([path, answer.status, answer.json?.errorCode]).toEqual([path, 501, "RELAY_NOT_RELAYED"]);
    expect(answer.json.detail).toContain('The team "Far ');
  }
  expect(team.requests).toEqual([]);
});

test("a hold is watch and stop: what runs is left alone, what starts is stopped, and each answer says what it is", async () => {
  const held = await stage.byKey("POST", `${desk}/holds`);
  expect(held.status).toBe(400);
  const hold = await server.call("POST", `${desk}/holds`, {
    key: stage.key,
    body: { scope: "pool", reason: "patch night" },
  });
  const words = "watch and stop: the team itself holds nothing";
  expect(hold.json).toMatchObject({ scope: "pool", by: "night", reason: "patch night" });
  expect(hold.json.note).toContain(words);
  team.jobs[0] = { ...idle(), status: "RUNNING", executionId: newId(), startedAt: Date.now() };
  await until(async () => (team.jobs[0]!.status === "CANCEL" ? true : null));
  // It ran before, and still does after several looks.
  const looks = team.requests.length;
  await until(async () => (team.requests.length > looks + 10 ? true : null));
  expect(team.jobs[1]!.status).toBe("RUNNING");
  expect(stage.changes()).toEqual([`POST ${pool}/jobs/${idle().id}/cancel`]);
  expect((await stage.byKey("GET", `${desk}/holds`)).json[0].note).toContain(words);
  expect((await stage.text("GET", `/desk/go.txt?pool=${scriptedPool}`)).lines.join("\n")).toContain(words);
  expect((await stage.cli("holds")).stdout).toContain(words);
  const audit = await server.ok("GET", "/desk/v1/audit?limit=1000");
  expect(
    audit.records.filter((one: { action: string }) => one.action.startsWith("stop: hold")).slice(-2),
  ).toMatchObject([
    { phase: "asked", channel: "server", ids: { poolId: scriptedPool, jobId: idle().id } },
    { phase: "done", because: expect.stringContaining("patch night") },
  ]);
  const release = { key: stage.key, body: { holds: [hold.json.id] } };
  expect((await server.call("POST", `${desk}/release`, release)).json).toMatchObject({
    dryRun: false,
    starts: [],
  });
  expect((await stage.byKey("GET", `${desk}/holds`)).json).toEqual([]);
  team.jobs[0] = { ...idle(), status: "RUNNING", executionId: newId() };
  const absent = { key: stage.key, body: { scope: "job", id: newId() } };
  expect((await server.call("POST", `${desk}/holds`, absent)).status).toBe(404);
});
