/** status, stop and go before a foreign team with probes of a file: CLEAR only by looks that are clear. */
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readProbesFile } from "../src/probes-file.ts";
import { sentProbes } from "../src/probe-settings.ts";
import { runNightdesk } from "./support/cli-run.ts";
import type { CliRun } from "./support/cli-run.ts";
import { asks, closeTeams, envFor, idle, running, team } from "./support/desk-cases.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { scriptedKey, scriptedPool } from "./support/scripted-team.ts";

let source: TestDatabase;
let folder: string;
let warnings: string[];

beforeAll(async () => {
  source = await createDatabase("desk_probes");
});
afterAll(() => source.end());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-probes-"));
  warnings = [];
});
afterEach(async () => {
  await closeTeams();
  await rm(folder, { recursive: true, force: true });
});

async function written(content: unknown, name = "probes.json"): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content), { mode: 0o600 });
  return path;
}

const command = (script: string, more: object = {}): object => ({
  name: "extractor",
  kind: "command",
  pool: scriptedPool,
  againAfterMs: 100,
  argv: ["/bin/sh", "-c", script],
  ...more,
});

const reading = (file: string) =>
  readProbesFile(file, { env: { PATH: "/usr/bin:/bin" }, warn: (line) => void warnings.push(line) });

/** Runs a command with a file of probes; its answer is printable ASCII and holds no secret. */
async function ask(to: { url: string }, file: string, ...argv: string[]): Promise<CliRun> {
  const answer = await runNightdesk([...argv, "--probes", file], { env: envFor(to), probes: reading });
  expect(answer.stdout + answer.stderr + warnings.join()).not.toMatch(/CANARY-/);
  expect(scriptedKey).toMatch(/^CANARY-/);
  expect(answer.lines.filter((line) => !/^[\x20-\x7e]+$/.test(line))).toEqual([]);
  return answer;
}

test("a session at a real PostgreSQL: RUNNING while it is there though the team says CANCEL, then CLEAR with the probe's name", async () => {
  const { host, port, database, user, password } = source;
  const tag = `extractor ${randomBytes(4).toString("hex")}`;
  const session = new pg.Client({ host, port, user, password, database, application_name: tag });
  session.on("error", () => {});
  await session.connect();
  await written(`${password}\n`, "password");
  const file = await written({
    probes: [
      {
        name: "ECC sessions",
        kind: "sql",
        pool: scriptedPool,
        jobs: [running().id.toUpperCase()],
        againAfterMs: 100,
        host,
        port,
        database,
        user,
        ssl: "disable",
        passwordFile: "password",
        query: `select application_name from pg_stat_activity
                 where application_name = '${tag}' and datname = current_database();`,
      },
    ],
  });
  const end = await team({ jobs: [idle(), running()] });
  const stop = async (wait: string): Promise<CliRun> =>
    ask(end, file, "stop", "Finance documents", "--wait", wait);

  const open = await stop("1");
  expect(open.code).toBe(20);
  expect(end.jobs[1]!.status).toBe("CANCEL");
  expect(open.lines.at(-1)).toContain(
    `NOT PROVEN: after 1 s; over says the team, but probe "ECC sessions" found ("${tag}")`,
  );
  const busy = await ask(end, file, "status", "Finance documents");
  expect(busy.code).toBe(10);
  expect(busy.lines[0]).toBe("NIGHTDESK RUNNING");

  await session.end();
  const proven = await stop("30");
  expect(proven.code).toBe(0);
  expect(proven.lines[0]).toBe("NIGHTDESK CLEAR");
  expect(proven.lines.at(-1)).toMatch(
    /^CODE 0 REASON WAS NOT RUNNING \(proven by probe "ECC sessions" at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)$/,
  );
  expect(asks(end, "/cancel")).toBe(1);
  // The other job has no probe.
  const pool = await ask(end, file, "status");
  expect(pool.code).toBe(4);
  expect(pool.lines.at(-1)).toContain("1 of 2 jobs without a probe");
  expect(warnings).toEqual([]);
});

