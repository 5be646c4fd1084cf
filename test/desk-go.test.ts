/** The one question for a whole source, the end that a person declares, and receipts: real server, real source. */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { runNightdesk, type CliRun } from "./support/cli-run.ts";
import { freezeWaiting } from "./support/held-sessions.ts";
import {
  connectionTo,
  makeExtractionJob,
  makePool,
  startTestServer,
  statusOf,
  readingSessions,
  taggedSessions,
  until,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { startProxy } from "./support/source-proxy.ts";

let source: TestDatabase;
let server: TestServer;

beforeAll(async () => {
  source = await createDatabase();
  await source.sql(`
    create table "BKPF" (belnr int primary key); insert into "BKPF" select generate_series(1, 2000);
    create table "BSEG" (belnr int primary key); insert into "BSEG" select generate_series(1, 20000);
    create table "VBAK" (vbeln int primary key); insert into "VBAK" select generate_series(1, 10);
    analyze;
  `);
  server = await startTestServer({ mostRunning: 1 });
});
afterAll(async () => {
  await server?.stop();
  expect(await taggedSessions(source)).toEqual([]);
  await source?.end();
});
afterEach(() => {
  expect(server.reports).toEqual([]);
});

/** The command, asking for this pool. */
const deskOf =
  ({ poolId }: { poolId: string }) =>
  (...argv: string[]): Promise<CliRun> =>
    runNightdesk(argv, {
      env: { NIGHTDESK_URL: server.url, NIGHTDESK_POOL: poolId, NIGHTDESK_KEY: server.adminKey },
    });

const sleeping = { tableName: "VBAK", filterDefinition: "pg_sleep(3600) is not null" };
const execute = ({ path }: { path: string }) => server.ok("POST", `${path}/execute`, { mode: "FULL" });

/** A pool whose connection goes through a proxy that can fall silent. */
async function poolBehindProxy(name: string) {
  const proxy = await startProxy(source);
  const pool = await makePool(server, { ...source, host: "localhost", port: proxy.port }, name);
  return { proxy, pool };
}

test("go: running, queued and held, clear; the source as it was seen stands in the answer", async () => {
  const pool = await makePool(server, source, "Go");
  const nightdesk = deskOf(pool);
  const one = await makeExtractionJob(server, pool, "one", [sleeping]);
  const two = await makeExtractionJob(server, pool, "two", [sleeping]);
  const { executionId } = await execute(one);
  await readingSessions(source);
  const running = await nightdesk("go", "--connection", "ECC");
  expect(running.code).toBe(10);
  expect(running.lines).toEqual([
    "NIGHTDESK RUNNING",
    expect.stringMatching(/^ {2}"one" RUNNING, since /),
    '  "two" never ran',
    expect.stringMatching(new RegExp(`^ {2}SOURCE "ECC" read .* UTC: execution ${executionId}$`)),
    "CODE 10 REASON 1 of 2 jobs RUNNING or QUEUED",
  ]);
  await execute(two);
  const queued = await nightdesk("go");
  expect(queued.stdout).toMatch(/^ {2}"two" QUEUED, .*, starts when a place is free$/m);
  await nightdesk("hold", "two", "--reason", "patch night");
  await nightdesk("stop", "one");
  const held = await nightdesk("go");
  expect(held.code).toBe(10);
  expect(held.lines.at(-1)).toMatch(
    /RUNNING or QUEUED; "two" held until it is released by key ".*": patch night$/,
  );
  await nightdesk("stop", "--all");
  const clear = await nightdesk("go", "--json");
  expect(JSON.parse(clear.stdout)).toMatchObject({
    code: 0,
    word: "CLEAR",
    holds: [{ scope: "job", name: "two", reason: "patch night", until: null }],
    starts: [],
    sources: [
      { connectionName: "ECC", readAt: expect.any(Number), why: null, executionIds: [], strangers: [] },
    ],
  });
});

test("go: a session of an execution that does not run here is UNKNOWN and named", async () => {
  const pool = await makePool(server, source, "Strangers");
  const nightdesk = deskOf(pool);
  expect((await nightdesk("go")).code).toBe(0);
  const stranger = randomUUID();
  const { host, port, database, superuser } = source;
  const session = new pg.Client({ host, port, database, ...superuser, application_name: `nd:${stranger}` });
  await session.connect();
  try {
    const go = await nightdesk("go", "--connection", pool.dataSourceId);
    expect(go.code).toBe(20);
    expect(go.lines.at(-1)).toContain(`has a session of execution ${stranger}, which is not of this scope`);
  } finally {
    await session.end();
  }
  await until(async () => ((await taggedSessions(source)).length === 0 ? true : null));
  expect((await nightdesk("go")).code).toBe(0);
});

test("go: a source that cannot be read any more is said, and no reason against CLEAR after proven ends", async () => {
  const { proxy, pool } = await poolBehindProxy("Down already");
  const nightdesk = deskOf(pool);
  const job = await makeExtractionJob(server, pool, "done before", ["VBAK"]);
  await execute(job);
  expect(await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
  proxy.turn("blackhole");
  const go = await nightdesk("go");
  expect(go.code).toBe(0);
  expect(go.stdout).toMatch(/^ {2}SOURCE "ECC" cannot be read now: /m);
  expect(go.lines.at(-1)).toMatch(
    /source "ECC" cannot be read now, but all that ran here ended with proof: /,
  );
});

test("go: a job that was given another connection still counts for the one that its execution reads", async () => {
  const { proxy, pool } = await poolBehindProxy("Moved");
  const nightdesk = deskOf(pool);
  const { id: elsewhere } = await server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "S4",
    poolId: pool.poolId,
    configuration: connectionTo(source),
  });
  const job = await makeExtractionJob(server, pool, "moved", [sleeping]);
  const { executionId } = await execute(job);
  await readingSessions(source);
  await server.ok("PUT", job.path, { id: job.jobId, name: "moved", dataSourceId: elsewhere });
  proxy.turn("blackhole");
  expect((await nightdesk("go", "--connection", "ECC")).code).toBe(10);
  await nightdesk("stop", "moved", "--wait", "1");
  await until(async () =>
    (await nightdesk("settle", executionId, "--because", "host down")).stdout.includes("NOT SETTLED")
      ? null
      : true,
  );
  expect((await nightdesk("go", "--connection", "ECC")).code).toBe(4);
  proxy.heal();
  await until(async () => ((await nightdesk("go", "--connection", "ECC")).code === 0 ? true : null));
}, 180_000);

