/** What the calls of the table leave in the audit log: every changing route, allowed and denied, and no read. */
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DeskReport } from "../src/contract/index.ts";
import type { AuditRecord } from "../src/model/audit.ts";
import { verbs } from "../src/model/definitions.ts";
import type { Route } from "../src/server/index.ts";
import { verifyHome } from "../src/verify-home.ts";
import { makeWorld, openDeskApp, startOfTime, type Answer, type DeskApp } from "./support/desk-app.ts";
import { anEntry } from "./support/audit-home.ts";
import {
  inputOf,
  inPool,
  inWords,
  pathOf,
  verbOf,
  verbsFor,
  withHold,
  type HeldWorld,
} from "./support/route-inputs.ts";

let desk: DeskApp;
let own: HeldWorld;

beforeEach(async () => {
  desk = await openDeskApp();
  own = await withHold(desk, await makeWorld(desk, "Own"));
});
afterEach(async () => {
  // Whatever a test did, and before the next line removes it.
  expect(verifyHome(join(desk.folder, "home"))).toMatchObject({ holds: true });
  await desk.close();
});

const table = await (async () => {
  const one = await openDeskApp();
  await one.close();
  return one.app.routes;
})();
const changing = table.filter(({ method }) => method !== "GET");
const reading = table.filter(({ method }) => method === "GET");
const named = (routes: readonly Route[]) =>
  routes.map((route) => [`${route.method} ${route.path}`, route] as const);

/** Records that `work` left. */
async function recordsOf(work: () => Promise<unknown>): Promise<AuditRecord[]> {
  const { sequence } = await desk.auditLog.head();
  await work();
  const all = { from: 0, to: Number.MAX_SAFE_INTEGER, page: 0, limit: 10_000 };
  return (await desk.auditLog.records(all)).records.filter((record) => record.sequence > sequence);
}

async function request(route: Route, key: string | null): Promise<Answer> {
  const { query = "", ...content } = inputOf(route, own);
  return await desk.call(route.method, pathOf(route, own) + query, { key, ...content });
}

/** The verbs that a route needs, and no other. */
const keyFor = (route: Route): Promise<{ id: string; key: string }> =>
  desk.key([{ poolId: inPool(route) ? own.poolId : "*", verbs: verbsFor(route) }]);

test("the table has routes of both kinds, and the stops are marked", () => {
  expect(changing.length).toBeGreaterThan(20);
  expect(reading.length).toBeGreaterThan(15);
  const stops = changing.filter(({ deed }) => deed === "stop").map(({ method, path }) => `${method} ${path}`);
  expect(stops).toEqual(
    expect.arrayContaining([
      "POST /integration/api/pools/{poolId}/jobs/{jobId}/cancel",
      "POST /desk/v1/pools/{poolId}/jobs/{jobId}/stop",
    ]),
  );
  // Whatever a key needs only "cancel" for is a stop, and nothing else is.
  expect(stops).toEqual(
    changing.filter((route) => verbOf(route) === "cancel").map(({ method, path }) => `${method} ${path}`),
  );
});

test.each(named(changing))("%s, allowed: asked and done", async (name, route) => {
  const { id, key } = await keyFor(route);
  if (route.method === "DELETE" && route.path.endsWith("{dataSourceId}"))
    await desk.state.deleteJob(own.jobId);
  let answer: Answer | undefined;
  const records = await recordsOf(async () => (answer = await request(route, key)));
  const common = {
    requestId: answer?.headers.get("x-request-id"),
    key: { id, name: "test", prefix: key.slice(0, 10) },
    channel: inWords(route) ? "text" : route.path.startsWith("/desk/") ? "desk" : "wire",
    action: name,
    deed: route.deed,
    ids: expect.objectContaining(inPool(route) ? { poolId: own.poolId } : {}),
    at: startOfTime,
    late: false,
    times: 1,
  };
  expect(records).toEqual([
    expect.objectContaining({ ...common, phase: "asked", status: null, outcome: null }),
    expect.objectContaining({ ...common, phase: "done", status: 200 }),
  ]);
  expect(answer?.status).toBe(200);
});

