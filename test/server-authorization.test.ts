/** Every route of the table against every kind of key: only the right one passes the door. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Clock } from "../src/base/clock.ts";
import { newId } from "../src/base/ids.ts";
import { ensureAdminKey } from "../src/engine/keys.ts";
import { verbs } from "../src/model/definitions.ts";
import { routerOf } from "../src/server/app.ts";
import type { Door } from "../src/server/door.ts";
import type { Route } from "../src/server/index.ts";
import {
  makeWorld,
  openDeskApp,
  startOfTime,
  type Answer,
  type DeskApp,
  type World,
} from "./support/desk-app.ts";
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
let foreign: HeldWorld;

beforeEach(async () => {
  desk = await openDeskApp();
  own = await withHold(desk, await makeWorld(desk, "Own"));
  foreign = await withHold(desk, await makeWorld(desk, "Foreign"));
});

afterEach(async () => {
  await desk.close();
});

/** The table, read once to name the tests; each test then has an app of its own. */
const table = await (async () => {
  const one = await openDeskApp();
  await one.close();
  return one.app.routes;
})();
const guarded = table.filter((route) => route.access !== "without key");
const named = guarded.map((route) => [`${route.method} ${route.path}`, route] as const);

async function request(
  route: Route,
  key: string | null,
  world: HeldWorld = own,
  replaced: Partial<Record<string, string>> = {},
): Promise<Answer> {
  const { query = "", ...content } = inputOf(route, { ...world, ...replaced });
  return await desk.call(route.method, pathOf(route, world, replaced) + query, { key, ...content });
}

const unauthorized = (route: Route): string =>
  inWords(route)
    ? "NIGHTDESK DENIED\r\nCODE 30 REASON the key is missing, wrong, expired or revoked NEXT ask the data engineer for a key that is valid for this pool\r\n"
    : '{"error":"Unauthorized"}';

