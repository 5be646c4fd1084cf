/** Probes of a relay: only by their looks is a pool of a team that proves nothing CLEAR, and no secret of them is told. */
import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import { idle, running } from "./support/desk-cases.ts";
import type { TestServer } from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { desk, finance, openRelayStage, startRelayServer, type RelayStage } from "./support/relay-stage.ts";
import { scriptedPool } from "./support/scripted-team.ts";
import { last } from "./support/text-answer.ts";

let source: TestDatabase;
let server: TestServer;
let stage: RelayStage;
let tag: string;

beforeAll(async () => {
  source = await createDatabase("relay_probes");
  server = await startRelayServer();
});
afterAll(async () => {
  await server?.stop();
  await source?.end();
});
beforeEach(async () => {
  tag = `extractor ${randomBytes(4).toString("hex")}`;
  stage = await openRelayStage(server);
});
afterEach(() => stage.close());

const sql = (more: object = {}): object => {
  const { host, port, database, user, password } = source;
  const query = `select application_name from pg_stat_activity where application_name = '${tag}'`;
  const place = { host, port, database, user, password, ssl: "disable", query };
  return { name: "ECC sessions", kind: "sql", pool: scriptedPool, againAfterMs: 100, ...place, ...more };
};
const http = (url: string, more: object = {}): object => {
  const what = { url, pointer: "/active", expect: [], header: "Authorization: Bearer CANARY-monitor" };
  return { name: "monitor", kind: "http", pool: scriptedPool, againAfterMs: 100, ...what, ...more };
};
const change = (body: object) => server.call("PUT", `/desk/v1/teams/${stage.teamId}`, { body });
const probes = (...list: object[]) => server.ok("PUT", `/desk/v1/teams/${stage.teamId}`, { probes: list });

/** A session at the source, as an extractor leaves one behind. */
async function session(): Promise<pg.Client> {
  const { host, port, user, password, database } = source;
  const client = new pg.Client({ host, port, user, password, database, application_name: tag });
  client.on("error", () => undefined);
  await client.connect();
  onTestFinished(() => client.end().catch(() => undefined));
  return client;
}

async function monitor(answer: RequestListener): Promise<string> {
  const listening = createServer(answer);
  await new Promise<void>((done) => listening.listen(0, "127.0.0.1", done));
  onTestFinished(() => {
    listening.close();
    listening.closeAllConnections();
  });
  return `http://127.0.0.1:${String((listening.address() as AddressInfo).port)}/jobs?token=CANARY-query`;
}

const execution = running().executionId ?? "";
const status = (job = running().id) => stage.text("GET", `/desk/status.txt?pool=${scriptedPool}&job=${job}`);

test("CANCEL, but its session is still at the source: never 0; with the session gone CLEAR, and the receipt names the probe", async () => {
  await probes(sql());
  const left = await session();
  const open = await stage.stopText(1);
  expect(open.status).toBe(202);
  expect(["10", "20"]).toContain(open.code);
  expect(last(open)).toContain("NOT PROVEN");
  expect(last(open)).toContain(`over says the team, but probe "ECC sessions" found`);
  expect((await status()).code).toBe("10");
  expect((await stage.cli("stop", running().id, "--wait", "1")).code).toBe(20);
  const path = `/desk/v1/executions/${execution}/receipt`;
  const none = await stage.byKey("GET", path);
  expect([none.status, none.json.errorCode]).toEqual([409, "EXECUTION_IS_NOT_OVER"]);
  expect(none.json.detail).toContain('CANCEL says the team, but probe "ECC sessions" found something');
  expect((await stage.cli("receipt", execution)).code).toBe(10);
  await left.end();

  const before = Date.now();
  const clear = await status();
  expect([clear.status, clear.code, clear.lines[0]]).toEqual([200, "0", "NIGHTDESK CLEAR"]);
  expect(last(clear)).toMatch(/\(proven by probe "ECC sessions" at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)/);
  const receipt = await stage.byKey("GET", path);
  expect(receipt.json).toMatchObject({
    executionId: execution,
    jobName: "Finance documents",
    status: "CANCEL",
    callers: [{ keyName: "night", by: "operator" }],
    proof: { level: "source idle", note: 'CANCEL says the team, and probe "ECC sessions" found nothing' },
    probes: [{ name: "ECC sessions", clear: true, at: expect.any(Number) }],
  });
  expect(receipt.json.probes[0].at).toBeGreaterThanOrEqual(before);
  const text = await stage.text("GET", `/desk/receipt.txt?execution=${execution}`);
  expect(text.code).toBe("0");
  expect(text.lines.join("\n")).toMatch(/probe "ECC sessions" looked \d{4}-.* UTC and found nothing/);
  expect((await stage.cli("receipt", execution)).code).toBe(0);
  // What came later is no part of how that run ended.
  await session();
  expect((await status()).code).toBe("10");
  expect((await stage.byKey("GET", path)).json.proof.level).toBe("source idle");
});