test.each(named(changing))("%s, denied: one record, whatever is missing", async (name, route) => {
  const others = verbs.filter((verb) => verb !== verbOf(route));
  const weak = await desk.key([{ poolId: inPool(route) ? own.poolId : "*", verbs: others }]);
  const mistyped = weak.key.slice(0, -1) + (weak.key.endsWith("0") ? "1" : "0");
  const revoked = await desk.key([{ poolId: "*", verbs: [...verbs] }]);
  await desk.ok("DELETE", `/desk/v1/keys/${revoked.id}`);
  const prefixOnly = { id: null, name: null, prefix: revoked.key.slice(0, 10) };
  for (const [key, status, who] of [
    // Signing in is for every key.
    ...(verbOf(route) === "any"
      ? []
      : [[weak.key, 403, { id: weak.id, name: "test", prefix: weak.key.slice(0, 10) }] as const]),
    [revoked.key, 401, prefixOnly],
    [mistyped, 401, null],
    [null, 401, null],
  ] as const) {
    let answer: Answer | undefined;
    const records = await recordsOf(async () => (answer = await request(route, key)));
    const requestId = answer?.headers.get("x-request-id");
    expect(records).toEqual([
      expect.objectContaining({
        phase: "denied",
        status,
        // Of what is found by its id, the pool is known as soon as it is known who asks.
        ids: expect.objectContaining(inPool(route) && status === 403 ? { poolId: own.poolId } : {}),
        key: who,
        action: name,
        deed: route.deed,
        requestId,
      }),
    ]);
    expect(answer?.status).toBe(status);
  }
});

const validated = changing.filter(({ body, query }) => typeof body === "object" || query !== null);
test.each(named(validated))("%s, not well-formed: one record", async (_, route) => {
  const { key } = await keyFor(route);
  const wrong = typeof route.body === "object" ? { raw: "{" } : {};
  const query = typeof route.body === "object" ? "" : "?executionMode=SIDEWAYS&mode=SIDEWAYS&wait=x";
  const records = await recordsOf(() =>
    desk.call(route.method, pathOf(route, own) + query, { key, ...wrong }),
  );
  const status = records[0]?.status;
  expect(records.map(({ phase }) => phase)).toEqual(status === 200 ? ["asked", "done"] : ["denied"]);
  expect(status).toBe(400);
});

test.each(named(reading))(
  "%s: a read leaves nothing, but without a usable key it is recorded",
  async (_, route) => {
    const { key } = await keyFor(route);
    expect(await recordsOf(() => request(route, key))).toEqual([]);
    const guarded = route.access !== "without key";
    const records = await recordsOf(() => request(route, null));
    expect(records.map(({ phase, status }) => [phase, status])).toEqual(guarded ? [["denied", 401]] : []);
  },
);

test("what the operation found is recorded with the result", async () => {
  const at = `/integration/api/pools/${own.poolId}`;
  const made = await recordsOf(() => desk.ok("POST", `${at}/jobs`, { name: "Another" }));
  expect(made.at(-1)?.ids["madeId"]).toMatch(/^[0-9a-f-]{36}$/);
  const started = await recordsOf(() => desk.ok("POST", `${at}/jobs/${own.jobId}/execute`));
  expect(started.at(-1)).toMatchObject({ ids: { jobId: own.jobId }, executions: [expect.any(String)] });
  const twice = await recordsOf(() => desk.call("POST", `${at}/jobs/${own.jobId}/execute`));
  expect(twice).toMatchObject([{ phase: "asked" }, { phase: "done", status: 409 }]);
  const renamed = await recordsOf(() => desk.ok("PUT", at, { name: "Renamed" }));
  expect(renamed.at(-1)?.ids).toEqual({ poolId: own.poolId });

  desk.executions.frozen = true;
  const executionId = started.at(-1)?.executions[0];
  const stop = (): Promise<unknown> =>
    desk.call("POST", `/desk/v1/pools/${own.poolId}/jobs/${own.jobId}/stop`, {
      body: { reason: "24:00\r\n" },
    });
  expect((await recordsOf(stop)).at(-1)).toMatchObject({
    deed: "stop",
    channel: "desk",
    status: 202,
    outcome: "NOT PROVEN",
    because: "24:00",
    ids: { poolId: own.poolId, jobId: own.jobId },
    executions: [executionId],
  });
  desk.executions.frozen = false;
  expect((await recordsOf(() => desk.call("POST", `${at}/jobs/${own.jobId}/cancel`))).at(-1)).toMatchObject({
    deed: "stop",
    channel: "wire",
    status: 200,
    outcome: "STOPPED",
    executions: [executionId],
  });
});