test("settle is refused while the source can be read and still has the session", async () => {
  const pool = await makePool(server, source, "Hung");
  const nightdesk = deskOf(pool);
  const job = await makeExtractionJob(server, pool, "hung", [sleeping]);
  const { executionId } = await execute(job);
  const pid = await freezeWaiting(source, executionId as string, "PgSleep");
  try {
    expect((await nightdesk("stop", "hung", "--wait", "1")).code).toBe(20);
    const refused = await until(async () => {
      const answer = await nightdesk("settle", executionId, "--because", "I am in a hurry");
      return answer.stdout.includes("the process of its pool has not ended it yet") ? null : answer;
    });
    expect(refused.code).toBe(10);
    expect(refused.lines.at(-1)).toMatch(
      new RegExp(`NOT SETTLED: .*the source can be read, and session ${String(pid)} of it is still there`),
    );
    expect(await statusOf(server, pool.poolId, job.jobId)).toBe("RUNNING");
  } finally {
    process.kill(pid, "SIGCONT");
  }
  expect((await nightdesk("stop", "hung")).code).toBe(0);
});

test("settle: refused while nobody stopped it; declared when the source cannot be read; proven once it can again", async () => {
  const { proxy, pool } = await poolBehindProxy("Gone dark");
  const nightdesk = deskOf(pool);
  const job = await makeExtractionJob(server, pool, "in the dark", [sleeping]);
  const other = await makeExtractionJob(server, pool, "idle", ["VBAK"]);
  const { executionId } = await execute(job);
  const because = ["--because", "host down, confirmed by phone"];
  await readingSessions(source);

  const early = await nightdesk("settle", executionId, ...because);
  expect(early.code).toBe(10);
  expect(early.lines.at(-1)).toMatch(/^CODE 10 REASON NOT SETTLED: .*nobody asked it to stop/);
  expect((await nightdesk("settle", randomUUID(), ...because)).code).toBe(50);

  proxy.turn("blackhole");
  const stop = await nightdesk("stop", "in the dark", "--wait", "1");
  expect(stop.code).toBe(20);
  // The process of the pool has to be gone first: until then it is refused and says so.
  const settled = await until(async () => {
    const answer = await nightdesk("settle", executionId, ...because);
    return answer.stdout.includes("NOT SETTLED") ? null : answer;
  });
  expect(settled.code).toBe(4);
  expect(settled.lines).toEqual([
    "NIGHTDESK REPORTED CLEAR",
    expect.stringMatching(/^ {2}"in the dark" CANCEL, DECLARED, started .*, declared over by key /),
    expect.stringMatching(
      /^CODE 4 REASON DECLARED; declared over by key ".*": host down, confirmed by phone; the source since: .* \(a person says so; the source was not seen since\)$/,
    ),
  ]);
  expect((await nightdesk("go")).code).toBe(4);
  expect((await nightdesk("status", "in the dark")).code).toBe(4);
  expect((await nightdesk("stop", "in the dark")).code).toBe(4);
  expect((await nightdesk("status", "idle")).code).toBe(0);
  const open = await nightdesk("receipt", executionId);
  expect(open.code).toBe(4);
  expect(open.stdout).toMatch(/^PROOF\n {2}NONE: declared, /m);
  const again = await nightdesk("settle", executionId, ...because);
  expect(again.code).toBe(4);
  expect(again.lines.at(-1)).toContain("NOT SETTLED: ");
  // The job is free for its next run, which starts once the source is there again.
  proxy.heal();
  await until(async () => ((await nightdesk("go")).code === 0 ? true : null));
  expect(await taggedSessions(source)).toEqual([]);
  const receipt = JSON.parse((await nightdesk("receipt", executionId, "--json")).stdout);
  expect(receipt).toMatchObject({
    status: "CANCEL",
    proof: { level: "declared" },
    settlement: { because: "host down, confirmed by phone", seen: "idle" },
  });
  expect((await nightdesk("receipt", executionId)).code).toBe(0);
  await execute(job);
  await waitForStatus(server, pool.poolId, job.jobId, "RUNNING");
  expect((await nightdesk("stop", "--all")).code).toBe(0);
  expect(await statusOf(server, pool.poolId, other.jobId)).toBeNull();
}, 180_000);