test("every door gives the same word: text, wire, desk API, command, go", async () => {
  await probes(sql());
  const stopped = await stage.stopText(20);
  expect([stopped.status, stopped.code]).toEqual([200, "0"]);
  expect(last(stopped)).toContain("STOPPED");
  expect((await stage.text("GET", `/desk/go.txt?pool=${scriptedPool}`)).code).toBe("0");
  const cancel = await stage.byKey("POST", `${finance}/cancel`);
  expect([cancel.status, cancel.headers.get("x-nightdesk-code")]).toEqual([200, "0"]);
  const seen = (await stage.byKey("GET", `${desk}/status`)).json;
  expect([seen.proof, seen.jobs[1].probes]).toEqual([
    "word",
    [{ name: "ECC sessions", clear: true, at: expect.any(Number) }],
  ]);
  for (const argv of [["status"], ["go"], ["status", "Finance documents"]]) {
    const answer = await stage.cli(...argv);
    expect([argv, answer.code, answer.lines[0]]).toEqual([argv, 0, "NIGHTDESK CLEAR"]);
  }
  Object.assign(stage.team.jobs[1]!, running(), { executionId: newId(), startedAt: Date.now() });
  const byCommand = await stage.cli("stop", "Finance documents", "--wait", "20", "--json");
  expect([byCommand.code, JSON.parse(byCommand.stdout).jobs[0].probes[0].name]).toEqual([0, "ECC sessions"]);
  Object.assign(stage.team.jobs[1]!, running(), { executionId: newId(), startedAt: Date.now() });
  const byApi = await stage.byKey("POST", `${desk}/jobs/${running().id}/stop?wait=20`);
  expect(byApi.json).toMatchObject({
    outcome: "STOPPED",
    proof: { level: "source idle", note: 'found nothing: probe "ECC sessions"' },
  });
  const night = await fetch(`${server.url}/desk/v1/pools/${scriptedPool}/events?for=0`, {
    headers: { authorization: `AppKey ${stage.key}` },
  });
  expect(await night.text()).toContain('"word":"CLEAR","code":0');
});

test("one job is clear while another runs; of a job without a probe the team's word is all", async () => {
  await probes(sql({ jobs: [idle().id] }));
  expect((await status(idle().id)).code).toBe("0");
  expect((await stage.cli("status", "Order to cash")).code).toBe(0);
  expect((await status()).code).toBe("10");
  expect((await stage.text("GET", `/desk/status.txt?pool=${scriptedPool}`)).code).toBe("10");
  expect((await stage.stopText(20)).code).toBe("4");
  const whole = await stage.text("GET", `/desk/status.txt?pool=${scriptedPool}`);
  expect([whole.code, last(whole)]).toEqual(["4", expect.stringContaining("without a probe")]);
});

test("an HTTP probe: with its header, and never in an answer", async () => {
  let active: string[] = ["BERTA CANARY-monitor CANARY-query"];
  const asked: (string | undefined)[] = [];
  const url = await monitor((request, response) => {
    asked.push(`${request.url ?? ""} ${request.headers.authorization ?? ""}`);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ active }));
  });
  await probes(http(url));
  const found = await status(idle().id);
  expect([found.code, last(found)]).toEqual(["10", expect.stringContaining("BERTA *** ***")]);
  active = [];
  expect((await status(idle().id)).code).toBe("0");
  expect(new Set(asked)).toEqual(new Set(["/jobs?token=CANARY-query Bearer CANARY-monitor"]));
});

