/** What the text endpoints refuse, in words, and what is set for them. Nothing of it touches a run. */
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { makeWorld, openDeskApp } from "./support/desk-app.ts";
import {
  makeExtractionJob,
  makePool,
  startTestServer,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
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

beforeAll(async () => {
  source = await createDatabase("refusals");
  await makeSmallTables(source);
  server = await startTestServer();
});
afterEach(() => {
  expect(server.reports).toEqual([]);
});
afterAll(async () => {
  await server?.stop();
  await source?.end();
});

const ask = (
  method: "GET" | "POST" | "PUT",
  path: string,
  options: { key?: string | null; body?: string; type?: string } = {},
): Promise<TextAnswer> => askText(server, method, path, { key: server.adminKey, ...options });

test("without a job a stop is USAGE and lists what runs; everything only by all=true", async () => {
  const pool = await makePool(server, source, "All");
  const { poolId } = pool;
  const one = await makeExtractionJob(server, pool, "one", [sleeping]);
  await makeExtractionJob(server, pool, "idle", ["LIKP"]);
  const executionId = await execute(server, one);
  await sleeperOf(source, executionId);
  const key = await keyOf(server, { poolId, verbs: ["view", "cancel"] });
  const wrong: [string, RegExp][] = [
    ["", /^CODE 50 REASON no job named; this runs NEXT name a job, or .*all=true/],
    ["?all=false", /no job named/],
    ["?job=", /job: has an empty value/],
    ["?job=one&execution=", /execution: has an empty value/],
    ["?job=one&exection=x", /Unrecognized key: "exection"/],
    ["?job=one&job=two", /job: /],
    ["?job=on", /no job of this pool has the name or id "on" NEXT name one of the jobs listed/],
    ["?job=one&all=true", /goes with neither a job nor an execution/],
    ["?all=yes", /all: Expected true or false/],
    ["?job=one&wait=soon", /wait: Expected a whole number/],
    ["?job=one&wait=-1", /wait: /],
    ["?pool=&job=one", /pool=ID, once and not empty/],
  ];
  for (const [query, reason] of wrong) {
    const answer = await ask("POST", `/desk/stop.txt${query}`, { key });
    expect([query, ...said(answer)]).toEqual([query, 400, "NIGHTDESK USAGE", "50"]);
    expect(last(answer)).toMatch(reason);
  }
  for (const body of ["{", '{"reason":5}', '{"raeson":"a"}', '{"reason":"a","execution":"x"}']) {
    expect(said(await ask("POST", "/desk/stop.txt?job=one", { key, body }))).toEqual([
      400,
      "NIGHTDESK USAGE",
      "50",
    ]);
  }
  const listed = await ask("POST", "/desk/stop.txt", { key });
  expect(listed.lines.slice(1, -1)).toEqual([expect.stringContaining(`"one" RUNNING`)]);
  expect(said(await ask("GET", "/desk/go.txt?connection=nowhere", { key }))).toEqual([
    400,
    "NIGHTDESK USAGE",
    "50",
  ]);
  expect(said(await ask("GET", "/desk/status.txt?job=nothing", { key }))).toEqual([
    400,
    "NIGHTDESK USAGE",
    "50",
  ]);
  expect(said(await ask("GET", "/desk/receipt.txt", { key }))).toEqual([400, "NIGHTDESK USAGE", "50"]);
  const method = await ask("GET", "/desk/stop.txt?job=one", { key });
  expect(said(method)).toEqual([405, "NIGHTDESK USAGE", "50"]);
  // Nothing of all that has touched the run.
  expect((await server.ok("GET", `/desk/v1/pools/${poolId}/status`)).jobs[0]).toMatchObject({
    status: "RUNNING",
    stopping: null,
  });
  const all = await ask("POST", "/desk/stop.txt?all=true&wait=25", {
    key,
    body: JSON.stringify({ reason: "window" }),
    type: "application/json",
  });
  expect(said(all)).toEqual([200, "NIGHTDESK CLEAR", "0"]);
  expect(last(all)).toBe("CODE 0 REASON 1 STOPPED, 1 WAS NOT RUNNING");
  // The same name twice names nobody.
  const second = await makeExtractionJob(server, pool, randomUUID(), ["LIKP"]);
  await server.ok("PUT", second.path, { name: one.jobId });
  const ambiguous = await ask("POST", `/desk/stop.txt?job=${one.jobId}`, { key });
  expect([...said(ambiguous), last(ambiguous).includes("2 jobs are meant")]).toEqual([
    400,
    "NIGHTDESK USAGE",
    "50",
    true,
  ]);
});

test("DENIED: no key 401, no right 403, a foreign pool 404 like one that is not there; several pools are to be named", async () => {
  const own = await makePool(server, source, "Own");
  const foreign = await makePool(server, source, "Foreign");
  const foreignJob = await makeExtractionJob(server, foreign, "theirs", ["LIKP"]);
  const over = await execute(server, foreignJob);
  await waitForStatus(server, foreign.poolId, foreignJob.jobId, "SUCCESS");
  const key = await keyOf(server, { poolId: own.poolId, verbs: ["view", "cancel"] });
  const blind = await keyOf(server, { poolId: own.poolId, verbs: ["cancel"] });
  const mute = await keyOf(server, { poolId: own.poolId, verbs: ["view"] });
  const calls = [
    ["GET", "/desk/status.txt"],
    ["GET", "/desk/go.txt"],
    ["POST", "/desk/stop.txt"],
  ] as const;
  for (const [method, path] of calls) {
    for (const none of [null, "ndk_wrong", `${key}x`]) {
      expect(said(await ask(method, path, { key: none }))).toEqual([401, "NIGHTDESK DENIED", "30"]);
    }
    const query = "wait=nonsense&all=true";
    const there = await ask(method, `${path}?pool=${foreign.poolId}&${query}`, { key });
    expect(said(there)).toEqual([404, "NIGHTDESK DENIED", "30"]);
    const nowhere = await ask(method, `${path}?pool=${randomUUID()}&${query}`, { key });
    expect(there).toEqual(nowhere);
  }
  for (const [method, path, weak] of [
    ["POST", "/desk/stop.txt?all=true", mute],
    ["POST", "/desk/stop.txt?all=true", blind],
    ["GET", "/desk/status.txt", blind],
    ["GET", "/desk/go.txt", blind],
  ] as const) {
    expect(said(await ask(method, path, { key: weak }))).toEqual([403, "NIGHTDESK DENIED", "30"]);
  }
  const receipt = await ask("GET", `/desk/receipt.txt?execution=${over}`, { key });
  expect(said(receipt)).toEqual([404, "NIGHTDESK DENIED", "30"]);
  expect(receipt).toEqual(await ask("GET", `/desk/receipt.txt?execution=${randomUUID()}`, { key }));
  const both = await keyOf(
    server,
    { poolId: own.poolId, verbs: ["view"] },
    { poolId: foreign.poolId, verbs: ["view"] },
  );
  const which = await ask("GET", "/desk/status.txt", { key: both });
  expect(said(which)).toEqual([400, "NIGHTDESK USAGE", "50"]);
  expect(last(which)).toContain("This key sees 2 pools. NEXT Name one with pool=ID.");
  expect(said(await ask("GET", `/desk/status.txt?pool=${own.poolId}`, { key: both }))[2]).toBe("0");
});

test("desk settings: what is no setting is refused and changes nothing; a status brings them along", async () => {
  const { poolId } = await makePool(server, source, "Settings");
  const at = `/desk/v1/pools/${poolId}/settings`;
  const none = { zone: null, hours24to47: false, contact: null, escalateAfterSeconds: null };
  expect(await server.ok("GET", at)).toEqual(none);
  const set = { zone: "Europe/Berlin", hours24to47: false, contact: "Basis", escalateAfterSeconds: 600 };
  expect(await server.ok("PUT", at, set)).toEqual(set);
  for (const wrong of [
    { zone: "Mars/Olympus" },
    { zone: "+09:00" },
    { zone: "" },
    { zone: "JST-9\r\nX" },
    { hours24to47: true },
    { zone: "Asia/Tokyo", hours24to47: "yes" },
    { contact: "x".repeat(121) },
    { escalateAfterSeconds: 60 },
    { contact: "x", escalateAfterSeconds: -1 },
    { contact: "x", escalateAfterSeconds: 1.5 },
    { contact: "x", escalateAfterSeconds: 86_401 },
    { zones: "Asia/Tokyo" },
  ]) {
    expect([wrong, (await server.call("PUT", at, { body: wrong })).status]).toEqual([wrong, 400]);
  }
  expect(await server.ok("GET", at)).toEqual(set);
  expect((await server.ok("GET", `/desk/v1/pools/${poolId}/status`)).settings).toEqual(set);
  expect((await server.ok("GET", `/desk/v1/pools/${poolId}/go`)).settings).toEqual(set);
  expect(await server.ok("PUT", at, { zone: null, contact: " ", escalateAfterSeconds: null })).toEqual(none);
});

test("a fault of the server is UNKNOWN, 503 or 500, with whom to call, and tells nothing of the inside", async () => {
  const desk = await openDeskApp();
  try {
    const { poolId, executionId } = await makeWorld(desk, "Broken");
    const own = { zone: null, hours24to47: false, contact: "Basis 4711", escalateAfterSeconds: null };
    await desk.state.saveDeskSettings(poolId, own);
    const broken = (): Promise<never> => Promise.reject(new Error("SQLITE_IOERR at /var/inside"));
    const { poolStatus, execution, pools } = desk.state;
    Object.assign(desk.state, { poolStatus: broken });
    for (const [method, path] of [
      ["GET", "/desk/status.txt?wait=5"],
      ["POST", "/desk/stop.txt?all=true"],
      ["GET", "/desk/go.txt"],
    ] as const) {
      const answer = await desk.call(method, path);
      expect([path, answer.status, answer.headers.get("x-nightdesk-code")]).toEqual([path, 503, "20"]);
      expect(answer.text).toMatch(
        /^NIGHTDESK UNKNOWN\r\nCODE 20 REASON .*a fault of the server, .* escalate: call Basis 4711 now\r\n$/,
      );
    }
    Object.assign(desk.state, { poolStatus, execution: broken, pools: broken });
    for (const path of ["/desk/status.txt", `/desk/receipt.txt?execution=${executionId}`]) {
      const answer = await desk.call("GET", path);
      expect([path, answer.status, answer.headers.get("x-nightdesk-code")]).toEqual([path, 500, "20"]);
      expect(answer.text).toMatch(/^NIGHTDESK UNKNOWN\r\nCODE 20 REASON a fault of the server; .*\r\n$/);
      expect(answer.text).not.toContain("inside");
    }
    Object.assign(desk.state, { execution, pools });
    expect(desk.reports.every((line) => line.includes("/var/inside"))).toBe(true);
    expect(desk.reports).toHaveLength(5);
    const large = await desk.call("POST", "/desk/stop.txt?all=true", { raw: "x".repeat(1024 * 1024 + 1) });
    expect([large.status, large.headers.get("connection"), large.text.split("\r\n")[0]]).toEqual([
      400,
      "close",
      "NIGHTDESK USAGE",
    ]);
    // A record that cannot be written keeps no stop back.
    Object.assign(desk.auditLog, { append: broken });
    expect((await desk.call("POST", "/desk/stop.txt?all=true")).headers.get("x-nightdesk-code")).toBe("0");
  } finally {
    await desk.close();
  }
});