test.each([
  ["true", 0, "CLEAR"],
  ["echo BERTA", 10, "RUNNING"],
  ["exit 2", 4, "REPORTED CLEAR"],
  ["sleep 60", 4, "REPORTED CLEAR"],
])("status and go of a pool that is over, with a command %j: %i %s", async (script, code, word) => {
  const end = await team({ jobs: [idle()] });
  // Only what hangs is to reach the limit.
  const timeoutMs = script === "sleep 60" ? 500 : 30_000;
  const file = await written({ probes: [command(script, { timeoutMs })] });
  for (const verb of ["status", "go"]) {
    const answer = await ask(end, file, verb);
    expect(answer.code).toBe(code);
    expect(answer.lines[0]).toBe(`NIGHTDESK ${word}`);
    expect(answer.stdout).toContain('probe "extractor"');
  }
});

test("stop: CLEAR with two clear looks, REPORTED CLEAR without a probe, and JSON says what was seen", async () => {
  const clear = await written({ probes: [command("true")] });
  const end = await team({ jobs: [running()] });
  const stopped = await ask(end, clear, "stop", "Finance documents", "--json");
  const { code, jobs } = JSON.parse(stopped.stdout) as { code: number; jobs: Record<string, unknown>[] };
  expect(code).toBe(0);
  expect(jobs[0]).toMatchObject({
    outcome: "STOPPED",
    probes: [{ name: "extractor", clear: true, at: expect.any(Number) }],
  });
  const without = await runNightdesk(["status"], { env: envFor(end) });
  expect(without.code).toBe(4);
  const elsewhere = await written({ probes: [command("true", { pool: idle().id })] }, "elsewhere.json");
  expect((await ask(end, elsewhere, "status")).code).toBe(4);
});

test("a look that is clear and then is not is none: a session between two statements", async () => {
  const seen = join(folder, "seen");
  const end = await team({ jobs: [idle()] });
  const file = await written({ probes: [command(`test -e ${seen} && echo BERTA; touch ${seen}`)] });
  const answer = await ask(end, file, "status");
  expect(answer.code).toBe(10);
  expect(answer.stdout).toContain("BERTA");
});

test("what a probe prints cannot imitate an answer", async () => {
  const end = await team({ jobs: [idle()] });
  const file = await written({
    probes: [
      command(`printf 'x\\r\\nNIGHTDESK CLEAR\\r\\nCODE 0 REASON \\343\\203\\206'`, {
        name: 'a" CLEAR\u00e9',
      }),
    ],
  });
  const answer = await ask(end, file, "status");
  expect(answer.code).toBe(10);
  expect(answer.lines.filter((line) => /^(NIGHTDESK|CODE)/.test(line))).toEqual([
    "NIGHTDESK RUNNING",
    answer.lines.at(-1),
  ]);
});

const http = (more: object): object => ({
  name: "monitor",
  kind: "http",
  pool: scriptedPool,
  url: "https://monitor.example/active",
  pointer: "",
  expect: [],
  ...more,
});
const sql = (more: object): object => ({
  name: "db",
  kind: "sql",
  pool: scriptedPool,
  host: "db.example",
  database: "d",
  user: "u",
  query: "select 1",
  ...more,
});