test("a probe that cannot be asked leaves the team's word, and says why", async () => {
  const url = await monitor((_, response) => void response.writeHead(500).end("CANARY-fault"));
  const silent = await monitor(() => undefined);
  const cases: [probe: object, why: string][] = [
    [sql({ password: "CANARY-wrong" }), "was not accepted"],
    [sql({ port: 1 }), "nothing accepts connections there"],
    [sql({ query: "select * from no_such_table" }), "no_such_table"],
    [http(url), "HTTP 500"],
    [http("http://127.0.0.1:1/"), "ECONNREFUSED"],
    [http(silent, { timeoutMs: 200 }), "no whole answer within 0.2 s"],
  ];
  for (const [probe, why] of cases) {
    await probes(probe);
    const answer = await status(idle().id);
    expect([answer.code, last(answer)]).toEqual(["4", expect.stringContaining("could not tell")]);
    expect(last(answer)).toContain(why);
    expect((await stage.cli("status", "Order to cash")).code).toBe(4);
  }
  await probes(sql(), http(url));
  const stopped = await stage.stopText(20);
  expect([stopped.code, last(stopped)]).toEqual(["4", expect.stringContaining("STOPPED")]);
  const receipt = await stage.byKey("GET", `/desk/v1/executions/${execution}/receipt`);
  expect(receipt.json.proof.level).toBe("reported");
  expect(receipt.json.probes).toEqual([
    { name: "ECC sessions", clear: true, at: expect.any(Number) },
    { name: "monitor", clear: null, why: "HTTP 500 where 200 is expected" },
  ]);
  expect((await stage.cli("receipt", execution)).code).toBe(4);
});

test("the team's own signs count before a probe: a log that grows, a word that is not known", async () => {
  await probes(sql());
  stage.team.script.log = ({ honest }) => {
    stage.team.log?.unshift({ id: newId(), date: Date.now(), logMessage: "STILL EXTRACTING" });
    honest();
  };
  expect(["10", "20"]).toContain((await stage.stopText(1)).code);
  stage.team.jobs[0]!.status = "CANCELLING";
  expect((await status(idle().id)).code).toBe("20");
});

test("many who look at once cost the source little", async () => {
  let going = 0;
  const counts: number[] = [];
  const url = await monitor((_, response) => {
    going += 1;
    counts.push(going);
    setTimeout(() => {
      going -= 1;
      response.writeHead(200, { "content-type": "application/json" }).end('{"active":[]}');
    }, 50);
  });
  await probes(http(url));
  const answers = await Promise.all(Array.from({ length: 20 }, () => status(idle().id)));
  expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(["0"]));
  expect(Math.max(...counts)).toBe(1);
  expect(counts.length).toBeLessThan(20);
});

test("probes are shown without their secrets, and are in no file of the home", async () => {
  const ca = "-----BEGIN CERTIFICATE-----\nCANARY-ca\n-----END CERTIFICATE-----";
  const url = "https://monitor.example/jobs?token=CANARY-query";
  const made = await probes(sql({ jobs: [idle().id.toUpperCase()], ca }), http(url));
  const { host, port, database, user } = source;
  const common = { pool: scriptedPool, againAfterMs: 100, timeoutMs: 10_000 };
  const query = `select application_name from pg_stat_activity where application_name = '${tag}'`;
  const place = { type: "POSTGRESQL", host, port, database, user, ssl: "disable", query };
  expect(made.probes).toEqual([
    { ...common, kind: "sql", name: "ECC sessions", jobs: [idle().id], ...place, hasPassword: true },
    {
      ...common,
      kind: "http",
      name: "monitor",
      jobs: null,
      url: "https://monitor.example/jobs?***",
      pointer: "/active",
      expect: [],
      hasHeader: true,
    },
  ]);
  // Another name of the team leaves its probes as they are.
  expect((await change({ name: `Far ${newId()}` })).json.probes).toEqual(made.probes);
  expect((await server.ok("GET", "/desk/v1/teams"))[0].probes).toEqual(made.probes);
  const files = await readdir(server.home, { recursive: true, withFileTypes: true });
  const read = files.filter((one) => one.isFile()).map((one) => readFile(join(one.parentPath, one.name)));
  const contents = await Promise.all(read);
  expect(contents.some((one) => one.includes("monitor.example"))).toBe(true);
  expect(contents.filter((one) => one.includes("CANARY-"))).toEqual([]);
  expect((await change({ probes: [] })).json.probes).toEqual([]);
});

