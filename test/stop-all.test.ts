/** `nightdesk stop --all`: one stop of the pool where the other end is a Nightdesk, one a job everywhere else; one answer. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { AuditPage, DeskReceipt } from "../src/contract/index.ts";
import { runNightdesk, type CliRun } from "./support/cli-run.ts";
import { ask, asks, closeTeams, idle, running, team } from "./support/desk-cases.ts";
import {
  makeExtractionJob,
  makePool,
  readingSessions,
  startTestServer,
  taggedSessions,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { askText, execute, last, makeSmallTables, said, sleeping } from "./support/text-answer.ts";

let source: TestDatabase;
let server: TestServer;
let poolId: string;
let jobs: { jobId: string; path: string }[];

beforeAll(async () => {
  source = await createDatabase();
  await makeSmallTables(source);
  server = await startTestServer();
  const pool = await makePool(server, source);
  ({ poolId } = pool);
  jobs = [];
  for (const name of ["Orders", "Finance"])
    jobs.push(await makeExtractionJob(server, pool, name, [sleeping]));
  await makeExtractionJob(server, pool, "Idle", ["LIKP"]);
});
afterEach(closeTeams);
afterAll(async () => {
  await server?.stop();
  await source?.end();
});

/** Starts both jobs. Resolves with their executions when both read. */
async function bothRun(): Promise<string[]> {
  const executions: string[] = [];
  for (const job of jobs) executions.push(await execute(server, job));
  await readingSessions(source, 2);
  return executions;
}

async function stopsSince(sequence: number): Promise<{ action: string; executions: string[] }[]> {
  const { records } = (await server.ok("GET", "/desk/v1/audit?limit=1000")) as AuditPage;
  return records
    .filter((record) => record.sequence > sequence && record.deed === "stop" && record.phase === "done")
    .map(({ action, executions }) => ({ action, executions: executions.toSorted() }));
}

const now = async (): Promise<number> =>
  ((await server.ok("GET", "/desk/v1/audit?limit=1")) as AuditPage).head.sequence;

const command = (key: string, ...argv: string[]): Promise<CliRun> =>
  runNightdesk(argv, { env: { NIGHTDESK_URL: server.url, NIGHTDESK_POOL: poolId, NIGHTDESK_KEY: key } });

const perPool = "POST /desk/v1/pools/{poolId}/stop";
const perJob = "POST /desk/v1/pools/{poolId}/jobs/{jobId}/stop";

test("before a Nightdesk one stop of the pool ends all that runs, and each receipt has its reason", async () => {
  const executions = await bothRun();
  const before = await now();
  const stop = await command(server.adminKey, "stop", "--all", "--reason", "source closes");
  expect([stop.code, stop.lines[0]]).toEqual([0, "NIGHTDESK CLEAR"]);
  expect(stop.lines.at(-1)).toBe("CODE 0 REASON 2 STOPPED, 1 WAS NOT RUNNING");
  expect(await taggedSessions(source)).toEqual([]);
  expect(await stopsSince(before)).toEqual([{ action: perPool, executions: executions.toSorted() }]);
  for (const id of executions) {
    const receipt = (await server.ok("GET", `/desk/v1/executions/${id}/receipt`)) as DeskReceipt;
    expect(receipt.callers).toMatchObject([{ keyName: "admin", channel: "desk", reason: "source closes" }]);
  }
  // Nothing runs: then nothing is asked for.
  const after = await now();
  expect((await command(server.adminKey, "stop", "--all")).lines.at(-1)).toBe(
    "CODE 0 REASON 3 WAS NOT RUNNING",
  );
  expect(await stopsSince(after)).toEqual([]);
});

test("as plain text the same, by one stop of everything", async () => {
  const executions = await bothRun();
  const answer = await askText(server, "POST", `/desk/stop.txt?pool=${poolId}&all=true&wait=40`, {
    key: server.adminKey,
    body: "source closes",
  });
  expect([...said(answer), last(answer)]).toEqual([
    200,
    "NIGHTDESK CLEAR",
    "0",
    "CODE 0 REASON 2 STOPPED, 1 WAS NOT RUNNING",
  ]);
  for (const id of executions) {
    const receipt = (await server.ok("GET", `/desk/v1/executions/${id}/receipt`)) as DeskReceipt;
    expect(receipt.callers).toMatchObject([{ channel: "text", reason: "source closes" }]);
  }
});

test("a key for one job stops that by its own stop, and not the pool", async () => {
  const [orders, finance] = await bothRun();
  const grants = [{ poolId, verbs: ["view", "cancel"] }];
  const order = { name: "night", grants, jobs: [jobs[0]?.jobId] };
  const { key } = await server.ok("POST", "/desk/v1/keys", order);
  const before = await now();
  const stop = await command(key, "stop", "--all");
  expect([stop.code, stop.lines.at(-1)]).toEqual([
    0,
    "CODE 0 REASON STOPPED; only of the 1 job that the key is for: other jobs of the pool were not seen",
  ]);
  expect(await stopsSince(before)).toEqual([{ action: perJob, executions: [orders] }]);
  expect((await command(server.adminKey, "stop", "--all", "--json")).stdout).toContain(finance);
});

test("a key that may not stop is refused once, and the answer says so of each job that runs", async () => {
  await bothRun();
  const { key } = await server.ok("POST", "/desk/v1/keys", {
    name: "looks",
    grants: [{ poolId, verbs: ["view"] }],
  });
  const refused = await command(key, "stop", "--all");
  expect([refused.code, refused.lines[0]]).toEqual([30, "NIGHTDESK DENIED"]);
  expect(refused.lines.filter((line) => line.includes("the stop was refused"))).toHaveLength(2);
  expect((await command(server.adminKey, "stop", "--all")).code).toBe(0);
});

test.each([false, true])(
  "before a team without such a call (a Nightdesk of before: %s) each job has its stop, and the words are the same",
  async (nightdesk) => {
    const other = { ...running(), id: "10000000-0000-4000-8000-000000000003", name: "Orders" };
    const end = await team({ jobs: [idle(), running(), other], nightdesk });
    const stop = await ask(end, "stop", "--all", "--wait", "20");
    expect(stop.lines.at(-1)).toMatch(/^CODE \d REASON 1 WAS NOT RUNNING, 2 STOPPED/);
    expect(stop.code).toBe(nightdesk ? 0 : 4);
    expect(asks(end, nightdesk ? "/stop?" : "/cancel")).toBe(nightdesk ? 3 : 2);
  },
);
