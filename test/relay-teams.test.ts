/** Setting teams up: what is refused, that the secret stays where it is, OAuth, and the commands. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import { runNightdesk, type CliRun } from "./support/cli-run.ts";
import { startTestServer, type TestServer } from "./support/nightdesk.ts";

let server: TestServer;
let folder: string;

beforeAll(async () => {
  server = await startTestServer({ relay: { answerMs: 700, waitMs: 0 } });
  folder = await mkdtemp(join(tmpdir(), "nightdesk-teams-"));
});
afterAll(async () => {
  const audit = await server.call("GET", "/desk/v1/audit?limit=1000");
  expect([...server.answers, ...server.reports, audit.text].join("\n")).not.toContain("CANARY-");
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const credentials = { scheme: "AppKey", key: "CANARY-team-key" };
const draft = (more: object = {}) => ({
  name: `Team ${newId()}`,
  url: "https://team.example",
  credentials,
  pools: [newId()],
  ...more,
});
const create = (more: object) => server.call("POST", "/desk/v1/teams", { body: draft(more) });

test.each([
  ["http elsewhere", "http://team.example", "NIGHTDESK_RELAY_HTTP_HOSTS"],
  ["a password in it", "https://CANARY-user:CANARY-word@team.example", "user or a password"],
  ["a path", "https://team.example/integration", "behind the host"],
  ["a query", "https://team.example?x=1", "behind the host"],
  ["no address", "team.example", "no https address"],
  ["a file", "file:///etc/passwd", "no https address"],
  ["the metadata address", "https://169.254.169.254", "own network"],
  ["the same in decimal", "https://2852039166", "own network"],
  ["the same in hex", "https://0xa9fea9fe", "own network"],
  ["the same as IPv6", "https://[::ffff:169.254.169.254]", "own network"],
  ["link-local IPv6", "https://[fe80::1]", "own network"],
])("an address with %s is refused, and nothing is kept", async (_, url, says) => {
  const before = await server.ok("GET", "/desk/v1/teams");
  const answer = await create({ url });
  expect([answer.status, answer.json.errors[0].attribute]).toEqual([400, "url"]);
  expect(answer.text).toContain(says);
  expect(await server.ok("GET", "/desk/v1/teams")).toEqual(before);
});

test("a team with its pools, without its credential in any answer; another address needs it again", async () => {
  const id = newId();
  const made = await server.ok("POST", "/desk/v1/teams", draft({ name: "One", pools: [id] }));
  expect(made).toEqual({
    id: made.id,
    name: "One",
    url: "https://team.example",
    credentials: { scheme: "AppKey" },
    pools: [{ id, name: id }],
    probes: [],
    createdAt: made.createdAt,
  });
  const at = `/desk/v1/teams/${made.id as string}`;
  expect(await server.ok("GET", at)).toEqual(made);
  const moved = await server.call("PUT", at, { body: { url: "https://elsewhere.example" } });
  expect([moved.status, moved.json.errors[0].attribute]).toEqual([400, "credentials"]);
  const next = newId();
  const changed = await server.ok("PUT", at, { pools: [{ id: next, name: "Next" }], name: "Two" });
  expect(changed).toMatchObject({ name: "Two", pools: [{ id: next, name: "Next" }] });
  const pools = await server.ok("GET", "/integration/api/pools");
  expect(pools.map((pool: { id: string }) => pool.id)).toEqual([next]);
  expect((await create({ name: "Two" })).status).toBe(409);
  expect((await create({ pools: [next] })).status).toBe(409);
  expect((await create({ pools: [next, next] })).status).toBe(400);
  expect((await create({ pools: ["no-id"] })).status).toBe(400);
  expect((await create({ probes: [{ name: "x" }] })).status).toBe(400);
  expect((await create({ misspelt: true })).status).toBe(400);
  await server.ok("DELETE", at);
  expect((await server.call("GET", at)).status).toBe(404);
  expect(await server.ok("GET", "/integration/api/pools")).toEqual([]);
});

test("OAuth client credentials: a token is got with the secret, used until it is refused, and neither is shown", async () => {
  const asked: string[] = [];
  let tokens = 0;
  let good = "";
  const poolId = newId();
  const upstream = createServer((request, response) => {
    const { authorization = "" } = request.headers;
    asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
    const json = (status: number, body: unknown): void =>
      void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.url === "/oauth2/token") {
      const basic = Buffer.from(authorization.replace("Basic ", ""), "base64").toString();
      if (basic !== "night:CANARY-client-secret") return json(401, { error: basic });
      tokens += 1;
      good = `CANARY-token-${String(tokens)}`;
      return json(200, { access_token: good, token_type: "Bearer", expires_in: 899 });
    }
    if (authorization !== `Bearer ${good}`) return json(401, { error: `not ${authorization}` });
    if (request.url === `/integration/api/pools/${poolId}/logs/status`) return json(200, []);
    return json(404, { detail: `nothing for ${good}` });
  });
  const url = await listening(upstream);
  const oauth = { scheme: "OAuth", clientId: "night", clientSecret: "CANARY-client-secret", scope: "x" };
  const made = await server.ok("POST", "/desk/v1/teams", draft({ url, credentials: oauth, pools: [poolId] }));
  expect(made.credentials).toEqual({ scheme: "OAuth", clientId: "night", scope: "x" });
  const read = () => server.call("GET", `/integration/api/pools/${poolId}/logs/status`);
  expect((await read()).status).toBe(200);
  expect(tokens).toBe(1);
  // Taken back before its time.
  good = "CANARY-other";
  await new Promise((resolve) => setTimeout(resolve, 2100));
  expect((await read()).status).toBe(200);
  expect(tokens).toBe(2);
  const jobs = await server.call("GET", `/integration/api/pools/${poolId}/jobs`);
  expect([jobs.status, jobs.json.detail]).toEqual([502, expect.stringContaining("nothing for ***")]);
  upstream.close();
  upstream.closeAllConnections();
});

test("the commands: added with a credential from a file or standard input, listed, removed", async () => {
  const env = { NIGHTDESK_URL: server.url, NIGHTDESK_KEY: server.adminKey };
  const file = join(folder, "team.key");
  await writeFile(file, "CANARY-team-key\n", { mode: 0o600 });
  const run = async (...argv: string[]): Promise<CliRun> => {
    const answer = await runNightdesk(argv, { env, secret: () => Promise.resolve("CANARY-typed") });
    expect(answer.stdout + answer.stderr).not.toContain("CANARY-");
    return answer;
  };
  const to = ["--team-url", "https://team.example", "--pools"];
  const first = newId();
  const added = await run("teams", "add", "From a file", ...to, first, "--credential-file", file);
  expect([added.code, added.lines[0]]).toEqual([0, "NIGHTDESK TEAM"]);
  expect((await run("teams", "add", "Typed", ...to, newId(), "--scheme", "Bearer")).code).toBe(0);
  const listed = await run("teams", "list");
  expect(listed.stdout).toContain('"From a file" https://team.example, AppKey, id ');
  expect(listed.stdout).toContain('"Typed" https://team.example, Bearer, id ');
  expect(listed.stdout).toContain(`pool "${first}", id ${first}`);
  for (const { id } of JSON.parse((await run("teams", "list", "--json")).stdout).teams as { id: string }[]) {
    expect((await run("teams", "remove", id)).code).toBe(0);
    expect((await run("teams", "remove", id)).code).toBe(30);
  }
  expect((await run("teams", "add", "X", ...to, "no-id")).code).toBe(50);
  expect((await run("teams", "add", "X", ...to, newId(), "--scheme", "OAuth")).code).toBe(50);
});

async function listening(upstream: Server): Promise<string> {
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${String((upstream.address() as AddressInfo).port)}`;
}
