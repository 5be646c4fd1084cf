/** A key for named jobs against every route of the table: the other jobs of its pool are not there for it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import type { DeskGo, DeskHold, DeskReceipt, DeskStatus } from "../src/contract/index.ts";
import { sourceTag } from "../src/model/execution.ts";
import type { Verb } from "../src/model/definitions.ts";
import type { Route } from "../src/server/index.ts";
import { makeJob, makeWorld, openDeskApp, type Answer, type DeskApp } from "./support/desk-app.ts";
import { inputOf, inPool, pathOf, withHold, type HeldWorld } from "./support/route-inputs.ts";
import { aHold, anExecution } from "./support/state-fixtures.ts";

let desk: DeskApp;
let own: HeldWorld;
/** Of the same pool and connection. */
let other: HeldWorld;

beforeEach(async () => {
  desk = await openDeskApp();
  own = await withHold(desk, await makeWorld(desk, "Own"));
  other = { ...own, ...(await makeJob(desk, own, "Hidden job")) };
  const hold = aHold(own.poolId, { scope: "job", objectId: other.jobId, because: "Hidden reason" });
  await desk.state.insertHold(hold);
  other.holdId = hold.id;
});

afterEach(async () => {
  await desk.close();
});

const table = await (async () => {
  const one = await openDeskApp();
  await one.close();
  return one.app.routes;
})();
const guarded = table.filter((route) => route.access !== "without key");
const nameOf = (route: Route): string => `${route.method} ${route.path.replace(/^.*\{poolId\}/, "POOL")}`;

const verbsOfJobs: Verb[] = ["view", "execute", "cancel", "hold", "settle"];
const keyOf = async (verbs: Verb[], jobs = [own.jobId]): Promise<string> =>
  (await desk.key([{ poolId: own.poolId, verbs }], undefined, { jobs })).key;

async function request(
  route: Route,
  key: string,
  world: HeldWorld,
  replaced: Partial<Record<string, string>> = {},
): Promise<Answer> {
  const { query = "", ...content } = inputOf(route, { ...world, ...replaced });
  return await desk.call(route.method, pathOf(route, world, replaced) + query, { key, ...content });
}

function comparable(answer: Answer): unknown {
  const headers = { ...Object.fromEntries(answer.headers), "x-request-id": "" };
  // What the caller itself sent is said back to it.
  const text = answer.text.replace(/"reference":"[^"]*"/, "").replace(/has the name or id "[^"]*"/, "");
  return [answer.status, text, headers];
}

async function everything(): Promise<unknown> {
  const { state } = desk;
  const jobs = await state.jobs(own.poolId);
  const tasks = (await Promise.all(jobs.map((job) => state.tasks(job.id)))).flat();
  const keys = (await state.keys()).map((key) => ({ ...key, lastUsedAt: null }));
  const pools = await state.pools();
  const status = await state.poolStatus(own.poolId);
  return [pools, jobs, tasks, keys, status, await state.holds(own.poolId, desk.clock.time)];
}

/** Of the table what a key with view and cancel for one job may: a new route is refused until it stands here. */
const passes = [
  "GET /api/cloud",
  "GET /api/cloud/permissions",
  "GET /api/cloud/team",
  "GET /api/team",
  "GET /desk/receipt.txt",
  "GET /desk/session",
  "POST /desk/session",
  "DELETE /desk/session",
  "GET /desk/v1/about",
  "GET /integration/api/pools",
  "GET POOL",
  "GET POOL/data-sources",
  "GET POOL/jobs",
  "GET POOL/jobs/{jobId}",
  "POST /desk/stop.txt",
  "POST POOL/jobs/{jobId}/cancel",
  "GET POOL/jobs/{jobId}/tasks",
  "GET POOL/jobs/{jobId}/transformations/{taskId}/statement",
  "GET POOL/jobs/{jobId}/extractions/{taskId}/expanded",
  "GET POOL/jobs/{jobId}/extractions/{taskId}/tables",
  "GET POOL/jobs/{jobId}/extractions/{taskId}/tables/{tableId}",
  "GET POOL/tasks/{taskId}/variables",
  "GET POOL/logs/status",
  "GET POOL/logs/{jobId}/executions",
  "GET POOL/logs/executions",
  "GET POOL/logs/executions/detail",
  "GET POOL/status",
  "GET POOL/events",
  "POST POOL/jobs/{jobId}/stop",
  "GET POOL/holds",
  "GET /desk/v1/executions/{executionId}/receipt",
];

