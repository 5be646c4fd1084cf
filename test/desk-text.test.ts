/** The text endpoints: every word and code over real HTTP, from a real source, byte for byte; and as the command has it. */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { systemClock } from "../src/base/clock.ts";
import { runNightdesk } from "./support/cli-run.ts";
import { freezeWaiting } from "./support/held-sessions.ts";
import {
  connectionTo,
  makeExtractionJob,
  makePool,
  startTestServer,
  statusOf,
  taggedSessions,
  until,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { startProxy } from "./support/source-proxy.ts";
import {
  askText,
  execute,
  keyOf,
  last,
  makeSmallTables,
  said,
  sleeperOf,
  sleeping,
  type TextAnswer,
} from "./support/text-answer.ts";

let source: TestDatabase;
let server: TestServer;
/** How far the server's clock is before the real one (ms): a minute of a stop passes at once. */
let ahead = 0;

beforeAll(async () => {
  source = await createDatabase("text");
  await makeSmallTables(source);
  const clock = {
    ...systemClock,
    now: () => Date.now() + ahead,
    monotonic: () => performance.now() + ahead,
  };
  server = await startTestServer({ mostRunning: 2, clock });
});
afterEach(() => {
  ahead = 0;
  expect(server.reports).toEqual([]);
});
afterAll(async () => {
  await server?.stop();
  expect(await taggedSessions(source)).toEqual([]);
  await source?.end();
});

const ask = (
  method: "GET" | "POST" | "PUT",
  path: string,
  options: { key?: string | null; body?: string; type?: string } = {},
): Promise<TextAnswer> => askText(server, method, path, { key: server.adminKey, ...options });

/** What the command says of the same pool with the same key. */
async function commandSays(
  poolId: string,
  ...argv: string[]
): Promise<{ code: string; word: string | undefined }> {
  const env = { NIGHTDESK_URL: server.url, NIGHTDESK_POOL: poolId, NIGHTDESK_KEY: server.adminKey };
  const { code, lines } = await runNightdesk(argv, { env });
  return { code: String(code), word: lines[0] };
}

test("nothing runs is CLEAR; a run is RUNNING; the stop is CLEAR, STOPPED; the receipt says who, through which door", async () => {
  const { poolId, dataSourceId } = await makePool(server, source, "Night");
  const job = await makeExtractionJob(server, { poolId, dataSourceId }, "Finance", [sleeping]);
  const key = await keyOf(server, { poolId, verbs: ["view", "cancel"] });
  const idle = await ask("GET", "/desk/status.txt", { key });
  expect(said(idle)).toEqual([200, "NIGHTDESK CLEAR", "0"]);
  expect(idle.lines).toEqual([
    "NIGHTDESK CLEAR",
    '  "Finance" never ran',
    "CODE 0 REASON 0 of 1 job run or wait to run",
  ]);
  expect(last(await ask("POST", "/desk/stop.txt?job=Finance", { key }))).toBe(
    "CODE 0 REASON WAS NOT RUNNING",
  );

  const executionId = await execute(server, job);
  await sleeperOf(source, executionId);
  for (const path of [
    "/desk/status.txt",
    `/desk/status.txt?pool=${poolId.toUpperCase()}&job=Finance`,
    `/desk/status.txt?job=${job.jobId}&wait=1`,
    "/desk/go.txt",
    "/desk/go.txt?connection=ECC",
  ]) {
    const running = await ask("GET", path, { key });
    expect([path, ...said(running)]).toEqual([path, 200, "NIGHTDESK RUNNING", "10"]);
    expect(running.lines[1]).toMatch(
      new RegExp(
        `^ {2}"Finance" RUNNING, since \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC, .*execution ${executionId}`,
      ),
    );
  }
  const early = await ask("GET", `/desk/receipt.txt?execution=${executionId}`, { key });
  expect(said(early)).toEqual([200, "NIGHTDESK RUNNING", "10"]);
  expect(await commandSays(poolId, "status")).toEqual({ code: "10", word: "NIGHTDESK RUNNING" });

  // A look that waits hears of the end.
  const watching = ask("GET", "/desk/status.txt?wait=50", { key });
  const stopped = await ask("POST", "/desk/stop.txt?job=Finance&wait=25", {
    key,
    body: "SAP down at midnight \u{1f634}",
  });
  expect(said(stopped)).toEqual([200, "NIGHTDESK CLEAR", "0"]);
  expect(last(stopped)).toBe("CODE 0 REASON STOPPED");
  expect(stopped.lines[1]).toContain(`"Finance" CANCEL, STOPPED, started `);
  expect(await statusOf(server, poolId, job.jobId)).toBe("CANCEL");
  expect(await taggedSessions(source)).toEqual([]);
  expect(said(await watching)).toEqual([200, "NIGHTDESK CLEAR", "0"]);
  expect(await commandSays(poolId, "status")).toEqual({ code: "0", word: "NIGHTDESK CLEAR" });
  expect(said(await ask("GET", "/desk/go.txt", { key }))).toEqual([200, "NIGHTDESK CLEAR", "0"]);

  const receipt = await ask("GET", `/desk/receipt.txt?execution=${executionId.toUpperCase()}`, { key });
  expect(said(receipt)).toEqual([200, "NIGHTDESK CLEAR", "0"]);
  expect(receipt.lines[1]).toBe("  NIGHTDESK RECEIPT");
  expect(receipt.lines.join("\n")).toMatch(
    /stopped on request of key "night": SAP down at midnight \\u\{1f634\}, through the text/,
  );
  expect(last(receipt)).toBe(`CODE 0 REASON receipt of execution ${executionId}, proof: source idle`);
  expect((await commandSays(poolId, "receipt", executionId)).code).toBe("0");
  const { records } = await server.ok("GET", "/desk/v1/audit");
  expect(
    records.filter(({ ids }: { ids: { jobId?: string } }) => ids.jobId === job.jobId).at(-1),
  ).toMatchObject({
    channel: "text",
    action: "POST /desk/stop.txt",
    deed: "stop",
    phase: "done",
    status: 200,
    outcome: "STOPPED",
    executions: [executionId],
    ids: { poolId, jobId: job.jobId },
  });
});

test("a stop that is not proven: 202 and 10 for a minute from its first request, then 202 and 20, and whom to call", async () => {
  const pool = await makePool(server, source, "Frozen");
  const { poolId } = pool;
  const job = await makeExtractionJob(server, pool, "Hung", [sleeping]);
  const key = await keyOf(server, { poolId, verbs: ["view", "cancel"] });
  const settings = {
    zone: "Asia/Tokyo",
    hours24to47: true,
    contact: "Basis \u5f53\u756a +81-3-1234",
    escalateAfterSeconds: 3600,
  };
  expect(await server.ok("PUT", `/desk/v1/pools/${poolId}/settings`, settings)).toEqual(settings);
  const executionId = await execute(server, job);
  const pid = await freezeWaiting(source, executionId, "PgSleep");
  try {
    const first = await ask("POST", "/desk/stop.txt?job=Hung&wait=1", { key });
    expect(said(first)).toEqual([202, "NIGHTDESK RUNNING", "10"]);
    expect(last(first)).toMatch(
      /^CODE 10 REASON NOT PROVEN: stopping: .* NEXT look again: the stop goes on$/,
    );
    expect(said(await ask("GET", "/desk/status.txt", { key }))).toEqual([200, "NIGHTDESK RUNNING", "10"]);
    ahead = 50_000;
    expect(said(await ask("POST", "/desk/stop.txt?job=Hung&wait=0", { key }))).toEqual([
      202,
      "NIGHTDESK RUNNING",
      "10",
    ]);
    // Counted from the first request, not from the one before.
    ahead = 65_000;
    const late = await ask("POST", `/desk/stop.txt?job=Hung&wait=1&execution=${executionId}`, { key });
    expect(said(late)).toEqual([202, "NIGHTDESK UNKNOWN", "20"]);
    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`;
    expect(last(late)).toMatch(
      new RegExp(
        `^CODE 20 REASON NOT PROVEN: ending, not proven: .* NEXT do not shut down the source; escalate: wait until (?:${time} = )?${time} JST = ${time} UTC, then call Basis \\\\u\\{5f53\\}\\\\u\\{756a\\} \\+81-3-1234$`,
      ),
    );
    expect(late.lines[1]).toMatch(new RegExp(`since (?:${time} = )?${time} JST = ${time} UTC, `));
    const status = await ask("GET", "/desk/status.txt?wait=0", { key });
    expect(said(status)).toEqual([503, "NIGHTDESK UNKNOWN", "20"]);
    expect(said(await ask("GET", "/desk/go.txt", { key }))).toEqual([503, "NIGHTDESK UNKNOWN", "20"]);
    expect(await commandSays(poolId, "status")).toEqual({ code: "20", word: "NIGHTDESK UNKNOWN" });
    expect(await commandSays(poolId, "go")).toEqual({ code: "20", word: "NIGHTDESK UNKNOWN" });
    expect(await commandSays(poolId, "stop", "Hung", "--wait", "1")).toEqual({
      code: "20",
      word: "NIGHTDESK UNKNOWN",
    });
    ahead = 3_700_000;
    expect(last(await ask("GET", "/desk/status.txt", { key }))).toMatch(/escalate: call Basis .* now$/);
    const env = { NIGHTDESK_URL: server.url, NIGHTDESK_POOL: poolId, NIGHTDESK_KEY: server.adminKey };
    const command = await runNightdesk(["status"], { env });
    expect(command.lines).toEqual(
      (await ask("GET", "/desk/status.txt", { key })).lines.map((line) =>
        line.replace(/asked for \d+ s ago/, command.stdout.match(/asked for \d+ s ago/)?.[0] ?? ""),
      ),
    );
    expect(await statusOf(server, poolId, job.jobId)).toBe("RUNNING");
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await waitForStatus(server, poolId, job.jobId, "CANCEL");
  // A stop of the execution that is over now is none of the next one.
  const next = await execute(server, job);
  await sleeperOf(source, next);
  const other = await ask("POST", `/desk/stop.txt?job=Hung&execution=${executionId}&wait=1`, { key });
  expect(said(other)).toEqual([202, "NIGHTDESK RUNNING", "10"]);
  expect(last(other)).toMatch(/OTHER EXECUTION: .*left alone/);
  const five = await Promise.all(
    Array.from({ length: 5 }, () => ask("POST", "/desk/stop.txt?job=Hung&wait=25", { key })),
  );
  expect(five.map(said)).toEqual(five.map(() => [200, "NIGHTDESK CLEAR", "0"]));
}, 120_000);

test("names and reasons that imitate a verdict fool nobody", async () => {
  const pool = await makePool(server, source, "Names");
  const { poolId } = pool;
  const job = await makeExtractionJob(server, pool, "plain", [sleeping]);
  // As one who writes to the server could name it, and as one who reads code page 932 would like it best.
  const evil = 'NIGHTDESK CLEAR CODE 0 STOPPED " \\ \u4f1a\u8a08';
  await server.ok("PUT", job.path, { name: evil });
  const key = await keyOf(server, { poolId, verbs: ["view", "cancel", "hold"] });
  const executionId = await execute(server, job);
  await sleeperOf(source, executionId);
  const running = await ask("GET", "/desk/status.txt", { key });
  expect(said(running)).toEqual([200, "NIGHTDESK RUNNING", "10"]);
  expect(running.lines).toHaveLength(3);
  expect(running.lines[1]).toMatch(
    /^ {2}"NIGHTDESK CLEAR CODE 0 STOPPED \\" \\\\ \\u\{4f1a\}\\u\{8a08\}" RUNNING, /,
  );
  const named = await ask(
    "POST",
    `/desk/stop.txt?job=${encodeURIComponent("NIGHTDESK CLEAR\r\nCODE 0 STOPPED")}`,
    { key },
  );
  expect(said(named)).toEqual([400, "NIGHTDESK USAGE", "50"]);
  const stopped = await ask("POST", `/desk/stop.txt?job=${encodeURIComponent(evil)}&wait=25`, {
    key,
    body: "x\r\nNIGHTDESK CLEAR\r\nCODE 0 REASON STOPPED",
  });
  expect(said(stopped)).toEqual([200, "NIGHTDESK CLEAR", "0"]);
  const receipt = await ask("GET", `/desk/receipt.txt?execution=${executionId}`, { key });
  expect(
    receipt.lines.filter((line) => line.startsWith("NIGHTDESK") || line.startsWith("CODE")),
  ).toHaveLength(2);
});

test("go: what another pool does at the same source keeps it from CLEAR, and is told only to who may see that pool", async () => {
  const own = await makePool(server, source, "Asked");
  const foreign = await makePool(server, source, "Hidden");
  const job = await makeExtractionJob(server, foreign, "secret", [sleeping]);
  const weak = await keyOf(server, { poolId: own.poolId, verbs: ["view"] });
  const both = await keyOf(
    server,
    { poolId: own.poolId, verbs: ["view"] },
    { poolId: foreign.poolId, verbs: ["view"] },
  );
  const executionId = await execute(server, job);
  await sleeperOf(source, executionId);
  const path = `/desk/go.txt?pool=${own.poolId}`;
  const hidden = await ask("GET", path, { key: weak });
  expect(said(hidden)).toEqual([200, "NIGHTDESK RUNNING", "10"]);
  expect(hidden.lines.join("\n")).toContain('another pool leads to source "ECC" too: 1 RUNNING');
  expect(hidden.lines.join("\n")).not.toContain(executionId);
  const answer = await server.call("GET", `/desk/v1/pools/${own.poolId}/go`, { key: weak });
  expect(answer.text).not.toContain(executionId);
  expect((await ask("GET", path, { key: both })).lines.join("\n")).toContain(executionId);
  expect(said(await ask("GET", path))).toEqual([200, "NIGHTDESK RUNNING", "10"]);
  expect((await ask("POST", `/desk/stop.txt?pool=${foreign.poolId}&all=true&wait=25`)).status).toBe(200);
  // Of another server nothing is known at all.
  const stranger = new pg.Client({
    ...connectionTo(source),
    ssl: false,
    application_name: `nd:${randomUUID()}`,
  });
  await stranger.connect();
  try {
    const unknown = await ask("GET", path, { key: weak });
    expect(said(unknown)).toEqual([503, "NIGHTDESK UNKNOWN", "20"]);
    expect(unknown.lines.join("\n")).toContain(
      "session of execution (not shown), which is not of this scope",
    );
  } finally {
    await stranger.end();
  }
  await until(async () => ((await ask("GET", path, { key: weak })).code === "0" ? true : null));
});

test("a declaration is REPORTED CLEAR until the source is read, and its receipt too", async () => {
  const proxy = await startProxy(source);
  const pool = await makePool(server, { ...source, host: "localhost", port: proxy.port }, "Declared");
  const { poolId } = pool;
  const job = await makeExtractionJob(server, pool, "dark", [sleeping]);
  const key = await keyOf(server, { poolId, verbs: ["view", "cancel"] });
  const executionId = await execute(server, job);
  await sleeperOf(source, executionId);
  proxy.turn("blackhole");
  expect(said(await ask("POST", "/desk/stop.txt?all=true&wait=0", { key }))).toEqual([
    202,
    "NIGHTDESK RUNNING",
    "10",
  ]);
  // The process of the pool has to be gone first.
  await until(async () => {
    const body = { because: "host down" };
    return (
      (await server.call("POST", `/desk/v1/executions/${executionId}/settle`, { body })).status === 200 ||
      null
    );
  });
  const declared = [200, "NIGHTDESK REPORTED CLEAR", "4"];
  for (const path of ["/desk/status.txt", "/desk/go.txt", `/desk/receipt.txt?execution=${executionId}`]) {
    const answer = await ask("GET", path, { key });
    expect([path, ...said(answer)]).toEqual([path, ...declared]);
  }
  expect(said(await ask("POST", "/desk/stop.txt?job=dark", { key }))).toEqual(declared);
  expect(await commandSays(poolId, "status")).toEqual({ code: "4", word: "NIGHTDESK REPORTED CLEAR" });
  proxy.heal();
  await until(async () => ((await ask("GET", "/desk/status.txt", { key })).code === "0" ? true : null));
  const receipt = await ask("GET", `/desk/receipt.txt?execution=${executionId}`, { key });
  expect(last(receipt)).toBe(
    `CODE 0 REASON receipt of execution ${executionId}, proof: declared; the source since: idle`,
  );
}, 120_000);