/** The answer without the one thing that may differ: the id of the request. */
function comparable(answer: Answer): unknown {
  const headers = { ...Object.fromEntries(answer.headers), "x-request-id": "" };
  return [answer.status, answer.text.replace(/"reference":"[^"]*"/, ""), headers];
}

async function everything(): Promise<unknown> {
  const { state } = desk;
  const pools = await state.pools();
  const perPool = pools.map(async ({ id }) => {
    const jobs = await state.jobs(id);
    const tasks = (await Promise.all(jobs.map((job) => state.tasks(job.id)))).flat();
    const ofTasks = tasks.map(async (task) => [
      await state.tables(task.id),
      await state.variables(task.id),
      await state.extractionConfiguration(task.id),
    ]);
    const holds = await state.holds(id, desk.clock.time);
    return [
      await state.dataSources(id),
      jobs,
      tasks,
      await Promise.all(ofTasks),
      holds,
      await state.poolStatus(id),
    ];
  });
  const keys = (await state.keys()).map((key) => ({ ...key, lastUsedAt: null }));
  return [pools, await Promise.all(perPool), keys, await state.activeExecutions()];
}

test("the matrix looks at a whole table", () => {
  expect(guarded.length).toBeGreaterThan(40);
  expect(table.filter((route) => route.access === "without key").map((route) => route.path)).toEqual([
    "/healthz",
    "/",
    "/assets/{file}",
  ]);
});

test.each([
  ["no access", { access: undefined }, "declares no verb"],
  ["an access without a verb", { access: { on: "team" } }, "declares no verb"],
  ["a verb that is none", { access: { verb: "look", on: "team" } }, "declares no verb"],
  ["a pool that its path does not name", { access: { verb: "view", on: "pool" } }, "does not fit"],
  ["a body that it does not read", { access: { verb: "edit", on: "pool of body" } }, "does not fit"],
  ["an execution that its path does not name", { access: { verb: "view", on: "execution by id" } }, "fit"],
  ["a pool it takes for the team's", { path: "/x/{poolId}" }, "does not fit"],
  ["a path that is taken", { path: "/healthz" }, "declared twice"],
])("a table with a route of %s does not start", (_, wrong, why) => {
  const base = table.find(({ path }) => path === "/desk/v1/about");
  const start = (change: object) => () => {
    const added = { ...base, path: "/x", ...change } as unknown as Route;
    return routerOf([...table, added], {} as Door, {} as Parameters<typeof routerOf>[2]);
  };
  expect(start({})).not.toThrow();
  expect(start(wrong)).toThrow(why);
});

test.each(named)("%s: no usable key is a 401 that does not say why", async (_, route) => {
  const scope = inPool(route) ? own.poolId : "*";
  const { key } = await desk.key([{ poolId: scope, verbs: [...verbs] }]);
  const expired = await desk.key([{ poolId: "*", verbs: [...verbs] }], startOfTime + 1000);
  const revoked = await desk.key([{ poolId: "*", verbs: [...verbs] }]);
  // Used once, they are known; that must not keep them.
  for (const used of [expired, revoked])
    expect((await desk.call("GET", "/api/cloud", { key: used.key })).status).toBe(200);
  await desk.ok("DELETE", `/desk/v1/keys/${revoked.id}`);
  desk.clock.time += 1000;
  const before = await everything();
  const mistyped = key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
  const unknown = "CANARY-a-text-of-the-right-length-but-unknown";
  for (const unusable of [null, mistyped, unknown, expired.key, revoked.key]) {
    const answer = await request(route, unusable);
    expect([answer.status, answer.text]).toEqual([401, unauthorized(route)]);
  }
  expect(await everything()).toEqual(before);
});

test.each(named.filter(([, route]) => verbOf(route) !== "any"))(
  "%s: every verb but the right one is a 403",
  async (_, route) => {
    const others = verbs.filter((verb) => verb !== verbOf(route));
    const { key } = await desk.key([{ poolId: inPool(route) ? own.poolId : "*", verbs: others }]);
    const before = await everything();
    const answer = await request(route, key);
    expect([answer.status, answer.text]).toEqual([
      403,
      expect.stringMatching(
        inWords(route) ? /^NIGHTDESK DENIED\r\nCODE 30 REASON .*\r\n$/ : /"errorCode":"ADMIN_ACCESS_ERROR"/,
      ),
    ]);
    expect(await everything()).toEqual(before);
  },
);

test.each(named.filter(([, route]) => inPool(route)))(
  "%s: a foreign pool is like one that is not there",
  async (_, route) => {
    const { key } = await desk.key([{ poolId: foreign.poolId, verbs: [...verbs] }]);
    const absent = { poolId: newId(), dataSourceId: newId(), executionId: newId() };
    const before = await everything();
    const unseen = await request(route, key);
    expect(unseen.status).toBe(404);
    expect(comparable(unseen)).toEqual(comparable(await request(route, key, own, absent)));
    // Nor does the key for everything learn more of a pool that is not there.
    expect(comparable(unseen)).toEqual(comparable(await request(route, desk.adminKey, own, absent)));
    expect(await everything()).toEqual(before);
  },
);

const ofTeam = named.filter(([, route]) => !inPool(route) && verbOf(route) !== "any");
test.each(ofTeam)("%s: rights on a pool are none on the team", async (_, route) => {
  const { key } = await desk.key([{ poolId: own.poolId, verbs: [...verbs] }]);
  const before = await everything();
  expect((await request(route, key)).status).toBe(403);
  expect(await everything()).toEqual(before);
});

test.each(named)("%s: the right verb alone passes", async (_, route) => {
  const { key } = await desk.key([{ poolId: inPool(route) ? own.poolId : "*", verbs: verbsFor(route) }]);
  // A connection that a job names is not deleted.
  if (route.method === "DELETE" && route.path.endsWith("{dataSourceId}"))
    await desk.state.deleteJob(own.jobId);
  const answer = await request(route, key);
  // The one that clients want a 403 of, whoever asks.
  const right = route.path === "/api/team/cui-settings/cui-pdf-cover" ? 403 : 200;
  expect([answer.status, answer.text]).toEqual([right, expect.anything()]);
  expect(desk.reports).toEqual([]);
});

const nested = named.flatMap(([name, route]) =>
  [...route.path.matchAll(/\{(\w+)\}/g)]
    .map((match) => match[1] ?? "")
    .filter((id) => id !== "poolId" && id !== "type" && id !== "keyId" && route.path.includes("{poolId}"))
    .map((id) => [name, id, route] as const),
);

test.each(nested)("%s: a foreign %s under an own pool is unknown", async (_, id, route) => {
  const both = await desk.key([
    { poolId: own.poolId, verbs: [...verbs] },
    { poolId: foreign.poolId, verbs: [...verbs] },
  ]);
  const before = await everything();
  const transformation = /transformations|workbench/.test(route.path);
  const counterpart =
    id === "taskId" && transformation ? foreign.transformationId : foreign[id as keyof World];
  const answer = await request(route, both.key, own, { [id]: counterpart });
  expect(answer.status).toBe(404);
  expect(comparable(answer)).toEqual(comparable(await request(route, both.key, own, { [id]: newId() })));
  expect(await everything()).toEqual(before);
});

test("ids in query and body are checked against the pool of the path", async () => {
  const at = `/integration/api/pools/${own.poolId}`;
  const job = `${at}/jobs/${own.jobId}`;
  const before = await everything();
  const constant = { name: "x", type: "PRIVATE_CONSTANT", dataType: "STRING" };
  const greatest = {
    ...constant,
    type: "DYNAMIC",
    dynamicVariableOpType: "FIND_MAX",
    dynamicTable: "BSEG",
    dynamicColumn: "gjahr",
  };
  const refused: [string, string, unknown?][] = [
    ["GET", `${at}/logs/executions?executionId=${foreign.executionId}&type=TASK`],
    ["GET", `${at}/logs/executions?executionId=${own.executionId}&type=TASK&id=${foreign.jobId}`],
    ["GET", `${at}/logs/executions/detail?executionId=${foreign.executionId}`],
    ["GET", `${at}/columns?tableName=BKPF&schemaName=${foreign.dataSourceId}`],
    ["GET", `${at}/columns?tableName=BKPF&schemaName=${foreign.poolId}`],
    ["GET", `${at}/data-sources/${own.dataSourceId}/search-tables?extractionId=${foreign.taskId}`],
    ["POST", `${at}/jobs`, { name: "x", dataPoolId: foreign.poolId }],
    ["POST", `${at}/jobs`, { name: "x", dataSourceId: foreign.dataSourceId }],
    ["PUT", job, { dataSourceId: foreign.dataSourceId }],
    ["PUT", job, { dataPoolId: foreign.poolId }],
    ["POST", `${job}/execute`, { poolId: foreign.poolId }],
    ["POST", `${job}/execute`, { jobId: foreign.jobId }],
    ["POST", `${job}/execute`, { dataSourceId: foreign.dataSourceId }],
    ["POST", `${job}/tasks`, { taskType: "TRANSFORMATION", name: "x", jobId: foreign.jobId }],
    ["POST", `${job}/extractions/${own.taskId}/tables`, [{ tableName: "X", taskId: foreign.taskId }]],
    ["PUT", `${job}/extractions/${own.taskId}/tables`, [{ id: own.tableId }, { id: foreign.tableId }]],
    ["GET", `/desk/v1/pools/${own.poolId}/go?connection=${foreign.dataSourceId}`],
    ["POST", `/desk/v1/pools/${own.poolId}/holds`, { scope: "job", id: foreign.jobId }],
    ["POST", `/desk/v1/pools/${own.poolId}/holds`, { scope: "connection", id: foreign.dataSourceId }],
    ["POST", `/desk/v1/pools/${own.poolId}/release`, { holds: [own.holdId, foreign.holdId] }],
    ["POST", `${at}/tasks/${own.taskId}/variables`, { ...constant, poolId: foreign.poolId }],
    ["POST", `${at}/tasks/${own.taskId}/variables`, { ...constant, taskId: foreign.taskId }],
    [
      "POST",
      `${at}/tasks/${own.taskId}/variables`,
      { ...constant, values: [{ taskInstanceId: foreign.taskId }] },
    ],
    [
      "POST",
      `${at}/tasks/${own.taskId}/variables`,
      { ...greatest, dynamicDataSourceId: foreign.dataSourceId },
    ],
    ["PUT", `${at}/tasks/${own.taskId}/variables/${own.variableId}`, { id: foreign.variableId }],
    ["PUT", `${at}/tasks/${own.transformationId}/variables/${own.variableId}`, { name: "of another task" }],
    ["PUT", `/integration/api/datasource/POSTGRESQL/${own.dataSourceId}`, { poolId: foreign.poolId }],
    ["PUT", `/integration/api/datasource/POSTGRESQL/${own.dataSourceId}`, { id: foreign.dataSourceId }],
  ];
  for (const [method, path, body] of refused) {
    const answer = await desk.call(method, path, { body });
    expect([method, path, answer.status]).toEqual([method, path, 404]);
  }
  expect(await everything()).toEqual(before);
});

test("an operator's key sees and cancels in its pool, and is refused everywhere else", async () => {
  const { key } = await desk.key([{ poolId: own.poolId, verbs: ["view", "cancel"] }]);
  const passed = new Set<string>();
  for (const route of guarded) {
    const { status } = await request(route, key);
    expect([200, 403]).toContain(status);
    if (status === 200) passed.add(`${route.method} ${verbOf(route)}`);
  }
  // Signing in and out is for every key.
  expect(passed).toEqual(new Set(["GET view", "GET any", "POST cancel", "POST any", "DELETE any"]));
  const blind = await desk.key([
    { poolId: own.poolId, verbs: ["view"] },
    { poolId: foreign.poolId, verbs: ["cancel"] },
  ]);
  const seen = await desk.call("GET", "/integration/api/pools", { key: blind.key });
  expect((seen.json as { id: string }[]).map((pool) => pool.id)).toEqual([own.poolId]);
  const pools = await desk.call("GET", "/integration/api/pools", { key });
  expect((pools.json as { id: string }[]).map((pool) => pool.id)).toEqual([own.poolId]);
  const asked = await desk.call("GET", `/integration/api/pools?poolIds=${foreign.poolId}`, { key });
  expect(asked.json).toEqual([]);
});

test("the key counts only in its header, in both schemes and any case", async () => {
  const path = "/api/cloud";
  for (const scheme of ["AppKey", "appkey", "Bearer", "BEARER"])
    expect((await desk.call("GET", path, { scheme })).status).toBe(200);
  const wrong = await desk.call("GET", path, { scheme: "Basic" });
  expect([wrong.status, wrong.headers.get("content-type")?.startsWith("text/plain")]).toEqual([401, true]);
  expect(wrong.text).toBe(
    'Invalid "Authorization" header format. Should start either with "Bearer " or "AppKey " (case insensitive).',
  );
  const inQuery = await desk.call("GET", `${path}?Authorization=AppKey%20x&apiToken=${desk.adminKey}`, {
    key: null,
  });
  expect(inQuery.status).toBe(401);
});

test("the first admin key is made once, or taken over from the configuration", async () => {
  const { state, clock } = desk;
  const at: Clock = { now: () => clock.time, monotonic: () => 0, sleep: () => Promise.resolve() };
  expect(await ensureAdminKey(state, at, null)).toBeNull();
  const given = "0123456789abcdef0123456789abcdef";
  for (let start = 0; start < 2; start += 1) expect(await ensureAdminKey(state, at, given)).toBeNull();
  expect((await desk.call("GET", "/desk/v1/keys", { key: given })).status).toBe(200);
  const all = await state.keys();
  expect(all.filter((key) => key.name === "admin")).toHaveLength(2);
  for (const key of all) await state.revokeKey(key.id, clock.time);
  await expect(ensureAdminKey(state, at, given)).rejects.toMatchObject({ kind: "conflict" });
  await expect(ensureAdminKey(state, at, "short")).rejects.toMatchObject({ kind: "invalid" });
  const next = await ensureAdminKey(state, at, null);
  expect((await desk.call("GET", "/desk/v1/keys", { key: next })).status).toBe(200);
});

test("a key cannot be made for a pool that is not there, nor expire in the past; its text is shown once", async () => {
  const grant = (poolId: string): unknown => ({ name: "x", grants: [{ poolId, verbs: ["view"] }] });
  expect((await desk.call("POST", "/desk/v1/keys", { body: grant(newId()) })).status).toBe(400);
  const past = { ...(grant("*") as object), expiresAt: startOfTime };
  expect((await desk.call("POST", "/desk/v1/keys", { body: past })).status).toBe(400);
  const made = await desk.key([{ poolId: own.poolId, verbs: ["view"] }]);
  expect(made.key).toMatch(/^ndk_[0-9A-Za-z]{49}$/);
  expect((await desk.call("GET", "/desk/v1/keys")).text).not.toContain(made.key.slice(12));
  await desk.call("GET", "/api/cloud", { key: made.key });
  const used = (await desk.state.keys()).find((key) => key.id === made.id)?.lastUsedAt;
  desk.clock.time += 59_999;
  await desk.call("GET", "/api/cloud", { key: made.key });
  expect((await desk.state.keys()).find((key) => key.id === made.id)?.lastUsedAt).toBe(used);
  desk.clock.time += 1;
  await desk.call("GET", "/api/cloud", { key: made.key });
  expect((await desk.state.keys()).find((key) => key.id === made.id)?.lastUsedAt).toBe(desk.clock.time);
});

test("the list of keys says what each is recognised by, when it was used, and until when it lasts", async () => {
  type Listed = { id: string; prefix: string } & Record<string, number | string | null>;
  const made = await desk.key([{ poolId: own.poolId, verbs: ["view"] }], startOfTime + 5000);
  const listed = async (): Promise<Listed | undefined> =>
    (await desk.ok<Listed[]>("GET", "/desk/v1/keys")).find(({ id }) => id === made.id);
  const fresh = { expiresAt: startOfTime + 5000, lastUsedAt: null, revokedAt: null, createdAt: startOfTime };
  const first = await listed();
  expect(first).toMatchObject(fresh);
  expect(made.key.startsWith(first?.prefix ?? "-")).toBe(true);
  expect(first?.prefix.length).toBeGreaterThan(5);
  desk.clock.time += 1000;
  await desk.call("GET", "/api/cloud", { key: made.key });
  expect(await listed()).toMatchObject({ ...fresh, lastUsedAt: startOfTime + 1000 });
  desk.clock.time += 1000;
  await desk.ok("DELETE", `/desk/v1/keys/${made.id}`);
  expect(await listed()).toMatchObject({
    ...fresh,
    lastUsedAt: startOfTime + 1000,
    revokedAt: startOfTime + 2000,
  });
});

test("when a key expires may be said as text, and is said wrong in words", async () => {
  const draft = { name: "t", grants: [{ poolId: own.poolId, verbs: ["view"] }] };
  const made = await desk.ok<object>("POST", "/desk/v1/keys", {
    ...draft,
    expiresAt: String(startOfTime + 1),
  });
  expect(made).toMatchObject({ expiresAt: startOfTime + 1 });
  const wrong = await desk.call("POST", "/desk/v1/keys", { body: { ...draft, expiresAt: "tomorrow" } });
  expect(wrong.json).toEqual({
    errors: [expect.objectContaining({ attribute: "expiresAt", error: "Expected a whole number." })],
  });
});
