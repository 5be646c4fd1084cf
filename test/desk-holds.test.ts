/** What was stopped stays stopped: holds at the desk, over real HTTP, with a real server and a real source. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { newKeyText } from "../src/engine/key-text.ts";
import { ConflictError, createClient } from "../src/sdk/index.ts";
import { runNightdesk, type CliRun } from "./support/cli-run.ts";
import {
  makeExtractionJob,
  makePool,
  startTestServer,
  statusOf,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { startServerProcess, type ServerProcess } from "./support/server-process.ts";

let source: TestDatabase;
let server: TestServer;
let pool: { poolId: string; dataSourceId: string };
let operatorKey: string;

beforeAll(async () => {
  source = await createDatabase();
  await source.sql(`create table t (id int primary key); insert into t values (1); analyze`);
  server = await startTestServer({ mostRunning: 1 });
  pool = await makePool(server, source);
  operatorKey = await keyFor("view", "cancel");
});
afterAll(async () => {
  await server?.stop();
  await source?.end();
});
afterEach(async () => {
  await nightdesk("stop", "--all");
  await nightdesk("release", "--all");
  expect(server.reports).toEqual([]);
});

async function keyFor(...verbs: string[]): Promise<string> {
  const grants = [{ poolId: pool.poolId, verbs }];
  return (await server.ok("POST", "/desk/v1/keys", { name: verbs.join(" and "), grants })).key as string;
}

const runAs = (key: string, ...argv: string[]): Promise<CliRun> =>
  runNightdesk(argv, {
    env: { NIGHTDESK_URL: server.url, NIGHTDESK_POOL: pool.poolId, NIGHTDESK_KEY: key },
  });
const nightdesk = (...argv: string[]): Promise<CliRun> => runAs(server.adminKey, ...argv);
interface Said {
  reason: string;
  holds: { id: string }[];
  starts: { jobName: string; when: string; executionId: string }[];
}
const json = async (...argv: string[]): Promise<Said> =>
  JSON.parse((await nightdesk(...argv, "--json")).stdout) as Said;

/** A job that sleeps at the source for an hour, and one that is done at once. */
const slow = (name: string) =>
  makeExtractionJob(server, pool, name, [{ tableName: "t", filterDefinition: "pg_sleep(3600) is not null" }]);
const quick = (name: string) => makeExtractionJob(server, pool, name, ["t"]);
const execute = ({ path }: { path: string }) => server.ok("POST", `${path}/execute`, { mode: "FULL" });

test("held, nothing of it starts from whichever door, and the refusal says who, why and until when", async () => {
  const job = await quick("from every door");
  const until = new Date(Date.now() + 7_200_000).toISOString();
  const held = await nightdesk("hold", "from every door", "--until", until, "--reason", "patch night");
  expect(held.code).toBe(0);
  const seconds = until.slice(0, 19).replace("T", " ");
  expect(held.lines).toEqual([
    "NIGHTDESK CLEAR",
    '  "from every door" never ran',
    expect.stringMatching(
      new RegExp(
        `^  HOLD job "from every door" held until ${seconds} UTC by key ".*": patch night, since .*, hold `,
      ),
    ),
    expect.stringMatching(/^CODE 0 REASON job "from every door" held until .*: patch night; never ran$/),
  ]);
  const { poolId } = pool;
  for (const [method, path] of [
    ["POST", `/integration/api/pools/${poolId}/jobs/${job.jobId}/execute`],
    ["POST", `/integration/api/v1/data-pools/${poolId}/data-jobs/${job.jobId}/execute`],
    ["POST", `/integration/api/v2/data-pools/${poolId}/data-jobs/${job.jobId}/execute`],
  ] as const) {
    const refused = await server.call(method, path, { body: { mode: "FULL" } });
    expect(refused.status, path).toBe(409);
    expect(refused.json.errorCode, path).toBe("JOB_HELD");
    expect(refused.json.detail).toContain(`the job is held until ${until}, by key `);
    expect(refused.json.detail).toContain(": patch night");
  }
  const client = createClient({ url: server.url, key: server.adminKey, fetch });
  await expect(client.jobs.execute(poolId, job.jobId, { mode: "FULL" })).rejects.toThrow(ConflictError);
  expect(await statusOf(server, poolId, job.jobId)).toBeNull();
  const listed = await nightdesk("holds");
  expect(listed.lines[1]).toMatch(/^ {2}HOLD job "from every door" held until/);
  expect(listed.lines.at(-1)).toMatch(/^CODE 0 REASON 1 hold in force; /);
});