const command = { name: "extractor", kind: "command", pool: scriptedPool, argv: ["touch", "CANARY-ran"] };
const far = (more: object = {}): object => sql({ host: "db.example", ssl: "verify-full", ...more });

test.each<[what: string, sent: () => unknown[], place: string, says: string]>([
  ["a command", () => [sql(), command], "probes[1].kind", "could run programs on its machine"],
  [
    "a command that is written wrong",
    () => [{ kind: "command" }],
    "probes[0].kind",
    "not taken over a network",
  ],
  ["another kind", () => [{ ...sql(), kind: "oracle" }], "probes[0].kind", ""],
  ["no object", () => ["CANARY-x"], "probes[0]", ""],
  ["a field that is misspelt", () => [sql({ passwort: "CANARY-x" })], "probes[0]", "passwort"],
  ["a file of a password", () => [sql({ passwordFile: "/etc/shadow" })], "probes[0]", "passwordFile"],
  ["two of one name", () => [sql(), sql()], "probe 2", "the name of an earlier one"],
  ["a pool that is none of the team's", () => [sql({ pool: newId() })], "probes", "none of the team's pools"],
  [
    "plain HTTP to another machine",
    () => [http("http://db.example/")],
    "probes[0].url",
    "NIGHTDESK_RELAY_HTTP_HOSTS",
  ],
  [
    "no encryption to another machine",
    () => [far({ ssl: "disable" })],
    "probes[0].ssl",
    "NIGHTDESK_RELAY_HTTP_HOSTS",
  ],
  ["the metadata address", () => [http("https://169.254.169.254/")], "probes[0].url", "own network"],
  ["the same in decimal", () => [far({ host: "2852039166" })], "probes[0].host", "own network"],
  ["the same as IPv6", () => [far({ host: "::ffff:169.254.169.254" })], "probes[0].host", "own network"],
  ["the same by NAT64", () => [http("https://[64:ff9b::a9fe:a9fe]/")], "probes[0].url", "own network"],
  ["link-local IPv6", () => [far({ host: "[fe80::1]" })], "probes[0].host", "own network"],
  [
    "more than there may be",
    () => Array.from({ length: 51 }, (_, at) => sql({ name: String(at) })),
    "probes",
    "",
  ],
])("%s: 400 with its place, and nothing is changed", async (_, sent, place, says) => {
  await probes(sql());
  const before = await server.ok("GET", "/desk/v1/teams");
  const refused = await change({ name: "Another", probes: sent() });
  expect([refused.status, refused.json.errors[0].attribute]).toEqual([400, place]);
  expect(refused.text).toContain(says);
  const credentials = { scheme: "AppKey", key: "CANARY-key" };
  const draft = { name: newId(), url: "https://team.example", credentials, pools: [newId()], probes: sent() };
  expect((await server.call("POST", "/desk/v1/teams", { body: draft })).status).toBe(400);
  expect(await server.ok("GET", "/desk/v1/teams")).toEqual(before);
});

test("a pool with a probe is not taken out from under it; only an admin sets probes", async () => {
  await probes(sql());
  const lost = await change({ pools: [newId()] });
  expect([lost.status, lost.json.errors[0].attribute]).toEqual([400, "probes"]);
  const next = newId();
  const both = await change({ pools: [scriptedPool, next], probes: [sql({ pool: next })] });
  expect(both.status).toBe(200);
  // The probe of another pool proves nothing here.
  expect((await status(idle().id)).code).toBe("4");
  const path = `/desk/v1/teams/${stage.teamId}`;
  expect((await stage.byKey("GET", path)).status).toBe(403);
});