test("holds, releases and settles are in the report by their words, with who, why and on what", async () => {
  const lay = (hold: object): Promise<{ id: string }> =>
    desk.ok<{ id: string }>("POST", `/desk/v1/pools/${own.poolId}/holds`, hold);
  const until = startOfTime + 3_600_000;
  const { id } = await lay({ scope: "job", id: own.jobId, reason: "patch night", until });
  const { id: whole } = await lay({ scope: "pool" });
  const release = `/desk/v1/pools/${own.poolId}/release`;
  await desk.ok("POST", release, { holds: [id], dryRun: true });
  await desk.ok("POST", release, { holds: [id, whole] });
  await desk.ok("POST", `/desk/v1/executions/${own.executionId}/settle`, { because: "host down" });
  const report = await desk.ok<DeskReport>(
    "GET",
    `/desk/v1/pools/${own.poolId}/report?from=${String(startOfTime)}&to=${String(startOfTime + 1)}`,
  );
  const onIt = { id, scope: "job", objectId: own.jobId, until };
  const onPool = { id: whole, scope: "pool", objectId: own.poolId, until: null };
  const onJob = { key: { name: "admin" }, jobId: own.jobId, jobName: "Finance", channel: "desk" };
  expect(report.holds).toMatchObject([
    { ...onJob, outcome: "HELD", because: "patch night", holds: [onIt] },
    { outcome: "HELD", holds: [onPool] },
    { ...onJob, outcome: "DRY RUN", holds: [onIt] },
    { outcome: "RELEASED", holds: [onIt, onPool] },
  ]);
  const { text } = await desk.call(
    "GET",
    `/desk/v1/pools/${own.poolId}/report?from=${String(startOfTime)}&to=${String(startOfTime + 1)}&format=text`,
  );
  const end = `${new Date(until).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const job = `job ${own.jobId} until ${end} \\(hold ${id}\\)`;
  const all = `pool until its release \\(hold ${whole}\\)`;
  for (const line of [
    `hold .* HELD, because "patch night", ${job}`,
    `hold .* HELD, ${all}`,
    `dry run .* DRY RUN, ${job}`,
    `release .* RELEASED, ${job}, ${all}`,
  ])
    expect(text).toMatch(new RegExp(`^ {2}${line}`, "m"));
  expect(text).toContain("2 holds, 1 releases, 1 dry runs, 0 holds ended by time, 1 settles");
  expect(report.settles).toMatchObject([
    { ...onJob, because: "host down", executions: [{ executionId: own.executionId }] },
  ]);
});

test("what was refused at this moment is told from what a key may not do, and says why", async () => {
  const execute = `/integration/api/pools/${own.poolId}/jobs/${own.jobId}/execute`;
  await desk.call("POST", execute, { body: { mode: "FULL" } });
  const records = await recordsOf(() => desk.call("POST", execute, { body: { mode: "FULL" } }));
  expect(records.at(-1)).toMatchObject({ phase: "done", status: 409, outcome: "JOB_ALREADY_RUNNING" });
  await desk.call("POST", execute, { body: { mode: "FULL" }, key: null });
  const path = `/desk/v1/pools/${own.poolId}/report?from=${String(startOfTime)}&to=${String(startOfTime + 1)}`;
  const report = await desk.ok<DeskReport>("GET", path);
  expect(report.denied).toMatchObject([
    { status: 409, outcome: "JOB_ALREADY_RUNNING", jobName: "Finance" },
    { status: 401, outcome: null },
  ]);
  const { text } = await desk.call("GET", `${path}&format=text`);
  expect(text).toMatch(/^ {2}refused .* job "Finance", JOB_ALREADY_RUNNING, /m);
  expect(text).toMatch(/^ {2}denied .* HTTP 401/m);
  expect(text).toContain("1 denied, 1 refused, ");
});

test("a stop without a result is in the report, and one counts where it was asked for, not where it ended", async () => {
  const stop = {
    ...anEntry({ channel: "desk", deed: "stop", action: "POST /stop", ids: { poolId: own.poolId } }),
    key: { id: own.keyId, name: "night", prefix: "ndk_abcdef" },
  };
  await desk.auditLog.append({ ...stop, phase: "asked", requestId: "cut", at: startOfTime + 10 });
  await desk.auditLog.append({ ...stop, phase: "asked", requestId: "long", at: startOfTime + 20 });
  await desk.auditLog.append({
    ...stop,
    phase: "done",
    requestId: "long",
    at: startOfTime + 200,
    status: 200,
  });
  const at = `/desk/v1/pools/${own.poolId}/report`;
  const report = (from: number, to: number): Promise<DeskReport> =>
    desk.ok("GET", `${at}?from=${String(startOfTime + from)}&to=${String(startOfTime + to)}`);
  expect((await report(10, 100)).stops).toMatchObject([
    { requestId: "cut", status: null, outcome: null, at: { ms: startOfTime + 10 } },
    { requestId: "long", status: 200, at: { ms: startOfTime + 20 } },
  ]);
  expect((await report(100, 300)).stops).toEqual([]);
  const text = await desk.call(
    "GET",
    `${at}?from=${String(startOfTime)}&to=${String(startOfTime + 100)}&format=text`,
  );
  expect(text.text).toMatch(
    / {2}stop .* key "night" by desk, POST \/stop, NO RESULT RECORDED, request cut\r\n/,
  );
});

test("a stop that finds no job is recorded as one that was asked for", async () => {
  const path = `/desk/v1/pools/${own.poolId}/jobs/${own.poolId}/stop`;
  const records = await recordsOf(() => desk.call("POST", path, { body: { reason: "midnight" } }));
  expect(records).toMatchObject([
    { phase: "asked", deed: "stop" },
    { phase: "done", deed: "stop", status: 404 },
  ]);
});

test("an error names the id that its record and its header have", async () => {
  let answer: Answer | undefined;
  const path = `/integration/api/pools/${own.poolId}/jobs/${own.poolId}`;
  const [, done] = await recordsOf(async () => (answer = await desk.call("DELETE", path)));
  expect(answer?.json).toMatchObject({ reference: done?.requestId });
  expect(answer?.headers.get("x-request-id")).toBe(done?.requestId);
  for (const strange of ["/nowhere", "/healthz/..", "/integration/api/%2e"]) {
    expect((await desk.call("GET", strange)).headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  }
});

test("names and reasons of users are shown as one line of ASCII, in quotes that they cannot end", async () => {
  const name = 'night" \\ Größe 夜';
  const { key } = await desk.ok<{ key: string }>("POST", "/desk/v1/keys", {
    name,
    grants: [{ poolId: own.poolId, verbs: ["view", "cancel"] }],
  });
  const path = `/desk/v1/pools/${own.poolId}/jobs/${own.jobId}/stop`;
  const reason = "24:00\r\nCODE 0 REASON\u2028\u001b[2J Größe";
  const [asked] = await recordsOf(() => desk.call("POST", path, { key, body: { reason } }));
  expect(asked?.key?.name).toBe(name);
  const range = `?from=${String(startOfTime - 1)}&to=${String(startOfTime + 1)}`;
  const text = await desk.call("GET", `/desk/v1/pools/${own.poolId}/report${range}&format=text`);
  expect(text.headers.get("content-type")).toBe("text/plain; charset=us-ascii");
  expect(text.text).toMatch(/^(?:[\x20-\x7e]+\r\n)+$/);
  const lines = text.text.split("\r\n");
  expect(lines.filter((line) => /^\S/.test(line))).toEqual([
    "NIGHTDESK REPORT",
    expect.stringMatching(/^CODE 0/),
  ]);
  const stop = lines.find((line) => line.startsWith("  stop "));
  expect(stop).toContain(String.raw`key "night\" \\ Gr\u{f6}\u{df}e \u{591c}" by desk`);
  expect(stop).toContain(String.raw`because "24:00 CODE 0 REASON [2J Gr\u{f6}\u{df}e"`);
});

test("no key, no password and no body is in any record", async () => {
  const canary = "CANARY-record";
  const typed = `CANARY-${"x".repeat(40)}`;
  const { key } = await keyFor(changing[0] as Route);
  await desk.call("POST", "/integration/api/pools", { key: typed, body: { name: canary } });
  await desk.call("POST", "/integration/api/pools", { key: canary, body: { name: canary } });
  await desk.call("POST", `/integration/api/pools?password=${canary}`, {
    key,
    raw: `{"password":"${canary}"`,
  });
  for (const route of changing) await request(route, desk.adminKey);
  const all = { from: 0, to: Number.MAX_SAFE_INTEGER, page: 0, limit: 10_000 };
  const { records } = await desk.auditLog.records(all);
  expect(records.length).toBeGreaterThan(50);
  const text = JSON.stringify(records);
  expect(text).not.toContain("CANARY");
  for (const secret of [key, desk.adminKey]) {
    expect(text).toContain(secret.slice(0, 10));
    expect(text).not.toContain(secret.slice(0, 11));
  }
  // The answer of the route for the log itself is looked at by the caller of these tests.
  const page = await desk.call("GET", "/desk/v1/audit?limit=1000");
  expect(page.status).toBe(200);
});

test("a flood without a key leaves a few records and one sum, and hides nobody else", async () => {
  const path = `/integration/api/pools/${own.poolId}`;
  const flood = await recordsOf(async () => {
    for (let n = 0; n < 500; n += 1) await desk.call("DELETE", path, { key: null });
  });
  expect(flood).toHaveLength(5);
  const honest = await recordsOf(() => desk.ok("PUT", path, { name: "Renamed" }));
  expect(honest).toHaveLength(2);
  desk.clock.time += 60_000;
  const [sum, own401] = await recordsOf(() => desk.call("DELETE", path, { key: null }));
  expect(sum).toMatchObject({ phase: "denied", status: 401, times: 495, requestId: null });
  expect(own401).toMatchObject({ phase: "denied", status: 401, times: 1 });
});

test("the log is read page by page and within times, and its head is the one that the verifier finds", async () => {
  desk.clock.time += 1000;
  await desk.ok("PUT", `/integration/api/pools/${own.poolId}`, { name: "Renamed" });
  const utc = new Date(startOfTime + 1000).toISOString();
  type Page = {
    records: { sequence: number; at: unknown }[];
    numOfPages: number;
    head: { sequence: number };
  };
  const page = await desk.ok<Page>("GET", `/desk/v1/audit?from=${utc}&limit=1&page=1`);
  expect(page).toMatchObject({
    numOfPages: 2,
    records: [{ sequence: page.head.sequence, at: { ms: startOfTime + 1000, utc }, phase: "done" }],
  });
  expect(await desk.ok<Page>("GET", `/desk/v1/audit?to=${utc}&limit=1000`)).toMatchObject({ numOfPages: 1 });
  expect(verifyHome(join(desk.folder, "home"))).toMatchObject({ holds: true, head: page.head });
  for (const from of [
    "yesterday",
    "2026-06-18T15:00",
    "2026-06-18",
    "2026-06-19T00:00+09:00",
    "99999999999999999",
  ]) {
    expect((await desk.call("GET", `/desk/v1/audit?from=${from}`)).status, from).toBe(400);
  }
});
