/** What a relay reaches: `nightdesk serve` as a user starts it, with its variable, and names that lead elsewhere. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import { startCommand } from "./support/cli-process.ts";
import { idle } from "./support/desk-cases.ts";
import { namesFor } from "./support/names.ts";
import { caller, checked, until, type TestServer } from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { pool } from "./support/relay-stage.ts";
import { scriptedKey, scriptedPool, startScriptedTeam, type ScriptedTeam } from "./support/scripted-team.ts";
import { askText, last } from "./support/text-answer.ts";

let source: TestDatabase;
let team: ScriptedTeam;
let port: string;

beforeAll(async () => {
  source = await createDatabase("relay_network");
  team = await startScriptedTeam({ jobs: [idle()] });
  ({ port } = new URL(team.url));
});
afterAll(async () => {
  await team?.close();
  await source?.end();
});

const adminKey = randomBytes(16).toString("hex");

async function newHome(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-relay-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "home");
}

/** The command in a process of its own, until the test ends. */
async function served(env: Record<string, string>): Promise<Pick<TestServer, "call" | "ok" | "url">> {
  const home = await newHome();
  const settings = { NIGHTDESK_ADMIN_KEY: adminKey, NIGHTDESK_STOP_GRACE_SECONDS: "0", ...env };
  const child = startCommand(["serve", "--home", home, "--port", "0"], settings);
  let over = false;
  void child.ended.then(() => (over = true));
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await child.ended;
    expect(child.output()).not.toContain("CANARY-");
  });
  const url = await until(async () => {
    if (over) throw new Error(`it ended: ${child.output()}`);
    return /listens on (\S+)/.exec(child.output())?.[1] ?? null;
  });
  const call = caller(url, adminKey);
  return { url, call, ok: checked(call) };
}

const draft = (url: string, more: object = {}) => ({
  name: `Far ${newId()}`,
  url,
  credentials: { scheme: "AppKey", key: scriptedKey },
  pools: [scriptedPool],
  ...more,
});
const probe = (more: object): object => ({ pool: scriptedPool, againAfterMs: 100, ...more });
const http = (url: string): object => probe({ name: "monitor", kind: "http", url, pointer: "", expect: [] });
const sql = (host: string): object => {
  const { port: at, database, user, password } = source;
  const place = { host, port: at, database, user, password, ssl: "disable" };
  return probe({ name: "sessions", kind: "sql", ...place, query: "select 1 where false" });
};

test("plain HTTP to the hosts that NIGHTDESK_RELAY_HTTP_HOSTS names, and to no other", async () => {
  const server = await served({
    NIGHTDESK_RELAY_HTTP_HOSTS: " Team.test, 192.0.2.7,, source.test ",
    NODE_OPTIONS: namesFor({ "team.test": [["127.0.0.1"]], "source.test": [["127.0.0.1"]] }),
  });
  const create = (url: string, probes: object[] = []) =>
    server.call("POST", "/desk/v1/teams", { body: draft(url, { probes }) });
  for (const [url, list, where] of [
    [`http://other.test:${port}`, [], "url"],
    [`http://team.test.other.test:${port}`, [], "url"],
    [`http://192.0.2.8:${port}`, [], "url"],
    [`http://team.test:${port}`, [http(`http://other.test:${port}/`)], "probes[0].url"],
    [`http://team.test:${port}`, [sql("other.test")], "probes[0].ssl"],
  ] as const) {
    const refused = await create(url, [...list]);
    expect([refused.status, refused.json.errors[0].attribute]).toEqual([400, where]);
    expect(refused.text).toContain("NIGHTDESK_RELAY_HTTP_HOSTS");
  }
  expect((await create(`http://TEAM.test:${port}`, [sql("source.test")])).status).toBe(200);
  const status = await server.call("GET", `${pool}/logs/status`);
  expect([status.status, status.json[0].status]).toEqual([200, "SUCCESS"]);
  const answer = await askText(server, "GET", `/desk/status.txt?pool=${scriptedPool}`, { key: adminKey });
  expect(answer.code).toBe("0");
  const elsewhere = draft("http://192.0.2.7", { pools: [newId()] });
  expect((await server.call("POST", "/desk/v1/teams", { body: elsewhere })).status).toBe(200);
});

test("without the variable plain HTTP goes nowhere but to this machine", async () => {
  const server = await served({ NODE_OPTIONS: namesFor({ "team.test": [["127.0.0.1"]] }) });
  const refused = await server.call("POST", "/desk/v1/teams", { body: draft(`http://team.test:${port}`) });
  expect([refused.status, refused.json.errors[0].attribute]).toEqual([400, "url"]);
  await server.ok("POST", "/desk/v1/teams", draft(team.url));
  expect((await server.call("GET", `${pool}/logs/status`)).status).toBe(200);
});

test.each(["http://team.test", "team.test:8080", "team test", "*.test", "team.test/x", "a,,b;c"])(
  "NIGHTDESK_RELAY_HTTP_HOSTS=%s: the server does not start, and says what it takes",
  async (value) => {
    const home = await newHome();
    const { code, stderr } = await startCommand(["serve", "--home", home, "--port", "0"], {
      NIGHTDESK_RELAY_HTTP_HOSTS: value,
    }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain("NIGHTDESK_RELAY_HTTP_HOSTS takes names and addresses of hosts with commas");
  },
);

test("a name that leads to this machine's own network is refused when it is looked up, also when it did not before", async () => {
  const here = ["127.0.0.1"];
  const metadata = ["169.254.169.254"];
  const server = await served({
    NIGHTDESK_RELAY_HTTP_HOSTS: "rebound.test,both.test",
    NODE_OPTIONS: namesFor({ "rebound.test": [here, metadata], "both.test": [[...here, ...metadata]] }),
  });
  const { id } = await server.ok("POST", "/desk/v1/teams", draft(`http://rebound.test:${port}`));
  expect((await server.call("GET", `${pool}/logs/status`)).status).toBe(200);
  const before = team.requests.length;
  const refused = await server.call("GET", `${pool}/logs/status`);
  expect([refused.status, refused.json.detail]).toEqual([
    504,
    expect.stringContaining("rebound.test leads to an address that only this machine's own network knows"),
  ]);
  const credentials = { scheme: "AppKey", key: scriptedKey };
  await server.ok("PUT", `/desk/v1/teams/${id as string}`, { url: `http://both.test:${port}`, credentials });
  expect((await server.call("GET", `${pool}/logs/status`)).status).toBe(504);
  expect(team.requests.length).toBe(before);

  for (const one of [http(`http://both.test:${port}/`), sql("both.test"), sql("rebound.test")]) {
    const change = { url: team.url, credentials, probes: [one] };
    await server.ok("PUT", `/desk/v1/teams/${id as string}`, change);
    const answer = await askText(server, "GET", `/desk/status.txt?pool=${scriptedPool}`, { key: adminKey });
    expect([answer.code, last(answer)]).toEqual(["4", expect.stringContaining("own network knows")]);
  }
  expect(team.requests.filter(({ line }) => line === "GET /")).toEqual([]);
});
