/** Our own API: what a night operator's tools read and stop with. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeWorld, openDeskApp, startOfTime, type DeskApp, type World } from "./support/desk-app.ts";

let desk: DeskApp;
let world: World;
let pool: string;
let stop: string;

beforeEach(async () => {
  desk = await openDeskApp();
  world = await makeWorld(desk, "SAP ECC");
  pool = `/desk/v1/pools/${world.poolId}`;
  stop = `${pool}/jobs/${world.jobId}/stop`;
});
afterEach(async () => {
  expect(desk.reports).toEqual([]);
  await desk.close();
});

const start = async (): Promise<string> =>
  (
    await desk.ok<{ executionId: string }>(
      "POST",
      `/integration/api/pools/${world.poolId}/jobs/${world.jobId}/execute`,
    )
  ).executionId;

test("about tells a Nightdesk from any other team", async () => {
  expect(await desk.ok("GET", "/desk/v1/about")).toEqual({
    product: "nightdesk",
    version: "0.0.0-test",
    proof: "source",
    time: startOfTime,
  });
});

test("status is a fresh read with progress and with what a stop waits for", async () => {
  const idle = await desk.ok<{ jobs: object[] }>("GET", `${pool}/status`);
  expect(idle).toMatchObject({ poolId: world.poolId, poolName: "SAP ECC", asOf: startOfTime });
  expect(idle.jobs).toMatchObject([
    { id: world.jobId, status: "SUCCESS", rows: null, estimatedRows: null, stopping: null },
  ]);
  const executionId = await start();
  const running = { status: "RUNNING", executionId, rows: 1200, estimatedRows: 3000, stopping: null };
  expect(await desk.ok("GET", `${pool}/status`)).toMatchObject({ jobs: [running] });
  desk.executions.frozen = true;
  await desk.call("POST", stop);
  await desk.call("POST", stop);
  const stopping = {
    requestedAt: startOfTime,
    level: "worker gone",
    why: expect.stringContaining("1 session"),
    callers: 2,
  };
  expect(await desk.ok("GET", `${pool}/status`)).toMatchObject({ jobs: [{ ...running, stopping }] });
});

test("stop says what became of it", async () => {
  const nothing = { executionId: null, activeExecutionId: null, proof: null };
  expect(await desk.ok("POST", stop)).toEqual({ outcome: "WAS NOT RUNNING", ...nothing });
  const executionId = await start();
  const other = await desk.ok("POST", `${stop}?execution=${world.executionId}`);
  expect(other).toEqual({
    outcome: "OTHER EXECUTION",
    executionId: world.executionId,
    activeExecutionId: executionId,
    proof: null,
  });
  desk.executions.frozen = true;
  const open = await desk.call("POST", `${stop}?execution=${executionId}&wait=0`);
  expect([open.status, open.json]).toEqual([
    202,
    { outcome: "NOT PROVEN", executionId, proof: expect.objectContaining({ level: "worker gone" }) },
  ]);
  desk.executions.frozen = false;
  const proof = { level: "source idle", at: startOfTime, note: "no session" };
  expect(await desk.ok("POST", stop, { reason: "window" })).toEqual({
    outcome: "STOPPED",
    executionId,
    activeExecutionId: null,
    proof,
  });
});

test("the wait is 10 s, at most 50; the reason is one line; the caller is the key", async () => {
  const { key } = await desk.key([{ poolId: world.poolId, verbs: ["cancel"] }]);
  const asked = async (query: string, body?: unknown): Promise<unknown> => {
    expect((await desk.call("POST", stop + query, { key, body })).status).toBe(200);
    return desk.executions.stops.at(-1);
  };
  expect(await asked("")).toEqual({
    executionId: null,
    keyName: "test",
    channel: "desk",
    because: null,
    waitMs: 10_000,
  });
  expect(await asked("?wait=600", { reason: "SAP down\r\n23:55" })).toMatchObject({
    because: "SAP down 23:55",
    waitMs: 50_000,
  });
  expect(await asked("?wait=0", { reason: null })).toMatchObject({ because: null, waitMs: 0 });
  for (const query of ["?wait=-1", "?wait=soon"])
    expect((await desk.call("POST", stop + query)).status).toBe(400);
});
