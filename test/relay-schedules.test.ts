/** What starts next by the schedules of a Celonis team, with keys of ours before it: plain text, the command, the desk API. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { DeskSchedules } from "../src/contract/index.ts";
import { asks, idle, running } from "./support/desk-cases.ts";
import { startTestServer, until, type TestServer } from "./support/nightdesk.ts";
import { desk, openRelayStage, startRelayServer, type RelayStage } from "./support/relay-stage.ts";
import { exported, exporting, newYearText, scheduleLines, schedulesJson } from "./support/schedules.ts";
import { scriptedKey, scriptedPool, type Exchange, type ScriptedTeam } from "./support/scripted-team.ts";

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

const line = String.raw`^  NEXT schedule "hourly ETL" starts in \d{5} days, ${newYearText}: "Finance documents"`;
const status = `/desk/status.txt?pool=${scriptedPool}`;
const go = `/desk/go.txt?pool=${scriptedPool}`;

test("status, stop and go name it, to curl and to the command alike; the export is read once for all", async () => {
  team.script.export = exporting({});
  const plain = expect.stringMatching(new RegExp(`${line}; read \\d+ s ago$`));
  const before = await stage.text("GET", status);
  expect([before.code, scheduleLines(before.lines)]).toEqual(["10", [plain]]);
  expect(scheduleLines((await stage.cli("status")).lines)).toEqual([plain]);
  const stop = await stage.stopText(20);
  expect([stop.code, scheduleLines(stop.lines)]).toEqual(["4", [plain]]);
  const command = await stage.cli("stop", "Finance documents");
  expect([command.code, scheduleLines(command.lines)]).toEqual([4, [plain]]);
  const after = await stage.text("GET", go);
  expect([after.code, scheduleLines(after.lines)]).toEqual(["4", [plain]]);
  expect(scheduleLines((await stage.cli("go")).lines)).toEqual([plain]);
  expect(asks(team, "/export")).toBe(1);
});

test("of the export nothing else leaves the server", async () => {
  team.script.export = exporting({});
  const answer = await stage.byKey("GET", `${desk}/status`);
  expect(answer.json.schedules).toEqual({
    readAt: expect.any(Number),
    why: null,
    pending: false,
    starts: [
      {
        id: "schedule-0",
        name: "hourly ETL",
        at: Date.UTC(2099, 0, 1, 6),
        why: null,
        jobs: [{ id: running().id, name: "Finance documents", hold: null }],
      },
    ],
  });
  // That no answer, log or record holds a secret of it is looked at when the stage is closed.
});

test("under a hold both are said: what starts, and that it is only watched and stopped", async () => {
  team.script.export = exporting({}, { name: "other", frequency: "0 0 7 1 1 ? 2099", jobs: [idle().id] });
  const hold = (until: number | null) =>
    server.ok("POST", `${desk}/holds`, {
      scope: "job",
      id: running().id,
      ...(until === null ? {} : { until }),
    });
  const short = await hold(Date.now() + 3_600_000);
  expect(scheduleLines((await stage.text("GET", go)).lines)).toEqual([
    expect.stringMatching(new RegExp(`${line}; read`)),
  ]);
  await server.ok("POST", `${desk}/release`, { holds: [short.id] });
  const { id } = await hold(null);
  const held = new RegExp(
    `${line} \\(hold ${String(id)}\\), watch and stop: the team itself holds nothing, .*; read`,
  );
  const answer = await stage.text("GET", go);
  expect(answer.lines).toContainEqual(
    expect.stringMatching(/^ {2}HOLD job "Finance documents" held until it is released/),
  );
  expect(scheduleLines(answer.lines)).toEqual([expect.stringMatching(held)]);
  expect(scheduleLines((await stage.text("GET", status)).lines)).toEqual([expect.stringMatching(held)]);
  expect(scheduleLines((await stage.cli("status")).lines)).toEqual([expect.stringMatching(held)]);
  const told = (await stage.byKey("GET", `${desk}/go`)).json.schedules;
  expect(told.starts.map(({ jobs }: DeskSchedules["starts"][number]) => jobs[0]?.hold?.id ?? null)).toEqual([
    id,
    null,
  ]);
  // What a hold is laid with in the same command is said too.
  const stop = await stage.cli("stop", "Order to cash", "--hold-until", "2099-01-02T00:00Z");
  expect(scheduleLines(stop.lines)).toEqual([
    expect.stringMatching(/"other" starts .* \(hold [^)]*\), watch and stop/),
  ]);
});

test("a key for named jobs hears of theirs alone, and of no other in a schedule of both", async () => {
  team.script.export = exporting(
    { name: "of another", jobs: [idle().id] },
    { name: "of both", frequency: "0 0 7 1 1 ? 2099", jobs: [idle().id, running().id] },
  );
  const key = await stage.keyOf({
    name: "one job",
    grants: [{ poolId: scriptedPool, verbs: ["view"] }],
    jobs: [running().id],
  });
  const { starts } = (await stage.byKey("GET", `${desk}/status`, key)).json.schedules;
  expect(starts).toMatchObject([{ name: "of both", jobs: [{ id: running().id }] }]);
  expect(starts[0].jobs).toHaveLength(1);
});

test("the zone of the pool's people", async () => {
  team.script.export = exporting({});
  await server.ok("PUT", `${desk}/settings`, { zone: "Asia/Tokyo", hours24to47: true });
  expect(scheduleLines((await stage.text("GET", status)).lines)[0]).toContain(
    "days, 2099-01-01 15:00:00 JST = 2099-01-01 06:00:00 UTC: ",
  );
});

const refused = ({ json }: Exchange): void => json({ title: `Access Denied. ${scriptedKey}` }, 403);

test("a team that refuses the export: the answers are what they are, and it is asked once", async () => {
  team.script.export = refused;
  const answers = [
    await stage.text("GET", status),
    await stage.stopText(20),
    await stage.text("GET", status),
  ];
  expect(answers.map(({ code, lines }) => [code, scheduleLines(lines)])).toEqual([
    ["10", []],
    ["4", []],
    ["4", []],
  ]);
  const whole = await stage.text("GET", go);
  expect([whole.code, whole.lines.at(-2)]).toEqual([
    "4",
    expect.stringMatching(/^ {2}NEXT schedules of the team are not known: HTTP 403/),
  ]);
  const command = schedulesJson((await stage.cli("status", "--json")).stdout);
  expect([command.code, command.schedules?.why]).toEqual([4, expect.stringMatching(/^HTTP 403/)]);
  expect(asks(team, "/export")).toBe(1);
});

test("an export that is slow: answers come without it, and have it when it has come, read once", async () => {
  const patient = await startTestServer({
    relay: { connectMs: 1000, answerMs: 600_000, waitMs: 0, quietMs: 200, everyMs: 100 },
  });
  const slow = await openRelayStage(patient);
  try {
    const waiting: Exchange[] = [];
    slow.team.script.export = (exchange) => void waiting.push(exchange);
    const first = await slow.text("GET", status);
    expect([first.code, scheduleLines(first.lines)]).toEqual(["10", []]);
    const told = (await slow.byKey("GET", `${desk}/status`)).json.schedules;
    expect(told).toMatchObject({ readAt: null, pending: true, starts: [] });
    const stop = await slow.stopText(20);
    expect([stop.code, scheduleLines(stop.lines)]).toEqual(["4", []]);
    const command = schedulesJson((await slow.cli("status", "--json")).stdout);
    expect([command.code, command.schedules?.pending, command.schedules?.starts]).toEqual([4, true, []]);
    // Who comes later does not wait for it again.
    expect((await slow.text("GET", go)).lines.at(-2)).toBe(
      "  NEXT schedules of the team are not known: they are still being read",
    );
    for (const one of waiting) one.json(exported({}));
    await until(async () => scheduleLines((await slow.text("GET", status)).lines).at(0) ?? null);
    expect(waiting).toHaveLength(1);
  } finally {
    await slow.close();
    await patient.stop();
  }
});

test("a server that ends does not wait for an export", async () => {
  const patient = await startTestServer({
    relay: { connectMs: 1000, answerMs: 600_000, waitMs: 0, quietMs: 200, everyMs: 100 },
  });
  const slow = await openRelayStage(patient);
  const closed: Promise<void>[] = [];
  slow.team.script.export = ({ response }) =>
    void closed.push(new Promise((done) => response.once("close", done)));
  expect((await slow.text("GET", status)).code).toBe("10");
  await patient.stop();
  expect(closed).toHaveLength(1);
  await Promise.all(closed);
  await slow.team.close();
});

test("pools of this server have none to tell of", async () => {
  const pool = await server.ok("POST", "/integration/api/pools", { name: "Own" });
  expect((await server.ok("GET", `/desk/v1/pools/${String(pool.id)}/status`)).schedules).toBeUndefined();
});