test("an operator's key for one job: every route but the named ones is refused, and none shows another job", async () => {
  const key = await keyOf(["view", "cancel"]);
  // Something of the other job for every list: it waits, is held, and has a session at the source.
  const execute = `/integration/api/pools/${own.poolId}/jobs/${other.jobId}/execute`;
  await desk.state.endHolds(own.poolId, [other.holdId], desk.clock.time, "test");
  const { executionId } = await desk.ok<{ executionId: string }>("POST", execute);
  await desk.state.insertHold(aHold(own.poolId, { scope: "job", objectId: other.jobId, because: "Hidden" }));
  const passed: string[] = [];
  for (const route of guarded) {
    const answer = await request(route, key, own);
    expect([nameOf(route), answer.status]).toEqual([nameOf(route), answer.status === 200 ? 200 : 403]);
    if (answer.status === 200) passed.push(nameOf(route));
    for (const hidden of ["Hidden", executionId, ...hiddenIds()])
      expect([nameOf(route), answer.text.includes(hidden)]).toEqual([nameOf(route), false]);
  }
  expect(passed.toSorted()).toEqual(passes.toSorted());
});

function hiddenIds(): string[] {
  return [
    other.jobId,
    other.taskId,
    other.transformationId,
    other.executionId,
    other.holdId,
    other.variableId,
  ];
}

test("the same table shows the other job to a key for the whole pool: the test looks where it is", async () => {
  const { key } = await desk.key([{ poolId: own.poolId, verbs: ["view", "cancel"] }]);
  const shown = new Set<string>();
  for (const route of guarded) {
    if (route.method !== "GET") continue;
    const answer = await request(route, key, own);
    if (answer.text.includes("Hidden") || answer.text.includes(other.jobId)) shown.add(nameOf(route));
  }
  expect([...shown]).toEqual(
    expect.arrayContaining(["GET POOL/jobs", "GET POOL/logs/status", "GET POOL/status", "GET POOL/holds"]),
  );
});

const named = guarded.filter(inPool).map((route) => [nameOf(route), route] as const);

test.each(named)("%s: another job of the pool is like one that is not there", async (_, route) => {
  const key = await keyOf(verbsOfJobs);
  const before = await everything();
  const answer = await request(route, key, other);
  const absent = {
    jobId: newId(),
    taskId: newId(),
    tableId: newId(),
    variableId: newId(),
    statementId: newId(),
    executionId: newId(),
    holdId: newId(),
  };
  expect(comparable(answer)).toEqual(comparable(await request(route, key, other, absent)));
  const names = /\{(jobId|taskId|executionId)\}/.test(route.path) || /logs\/executions/.test(route.path);
  // A name that means no job is a wrong command to the desk, whoever asks.
  const inWords = route.answer === "verdict" ? [400] : [];
  expect(names ? [404] : [200, 403, 404, ...inWords]).toContain(answer.status);
  expect(await everything()).toEqual(before);
});

test("what it may is done: start, stop, hold and release its job", async () => {
  const key = await keyOf(verbsOfJobs);
  const at = `/integration/api/pools/${own.poolId}`;
  const desks = `/desk/v1/pools/${own.poolId}`;
  expect((await desk.call("POST", `${at}/jobs/${own.jobId}/execute`, { key })).status).toBe(200);
  expect((await desk.call("POST", `${desks}/jobs/${own.jobId}/stop`, { key })).json).toMatchObject({
    outcome: "STOPPED",
  });
  const hold = { scope: "job", id: own.jobId.toUpperCase(), reason: "night" };
  const laid = await desk.call("POST", `${desks}/holds`, { key, body: hold });
  expect([laid.status, laid.json]).toEqual([200, expect.objectContaining({ objectId: own.jobId })]);
  const { id } = laid.json as DeskHold;
  const seen = (await desk.call("GET", `${desks}/holds`, { key })).json as DeskHold[];
  expect(seen.map((one) => one.id)).toEqual([id]);
  const both = await desk.call("POST", `${desks}/release`, { key, body: { holds: [id, other.holdId] } });
  expect(both.status).toBe(404);
  expect((await desk.call("POST", `${desks}/release`, { key, body: { holds: [id] } })).status).toBe(200);
});

test("holds of its pool and connection are seen, because they hold its job, and are not its to lay or release", async () => {
  const key = await keyOf(verbsOfJobs);
  const desks = `/desk/v1/pools/${own.poolId}`;
  const objects = { pool: own.poolId, connection: own.dataSourceId } as const;
  for (const [scope, objectId] of Object.entries(objects)) {
    const refused = await desk.call("POST", `${desks}/holds`, { key, body: { scope, id: objectId } });
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining("named data jobs")]);
    const hold = await desk.ok<DeskHold>("POST", `${desks}/holds`, { scope, id: objectId });
    const seen = (await desk.call("GET", `${desks}/holds`, { key })).json as DeskHold[];
    expect(seen.map(({ id }) => id)).toEqual([hold.id]);
    const release = await desk.call("POST", `${desks}/release`, { key, body: { holds: [hold.id] } });
    expect(release.status).toBe(403);
    await desk.ok("POST", `${desks}/release`, { holds: [hold.id] });
  }
});

