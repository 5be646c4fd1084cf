/** Our own wire where it changes something: a word that is misspelt or empty is refused, and nothing is done. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import { routerOf } from "../src/server/app.ts";
import type { Door } from "../src/server/door.ts";
import type { Route } from "../src/server/index.ts";
import { stopQuery } from "../src/server/wire/stops.ts";
import { makeWorld, openDeskApp, type DeskApp } from "./support/desk-app.ts";
import { inputOf, inWords, pathOf, withHold, type HeldWorld } from "./support/route-inputs.ts";

let desk: DeskApp;
let world: HeldWorld;
beforeEach(async () => {
  desk = await openDeskApp();
  world = await withHold(desk, await makeWorld(desk, "Own"));
});
afterEach(async () => {
  await desk.close();
});

const table = await (async () => {
  const one = await openDeskApp();
  await one.close();
  return one.app.routes;
})();
const changing = table.filter(({ method, path }) => method !== "GET" && path.startsWith("/desk/"));
const named = changing.map((route) => [`${route.method} ${route.path}`, route] as const);

/** All that such a call could change. */
async function everything(): Promise<unknown> {
  const { state } = desk;
  const keys = (await state.keys()).map((key) => ({ ...key, lastUsedAt: null }));
  const [holds, settings] = [
    await state.holds(world.poolId, desk.clock.time),
    await state.deskSettings(world.poolId),
  ];
  return [keys, holds, settings, await state.activeExecutions(), await state.remoteTeams()];
}

async function running(): Promise<string> {
  const path = `/integration/api/pools/${world.poolId}/jobs/${world.jobId}/execute`;
  return (await desk.ok<{ executionId: string }>("POST", path)).executionId;
}

test("there are such routes", () => {
  expect(changing.length).toBeGreaterThan(10);
});

test.each(named)("%s: what it does not know is refused, in query and body", async (_, route) => {
  await running();
  const before = await everything();
  const { query = "", ...content } = inputOf(route, world);
  const path = pathOf(route, world) + query;
  const misspelt = await desk.call(route.method, `${path}${query === "" ? "?" : "&"}exection=x`, content);
  expect([misspelt.status, misspelt.text]).toEqual([400, expect.stringContaining("exection")]);
  expect(await everything()).toEqual(before);
  if (route.body === "ignored") return;
  const body = { ...(content.body as object | undefined), raeson: "a" };
  const loose = await desk.call(route.method, path, { body });
  expect([loose.status, loose.text]).toEqual([400, expect.stringContaining("raeson")]);
  expect(await everything()).toEqual(before);
});

test.each([
  ["an empty execution", "?execution=&wait=5", undefined],
  ["another word for it", `?executionId=${newId()}`, undefined],
  ["a capital", `?Execution=${newId()}`, undefined],
  ["an execution in the body", "", { executionId: newId() }],
  ["an empty wait", "?wait=", undefined],
])("a stop with %s stops nothing", async (_, query, body) => {
  const executionId = await running();
  const path = `/desk/v1/pools/${world.poolId}/jobs/${world.jobId}/stop${query}`;
  const answer = await desk.call("POST", path, body === undefined ? {} : { body });
  expect(answer.status).toBe(400);
  expect((await desk.state.execution(executionId))?.stop).toBe(null);
});

test("Celonis' wire goes on ignoring what it does not know", async () => {
  await running();
  const cancel = `/integration/api/pools/${world.poolId}/jobs/${world.jobId}/cancel?source=script`;
  expect((await desk.call("POST", cancel, { body: { unknown: true } })).status).toBe(200);
  const made = await desk.call("POST", "/integration/api/pools", { body: { name: "Loose", unknown: true } });
  expect(made.status).toBe(200);
});

test("a table in which such a route would let unknown fields through does not start", () => {
  const start = (change: object) => () => {
    const added = { ...changing.find(inWords), path: "/desk/x", ...change } as unknown as Route;
    return routerOf([...table, added], {} as Door, {} as Parameters<typeof routerOf>[2]);
  };
  expect(start({})).not.toThrow();
  expect(start({ query: stopQuery.loose() })).toThrow("POST /desk/x: lets unknown fields through");
  expect(start({ body: { json: stopQuery.loose() } })).toThrow("lets unknown fields through");
});