test.each([
  ["the pool", [] as string[]],
  ["a connection", ["--connection", "ECC"]],
])("a hold on %s holds its jobs; released, they start again", async (name, scope) => {
  const job = await quick(`held with ${name}`);
  expect((await nightdesk("hold", ...scope)).stdout).toMatch(
    /^ {2}HOLD (pool|connection "ECC") held until it is/m,
  );
  expect((await server.call("POST", `${job.path}/execute`)).status).toBe(409);
  const nothing = await nightdesk("release", `held with ${name}`);
  expect(nothing.stdout).toContain("NOTHING WAS HELD");
  const usage = await nightdesk("release");
  expect(usage.code).toBe(50);
  expect(usage.stdout).toContain("nothing named; this is held");
  const released = await nightdesk("release", ...(scope.length === 0 ? ["--all"] : scope));
  expect(released.stdout).toContain("RELEASED: 1 hold, nothing starts by it");
  await execute(job);
  expect(await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
});

test.each([
  ["its connection", ["--connection", "ECC"], "connection"],
  ["its pool", [] as string[], "pool"],
])(
  "held by %s, nobody logs in at the source to test it or to look for tables; go still looks",
  async (_, scope, held) => {
    const sources = `/integration/api/pools/${pool.poolId}/data-sources/${pool.dataSourceId}`;
    await nightdesk("hold", ...scope, "--reason", "patch night");
    for (const [method, path] of [
      ["POST", `${sources}/test`],
      ["GET", `${sources}/search-tables?searchString=t`],
    ] as const) {
      const refused = await server.call(method, path);
      expect([refused.status, refused.json.errorCode], path).toEqual([409, "CONNECTION_HELD"]);
      expect(refused.json.detail).toMatch(
        new RegExp(`the ${held} is held until it is released, by key ".*" since .*: patch night`),
      );
    }
    expect((await nightdesk("go")).stdout).toMatch(/^ {2}SOURCE "ECC" read /m);
    await nightdesk("release", "--all");
    expect((await server.ok("POST", `${sources}/test`)).reachable).toBe(true);
    expect((await server.ok("GET", `${sources}/search-tables?searchString=t`)).lookupSuccessful).toBe(true);
  },
);

test("the queue waits for a hold, and goes on by itself when the hold ends by time", async () => {
  const [before, waiting] = [await slow("before"), await quick("waits for time")];
  await execute(before);
  await execute(waiting);
  const held = await nightdesk("hold", "waits for time", "--until", "+4s", "--reason", "not yet");
  expect(held.code).toBe(10);
  expect((await nightdesk("stop", "before")).code).toBe(0);
  const go = await nightdesk("go");
  expect(go.code).toBe(10);
  expect(go.stdout).toMatch(/^ {2}NEXT "waits for time" starts when its hold ends, /m);
  expect(go.lines.at(-1)).toMatch(/"waits for time" held until .* UTC by key ".*": not yet$/);
  expect(await statusOf(server, pool.poolId, waiting.jobId)).toBe("QUEUED");
  expect(await waitForStatus(server, pool.poolId, waiting.jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
  expect((await json("holds")).holds).toEqual([]);
});

test("release --dry-run lists exactly what then starts, in that order, and starts nothing", async () => {
  const running = await slow("in the way");
  const jobs = [await quick("first"), await quick("second"), await quick("held by itself")];
  await execute(running);
  for (const job of jobs) await execute(job);
  await nightdesk("hold", "--reason", "window");
  await nightdesk("hold", "held by itself");
  await nightdesk("stop", "in the way");
  const holdId = (await json("holds")).holds[0]?.id ?? "";

  const planned = await json("release", "--hold", holdId, "--dry-run");
  expect(planned.reason).toMatch(/^DRY RUN, nothing released: 1 hold, by it would start "first", "second"; /);
  expect(planned.starts.map((start) => [start.jobName, start.when])).toEqual([
    ["first", "now"],
    ["second", "when a place is free"],
  ]);
  expect(planned.holds).toHaveLength(2);
  for (const job of jobs) expect(await statusOf(server, pool.poolId, job.jobId)).toBe("QUEUED");

  const released = await json("release", "--hold", holdId);
  expect(released.starts).toEqual(planned.starts);
  const began = [];
  for (const { jobId } of jobs.slice(0, 2)) {
    expect(await waitForStatus(server, pool.poolId, jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
    const { jobs: seen } = await server.ok("GET", `/desk/v1/pools/${pool.poolId}/status`);
    began.push(seen.find(({ id }: { id: string }) => id === jobId));
  }
  expect(began.map(({ executionId }) => executionId)).toEqual(
    planned.starts.map(({ executionId }) => executionId),
  );
  expect(began[0].startedAt).toBeLessThan(began[1].startedAt);
  expect(await statusOf(server, pool.poolId, jobs[2]?.jobId ?? "")).toBe("QUEUED");
  expect((await json("release", "--hold", holdId)).reason).toBe("no hold in force has this id");
});

test("several holds are released at once, all or none, and what waited starts in its order", async () => {
  const running = await slow("before both");
  const jobs = [await quick("waits first"), await quick("waits second")];
  for (const job of [running, ...jobs]) await execute(job);
  await nightdesk("hold", "waits second");
  await nightdesk("hold", "waits first");
  await nightdesk("stop", "before both");
  const laid = (await json("holds")).holds.map(({ id }) => id);
  const path = `/desk/v1/pools/${pool.poolId}/release`;
  const unknown = await server.call("POST", path, { body: { holds: [...laid, randomUUID()] } });
  expect(unknown.status).toBe(404);
  expect((await json("holds")).holds).toHaveLength(2);
  for (const { jobId } of jobs) expect(await statusOf(server, pool.poolId, jobId)).toBe("QUEUED");

  // Both at the same moment: one releases, the other finds nothing, and neither releases half.
  const both = [1, 2].map(() => server.call("POST", path, { body: { holds: laid } }));
  const answers = await Promise.all(both);
  const [done, late] = answers.toSorted((a, b) => a.status - b.status);
  expect([done?.status, late?.status]).toEqual([200, 404]);
  const { released, starts } = done?.json ?? {};
  expect(released.map(({ id }: { id: string }) => id)).toEqual(laid);
  expect(starts.map((one: { jobName: string; when: string }) => [one.jobName, one.when])).toEqual([
    ["waits first", "now"],
    ["waits second", "when a place is free"],
  ]);
  const began = [];
  for (const { jobId } of jobs) {
    expect(await waitForStatus(server, pool.poolId, jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
    const { jobs: seen } = await server.ok("GET", `/desk/v1/pools/${pool.poolId}/status`);
    began.push(seen.find(({ id }: { id: string }) => id === jobId).startedAt);
  }
  expect(began[0]).toBeLessThan(began[1]);
});

test("stop --hold-until stops and holds in one line", async () => {
  const job = await slow("stopped for good");
  await execute(job);
  await waitForStatus(server, pool.poolId, job.jobId, "RUNNING");
  const stop = await nightdesk("stop", "stopped for good", "--hold-until", "+2h", "--reason", "window");
  expect(stop.code).toBe(0);
  expect(stop.lines.at(-1)).toMatch(
    /^CODE 0 REASON STOPPED; job "stopped for good" held until .* UTC by key ".*": window$/,
  );
  expect((await server.call("POST", `${job.path}/execute`)).status).toBe(409);
  const all = await nightdesk("stop", "--all", "--hold-until", "+2h");
  expect(all.code).toBe(0);
  expect(all.stdout).toMatch(/^ {2}HOLD pool held until/m);
  expect((await nightdesk("stop", "--hold-until", "+2h")).code).toBe(50);
  expect((await json("holds")).holds).toHaveLength(2);
});

test("a night operator's key can look and stop, and nothing else; a refused hold keeps no stop back", async () => {
  const job = await slow("operated");
  const { executionId } = await execute(job);
  await waitForStatus(server, pool.poolId, job.jobId, "RUNNING");
  const operator = (...argv: string[]): Promise<CliRun> => runAs(operatorKey, ...argv);
  expect((await operator("go")).code).toBe(10);
  expect((await operator("status")).code).toBe(10);
  expect((await operator("receipt", executionId)).code).toBe(10);
  for (const argv of [["hold", "operated"], ["hold"], ["settle", executionId, "--because", "host down"]]) {
    const answer = await operator(...argv);
    expect(answer.code, argv.join(" ")).toBe(30);
    expect(answer.lines[0]).toBe("NIGHTDESK DENIED");
  }
  const stop = await operator("stop", "operated", "--hold-until", "+2h");
  expect(stop.code).toBe(30);
  expect(stop.lines.at(-1)).toMatch(/^CODE 30 REASON STOPPED; NOT HELD, so it may start again: /);
  expect(await statusOf(server, pool.poolId, job.jobId)).toBe("CANCEL");
  expect((await json("holds")).holds).toEqual([]);
  expect((await operator("go")).code).toBe(0);
  expect((await operator("stop", "operated")).code).toBe(0);
  expect((await operator("receipt", executionId)).code).toBe(0);
  await nightdesk("hold", "operated");
  expect((await operator("release", "operated", "--dry-run")).code).toBe(30);
  expect((await operator("release", "--all")).code).toBe(30);
  expect((await json("holds")).holds).toHaveLength(1);
  expect((await server.call("POST", `${job.path}/execute`, { key: operatorKey })).status).toBe(403);
});

test("a key that may hold but not look: held, and it says that the look failed", async () => {
  await quick("held blindly");
  const { poolId } = pool;
  const key = await keyFor("hold");
  const hold = await runAs(key, "hold");
  expect(hold.code).toBe(30);
  expect(hold.lines.at(-1)).toMatch(
    /^CODE 30 REASON pool held until it is released by key "hold"; then the look failed: /,
  );
  expect((await server.ok("GET", `/desk/v1/pools/${poolId}/holds`)).length).toBe(1);
});

test("a hold and what waits for it survive a kill -9 of the server", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-holds-"));
  const home = join(folder, "home");
  const key = newKeyText();
  const start = (): Promise<ServerProcess> => startServerProcess(home, key, { NIGHTDESK_MOST_RUNNING: "1" });
  let one = await start();
  const own = await makePool(one, source);
  const ask = (...argv: string[]): Promise<CliRun> =>
    runNightdesk(argv, {
      env: { NIGHTDESK_URL: one.url, NIGHTDESK_POOL: own.poolId, NIGHTDESK_KEY: key },
    });
  try {
    const inTheWay = await makeExtractionJob(one, own, "in the way", [
      { tableName: "t", filterDefinition: "pg_sleep(3600) is not null" },
    ]);
    const waiting = await makeExtractionJob(one, own, "waiting", ["t"]);
    for (const { path } of [inTheWay, waiting]) await one.ok("POST", `${path}/execute`, { mode: "FULL" });
    await waitForStatus(one, own.poolId, inTheWay.jobId, "RUNNING");
    await ask("hold", "--reason", "over the kill", "--until", "+2h");
    await one.end("SIGKILL");

    one = await start();
    expect(await waitForStatus(one, own.poolId, inTheWay.jobId, "FAIL", "CANCEL", "SUCCESS")).toBe("FAIL");
    const go = await ask("go");
    expect(go.code).toBe(10);
    expect(go.lines.at(-1)).toMatch(/"waiting" held until .*: over the kill$/);
    expect((await one.call("POST", `${inTheWay.path}/execute`)).status).toBe(409);
    expect(await statusOf(one, own.poolId, waiting.jobId)).toBe("QUEUED");
    expect((await ask("release", "--all")).stdout).toContain('by it start "waiting"');
    expect(await waitForStatus(one, own.poolId, waiting.jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
    expect((await ask("go")).code).toBe(0);
  } finally {
    await one.end("SIGTERM");
    await rm(folder, { recursive: true, force: true });
  }
});