test("status says that it is not all of the pool; go answers of one job, and not of a source", async () => {
  const key = await keyOf(["view"]);
  const desks = `/desk/v1/pools/${own.poolId}`;
  const status = (await desk.call("GET", `${desks}/status`, { key })).json as DeskStatus;
  expect([status.partial, status.jobs.map(({ id }) => id)]).toEqual([true, [own.jobId]]);
  expect((await desk.ok<DeskStatus>("GET", `${desks}/status`)).partial).toBe(false);
  for (const query of ["", `?connection=${own.dataSourceId}`])
    expect((await desk.call("GET", `${desks}/go${query}`, { key })).status).toBe(403);
  expect((await desk.call("GET", `${desks}/go?job=${other.jobId}`, { key })).status).toBe(404);
  desk.source.tags = [own.executionId, other.executionId, newId()].map(sourceTag);
  const go = (await desk.call("GET", `${desks}/go?job=${own.jobId.toUpperCase()}`, { key })).json as DeskGo;
  expect(go.jobs.map(({ id }) => id)).toEqual([own.jobId]);
  expect(go.sources.map(({ executionIds }) => executionIds)).toEqual([[own.executionId]]);
  const two = await desk.call("GET", `${desks}/go?job=${own.jobId}&connection=${own.dataSourceId}`);
  expect(two.status).toBe(400);
});

test("a receipt names of what waits and is held only what is of its jobs", async () => {
  const key = await keyOf(["view"]);
  await desk.state.endHolds(own.poolId, [other.holdId], desk.clock.time, "test");
  const job = await desk.state.job(other.jobId);
  if (job !== null) await desk.state.enqueue(anExecution(job));
  const path = `/desk/v1/executions/${own.executionId}/receipt`;
  expect((await desk.ok<DeskReceipt>("GET", path)).next).toHaveLength(1);
  expect(((await desk.call("GET", path, { key })).json as DeskReceipt).next).toEqual([]);
});

test("a name in the query does not open what is of the whole pool", async () => {
  const key = await keyOf(verbsOfJobs);
  const query = `?job=${own.jobId}&jobId=${own.jobId}&executionId=${own.executionId}&execution=${own.executionId}`;
  const stop = await desk.call("POST", `/desk/v1/pools/${own.poolId}/stop${query}`, { key });
  expect([stop.status, desk.executions.stops]).toEqual([403, []]);
  const twice = `?executionId=${own.executionId}&executionId=${other.executionId}`;
  const logs = `/integration/api/pools/${own.poolId}/logs/executions`;
  expect((await desk.call("GET", logs + twice, { key })).status).toBe(400);
  const spelled = `?executionId=${other.executionId.toUpperCase()}`;
  expect((await desk.call("GET", logs + spelled, { key })).status).toBe(404);
});

test("the jobs of a key are there, in its pools, and its verbs can be kept to them; else nothing is made", async () => {
  const foreign = await makeWorld(desk, "Foreign");
  const make = async (jobs: unknown, grants: unknown): Promise<Answer> =>
    await desk.call("POST", "/desk/v1/keys", { body: { name: "x", grants, jobs } });
  const view = [{ poolId: own.poolId, verbs: ["view"] }];
  const before = await everything();
  for (const [jobs, grants, attribute] of [
    [[], view, "jobs"],
    [[newId()], view, "jobs"],
    [[own.jobId, foreign.jobId], view, "jobs"],
    [own.jobId, view, "jobs"],
    [[own.jobId], [{ poolId: "*", verbs: ["view"] }], "grants"],
    [[own.jobId], [...view, { poolId: "*", verbs: ["view"] }], "grants"],
    [[own.jobId], [{ poolId: own.poolId, verbs: ["view", "edit"] }], "grants"],
    [[own.jobId], [{ poolId: own.poolId, verbs: ["admin"] }], "grants"],
  ] as const) {
    const answer = await make(jobs, grants);
    expect([answer.status, answer.json]).toMatchObject([400, { errors: [{ attribute }] }]);
  }
  expect(await everything()).toEqual(before);
  const both = [...view, { poolId: foreign.poolId, verbs: ["view"] }];
  expect((await make([own.jobId, foreign.jobId], both)).status).toBe(200);
});
