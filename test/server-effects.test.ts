/** What a DELETE and a PUT leave behind: read back over the wire and in the state. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeWorld, openDeskApp, type DeskApp, type World } from "./support/desk-app.ts";

let desk: DeskApp;
let world: World;
let pool: string;
let job: string;

beforeEach(async () => {
  desk = await openDeskApp();
  world = await makeWorld(desk, "SAP ECC");
  pool = `/integration/api/pools/${world.poolId}`;
  job = `${pool}/jobs/${world.jobId}`;
});
afterEach(async () => {
  await desk.close();
});

const statusOf = async (path: string): Promise<number> => (await desk.call("GET", path)).status;
const idsAt = async (path: string): Promise<string[]> =>
  (await desk.ok<{ id: string }[]>("GET", path)).map(({ id }) => id);

test("a deleted pool is gone with all it held, though it was asked for all the time", async () => {
  for (const path of [pool, `${pool}/logs/status`]) expect(await statusOf(path)).toBe(200);
  await desk.ok("DELETE", pool);
  for (const path of [pool, `${pool}/logs/status`, job, `${pool}/data-sources`])
    expect([path, await statusOf(path)]).toEqual([path, 404]);
  expect(await idsAt("/integration/api/pools")).toEqual([]);
  expect(await desk.state.job(world.jobId)).toBeNull();
  expect((await desk.call("DELETE", pool)).status).toBe(404);
  expect(desk.reports).toEqual([]);
});

test("a pool whose files cannot be deleted is gone all the same, and the server's log names them", async () => {
  expect(await statusOf(pool)).toBe(200);
  desk.poolData.remove = () => Promise.reject(new Error("EBUSY: resource busy or locked, rmdir"));
  expect((await desk.call("DELETE", pool)).status).toBe(200);
  expect(await statusOf(pool)).toBe(404);
  expect(await statusOf(`${pool}/logs/status`)).toBe(404);
  expect(await idsAt("/integration/api/pools")).toEqual([]);
  expect(desk.reports).toEqual([expect.stringMatching(/files are left.*EBUSY.*Next: /)]);
  expect(desk.reports[0]).toContain(world.poolId);
});

test("a pool that is refused to be deleted stays whole, and is not kept as something else", async () => {
  await desk.ok("POST", `${job}/execute`);
  let removed = 0;
  desk.poolData.remove = async () => void (removed += 1);
  expect((await desk.call("DELETE", pool)).status).toBe(409);
  expect([await statusOf(pool), removed]).toEqual([200, 0]);
  await desk.ok("POST", `${job}/cancel`);
  await desk.ok("DELETE", pool);
  expect([await statusOf(pool), removed]).toEqual([404, 1]);
});

test("a connection is deleted when no job names it any more, and not before", async () => {
  const source = `${pool}/data-sources/${world.dataSourceId}`;
  expect((await desk.call("DELETE", source)).status).toBe(409);
  expect(await statusOf(source)).toBe(200);
  await desk.ok("DELETE", job);
  await desk.ok("DELETE", source);
  expect(await statusOf(source)).toBe(404);
  expect(await statusOf(`/integration/api/datasource/POSTGRESQL/${world.dataSourceId}`)).toBe(404);
  expect(await idsAt(`${pool}/data-sources`)).toEqual([]);
});

test("a deleted task is gone with its tables, and the others move up", async () => {
  const tables = `${job}/extractions/${world.taskId}/tables`;
  await desk.ok("DELETE", `${job}/tasks/${world.taskId}`);
  expect(await desk.ok("GET", `${job}/tasks`)).toMatchObject([
    { id: world.transformationId, executionOrder: 1 },
  ]);
  expect(await statusOf(tables)).toBe(404);
  expect(await desk.state.table(world.tableId)).toBeNull();
  expect((await desk.call("DELETE", `${job}/tasks/${world.taskId}`)).status).toBe(404);
});

test("a changed task has its new name and description, and everything else as before", async () => {
  const task = `${job}/tasks/${world.transformationId}`;
  const statement = `${job}/transformations/${world.transformationId}/statement`;
  await desk.call("PUT", statement, { raw: "SELECT 1" });
  const before = await desk.state.task(world.transformationId);
  desk.clock.time += 1000;
  const change = { name: "Renamed", description: "why", taskType: "EXTRACTION", disabled: true };
  expect(await desk.ok("PUT", task, change)).toMatchObject({ name: "Renamed", description: "why" });
  const after = { ...before, name: "Renamed", description: "why", editedAt: desk.clock.time };
  expect(await desk.state.task(world.transformationId)).toEqual(after);
  await desk.ok("PUT", task, { name: null, description: "because" });
  expect(await desk.state.task(world.transformationId)).toEqual({ ...after, description: "because" });
});

test("a deleted table is gone, its neighbour stays", async () => {
  const tables = `${job}/extractions/${world.taskId}/tables`;
  const [other] = await desk.ok<{ id: string }[]>("POST", tables, [{ tableName: "BSEG" }]);
  await desk.ok("DELETE", `${tables}/${world.tableId}`);
  expect(await idsAt(tables)).toEqual([other?.id]);
  expect(await statusOf(`${tables}/${world.tableId}`)).toBe(404);
});