test("a stop that waits while the execution is declared over ends with DECLARED", async () => {
  const { proxy, pool } = await poolBehindProxy("Declared meanwhile");
  const nightdesk = deskOf(pool);
  const job = await makeExtractionJob(server, pool, "given up", [sleeping]);
  const { executionId } = await execute(job);
  await readingSessions(source);
  proxy.turn("blackhole");
  const stop = nightdesk("stop", "given up", "--wait", "120");
  await until(async () =>
    (await nightdesk("settle", executionId, "--because", "host down")).stdout.includes("NOT SETTLED")
      ? null
      : true,
  );
  const { code, lines } = await stop;
  expect(code).toBe(4);
  expect(lines.at(-1)).toMatch(/^CODE 4 REASON DECLARED: declared over by key /);
  proxy.heal();
  await until(async () => ((await nightdesk("go")).code === 0 ? true : null));
}, 180_000);

test("the receipt of a cancelled run: one task loaded, one table discarded, one untouched", async () => {
  const pool = await makePool(server, source, "Receipts");
  const nightdesk = deskOf(pool);
  const job = await makeExtractionJob(server, pool, "partial", ["BKPF"]);
  const { id: second } = await server.ok("POST", `${job.path}/tasks/`, {
    taskType: "EXTRACTION",
    name: "second",
  });
  await server.ok("POST", `${job.path}/extractions/${second}/tables/`, [
    { tableName: "BSEG", filterDefinition: "pg_sleep(0.005) is not null" },
    { tableName: "VBAK" },
  ]);
  const { executionId } = await execute(job);
  const early = await nightdesk("receipt", executionId);
  expect(early.code).toBe(10);
  expect(early.lines.at(-1)).toMatch(
    /^CODE 10 REASON no receipt yet: .*it is (RUNNING|QUEUED).* NEXT ask again/,
  );
  await until(async () => {
    const [row] = (await server.ok("GET", `/desk/v1/pools/${pool.poolId}/status`)).jobs;
    return row.rows > 2000 ? row : null;
  });
  expect((await nightdesk("stop", "partial", "--reason", "source closes")).code).toBe(0);
  await nightdesk("hold", "--until", "2099-01-01T00:00Z", "--reason", "patch night");

  const time = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC";
  const receipt = await nightdesk("receipt", executionId);
  expect(receipt).toMatchObject({ code: 0, stderr: "" });
  expect(receipt.lines.filter((line) => !/^[\x20-\x7e]+$/.test(line))).toEqual([]);
  const steps = receipt.lines.slice(receipt.lines.indexOf("STEPS") + 1, receipt.lines.indexOf("PROOF"));
  const rest = receipt.lines.filter((line) => !steps.includes(line));
  const wanted = [
    "NIGHTDESK RECEIPT",
    `  execution ${executionId}`,
    '  job "partial" in pool "Receipts", mode FULL',
    "  CANCEL",
    `  queued ${time}, started ${time}, ended ${time}`,
    "STOP",
    `  ${time} stopped on request of key "[^"]+": source closes, through the desk`,
    "STEPS",
    "PROOF",
    `  source idle, ${time}: the source's list of sessions, read at .*, holds none of this execution`,
    "TABLES",
    '  "BKPF" loaded, 2000 rows, \\d+ bytes',
    '  "BSEG" discarded, \\d+ rows, \\d+ bytes',
    '  "VBAK" untouched',
    `NEXT \\(as of ${time}\\)`,
    "  nothing waits to start in this pool",
    "  the pool is held until 2099-01-01T00:00:00.000Z, by key .*: patch night",
  ];
  expect(rest).toHaveLength(wanted.length);
  for (const [at, line] of wanted.entries()) expect(rest[at]).toMatch(new RegExp(`^${line}$`));
  for (const step of steps) expect(step).toMatch(new RegExp(`^  ${time} [a-z ]+: .+$`));
  const names = steps.map((step) => /UTC ([a-z ]+):/.exec(step)?.[1]);
  expect([names[0], names.at(-1)]).toEqual(["told the worker", "source idle"]);
  expect(names).toContain("worker gone");

  const whole = JSON.parse((await nightdesk("receipt", executionId, "--json")).stdout);
  expect(whole.tables.map((table: { effect: string }) => table.effect)).toEqual([
    "loaded",
    "discarded",
    "untouched",
  ]);
  expect(whole.callers).toMatchObject([{ by: "operator", channel: "desk", reason: "source closes" }]);
  expect((await nightdesk("receipt", randomUUID())).code).toBe(30);
});