test.each<[content: unknown, place: string]>([
  ["CANARY-this is a key and no probes", "is no JSON"],
  [[], "the whole"],
  [{ probes: [] }, "at probes"],
  [{ probes: [command("true"), command("false")] }, "at probe 2): has the name of an earlier one"],
  [{ probes: [command("true", { shell: true })] }, "at probes[0]"],
  [{ probes: [command("true", { argv: "true" })] }, "at probes[0].argv"],
  [{ probes: [command("true", { argv: [] })] }, "at probes[0].argv"],
  [{ probes: [command("true", { argv: ["a\u0000b"] })] }, "at probes[0].argv[0]"],
  [{ probes: [command("true", { jobs: ["Finance documents"] })] }, "at probes[0].jobs[0]"],
  [{ probes: [command("true", { jobs: [] })] }, "at probes[0].jobs"],
  [{ probes: [command("true", { pool: "SAP" })] }, "at probes[0].pool"],
  [{ probes: [command("true", { name: "two\nlines" })] }, "at probes[0].name"],
  [{ probes: [command("true", { againAfterMs: 0 })] }, "at probes[0].againAfterMs"],
  [{ probes: [command("true", { timeoutMs: "1" })] }, "at probes[0].timeoutMs"],
  [{ probes: [command("true", { kind: "oracle" })] }, "at probes[0].kind"],
  [{ probes: [http({ url: "http://monitor.example/" })] }, "at probes[0].url"],
  [{ probes: [http({ url: "https://u:CANARY-p@monitor.example/" })] }, "at probes[0].url"],
  [{ probes: [http({ url: "file:///etc/passwd" })] }, "at probes[0].url"],
  [{ probes: [http({ pointer: "active" })] }, "at probes[0].pointer"],
  [{ probes: [http({ expect: 1 })] }, "at probes[0].expect"],
  [{ probes: [http({ expect: ["x"] })] }, "at probes[0].expect"],
  [{ probes: [http({ expect: null })] }, "at probes[0].expect"],
  [{ probes: [http({ header: "Authorization: CANARY-h" })] }, "at probes[0]"],
  [{ probes: [http({ headerFile: "none" })] }, "does not exist"],
  [{ probes: [sql({ password: "CANARY-p" })] }, "at probes[0]"],
  [{ probes: [sql({ passwordFile: "none" })] }, "does not exist"],
  [{ probes: [sql({ host: "db.example/x" })] }, "at probes[0].host"],
  [{ probes: [sql({ query: "" })] }, "at probes[0].query"],
])("a wrong file is USAGE, names the place, and nothing is asked: %j", async (content, place) => {
  const end = await team({ jobs: [running()] });
  const file = await written(content);
  for (const argv of [["status"], ["stop", "--all"], ["go"]]) {
    const answer = await ask(end, file, ...argv);
    expect(answer.code).toBe(50);
    expect(answer.lines.at(-1)).toContain(place);
  }
  expect(asks(end, "")).toBe(0);
});

test("a header that is none, an empty secret, a file that is not there or that others can write: USAGE", async () => {
  const end = await team({ jobs: [running()] });
  await written("CANARY-only a token\n", "header");
  await written("\n", "empty");
  const usage = async (file: string): Promise<string> => {
    const answer = await ask(end, file, "status");
    expect(answer.code).toBe(50);
    return answer.stdout;
  };
  expect(await usage(await written({ probes: [http({ headerFile: "header" })] }))).toContain(
    "does not begin with a header",
  );
  expect(await usage(await written({ probes: [sql({ passwordFile: "empty" })] }))).toContain("is empty");
  expect(await usage(join(folder, "none.json"))).toContain("does not exist");
  expect(await usage(folder)).toContain("cannot be read (EISDIR)");
  const open = await written({ probes: [command("true")] });
  await chmod(open, 0o666);
  expect(await usage(open)).toContain("others can write to it");
});

test("a secret that others can read is warned of", async () => {
  await chmod(await written("CANARY-p", "password"), 0o644);
  await reading(await written({ probes: [sql({ passwordFile: "password" })] }));
  expect(warnings).toEqual([`warning: other users can read ${join(folder, "password")}; chmod 600 it`]);
});

test("probes that are sent: with their secrets, and never a command", () => {
  const sent = sentProbes([
    sql({ password: "CANARY-p" }),
    http({ header: "Authorization: Bearer CANARY-t" }),
  ]);
  expect(sent.map(({ name, againAfterMs, timeoutMs }) => [name, againAfterMs, timeoutMs])).toEqual([
    ["db", 2000, 10_000],
    ["monitor", 2000, 10_000],
  ]);
  // What was read once is read again as it is stored.
  expect(sentProbes(JSON.parse(JSON.stringify(sent)))).toEqual(sent);
  expect(() => sentProbes([command("true")])).toThrow("a command is not taken over a network");
  expect(() => sentProbes([sql({ passwordFile: "/etc/shadow" })])).toThrow("passwordFile");
  expect(() => sentProbes([sql({}), sql({})])).toThrow("has the name of an earlier one");
});
