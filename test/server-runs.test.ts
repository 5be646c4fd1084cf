/** Execute, cancel, and every read of what ran and what is in the pool. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeWorld, openDeskApp, startOfTime, type DeskApp, type World } from "./support/desk-app.ts";

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
  expect(desk.reports).toEqual([]);
  await desk.close();
});

test("execute: no body, nulls, subsets and the public forms; a second one is a 409", async () => {
  const subset = {
    mode: "FULL",
    executeOnlySubsetOfExtractions: true,
    extractions: [{ extractionId: world.taskId, loadOnlySubsetOfTables: true, tables: [world.tableId] }],
    executeOnlySubsetOfTransformations: false,
    transformations: ["ignored"],
  };
  const calls: [string, object | undefined, string][] = [
    [`${job}/execute`, undefined, "DELTA"],
    [`${job}/execute/`, { mode: null, poolId: world.poolId, extractions: null }, "DELTA"],
    [`${job}/execute`, subset, "FULL"],
    [`/integration/api/v1/data-pools/${world.poolId}/data-jobs/${world.jobId}/execute`, undefined, "DELTA"],
    [
      `/integration/api/v2/data-pools/${world.poolId}/data-jobs/${world.jobId}/execute?mode=FULL`,
      undefined,
      "FULL",
    ],
  ];
  for (const [path, body, mode] of calls) {
    const started = await desk.call("POST", path, { body });
    expect([path, started.status, desk.executions.asked.at(-1)?.request.mode]).toEqual([path, 200, mode]);
    const again = await desk.call("POST", path, { body });
    expect([again.status, again.json]).toEqual([
      409,
      expect.objectContaining({ errorCode: "JOB_ALREADY_RUNNING" }),
    ]);
    expect((await desk.call("DELETE", job)).status).toBe(409);
    expect((await desk.call("DELETE", pool)).status).toBe(409);
    await desk.ok("POST", `${job}/cancel`);
  }
  expect(desk.executions.asked[3]?.request).toEqual({
    mode: "FULL",
    transformations: null,
    extractions: [{ extractionId: world.taskId, tables: [world.tableId] }],
  });
  const wrong = `/integration/api/v2/data-pools/${world.poolId}/data-jobs/${world.jobId}/execute?mode=SOME`;
  expect((await desk.call("POST", wrong)).status).toBe(400);
});

test("cancel: 200 and empty when nothing runs, 202 with one ASCII line when that is not proven", async () => {
  for (let time = 0; time < 2; time += 1) {
    const idle = await desk.call("POST", `${job}/cancel`);
    expect([idle.status, idle.text, idle.headers.get("x-nightdesk-code")]).toEqual([200, "", "0"]);
    await desk.ok("POST", `${job}/execute`);
  }
  desk.executions.frozen = true;
  const open = await desk.call("POST", `${job}/cancel`, { raw: "whatever" });
  expect([open.status, open.headers.get("x-nightdesk-code"), open.headers.get("content-type")]).toEqual([
    202,
    "20",
    "text/plain; charset=us-ascii",
  ]);
  expect(open.text).toMatch(
    /^NOT PROVEN: [\x20-\x7e]*1 session is left at the source \(l\\u\{e4\}uft\)[\x20-\x7e]*\r\n$/,
  );
  expect(desk.executions.stops.at(-1)).toMatchObject({
    executionId: null,
    channel: "wire",
    keyName: "admin",
    waitMs: 10_000,
  });
  expect(await desk.ok("GET", `${pool}/logs/status`)).toMatchObject([{ id: world.jobId, status: "RUNNING" }]);
});

test("logs/status: one entry a job, also for one that never ran, fresh after every change", async () => {
  const status = `${pool}/logs/status`;
  expect(await desk.ok("GET", status)).toEqual([
    { id: world.jobId, status: "SUCCESS", lastExecutionStartDate: startOfTime },
  ]);
  const other = await desk.ok<{ id: string }>("POST", `${pool}/jobs`, { name: "Never" });
  expect(await desk.ok("GET", status)).toContainEqual({
    id: other.id,
    status: null,
    lastExecutionStartDate: null,
  });
  desk.clock.time += 5000;
  await desk.ok("POST", `${job}/execute`);
  expect(await desk.ok("GET", status)).toContainEqual({
    id: world.jobId,
    status: "RUNNING",
    lastExecutionStartDate: startOfTime + 5000,
  });
  await desk.ok("POST", `${job}/cancel`);
  expect(await desk.ok("GET", status)).toContainEqual(
    expect.objectContaining({ id: world.jobId, status: "CANCEL" }),
  );
  await desk.ok("DELETE", `${pool}/jobs/${other.id}`);
  expect(await desk.ok("GET", status)).toHaveLength(1);
});

test("the three log reads follow an execution from the job to its tables", async () => {
  const run = await desk.ok<{ executionId: string }>("POST", `${job}/execute`);
  expect(await desk.ok("GET", job)).toMatchObject({ status: "RUNNING", currentExecutionId: run.executionId });
  const page = await desk.ok<{
    executionItems: { executionId: string; status: string }[];
    numOfPages: number;
  }>("GET", `${pool}/logs/${world.jobId}/executions?limit=1`);
  expect(page).toMatchObject({
    executionItems: [{ executionId: run.executionId, status: "RUNNING", type: "JOB" }],
    numOfPages: 2,
  });
  const second = await desk.ok("GET", `${pool}/logs/${world.jobId}/executions?limit=1&page=1`);
  expect(second).toMatchObject({ executionItems: [{ executionId: world.executionId, status: "SUCCESS" }] });

  const items = `${pool}/logs/executions?executionId=${run.executionId}`;
  const tasks = await desk.ok<{ taskId: string }[]>("GET", `${items}&type=TASK&id=${world.jobId}`);
  expect(tasks.map((task) => task.taskId)).toEqual([world.taskId, world.transformationId]);
  const step = { type: "STEP", stepId: world.tableId, rows: 1200, estimatedRows: 3000, bytes: 96_000 };
  expect(await desk.ok("GET", `${items}&type=STEP&id=${world.taskId}`)).toEqual([
    expect.objectContaining(step),
  ]);
  const template = (await desk.state.task(world.taskId))?.templateId ?? "";
  expect(await desk.ok("GET", `${items}&type=STEP&id=${template}`)).toHaveLength(1);
  expect(await desk.ok("GET", `${items}&type=SCHEDULE`)).toEqual([]);
  expect(await desk.ok("GET", items)).toHaveLength(4);

  const detail = `${pool}/logs/executions/detail?executionId=${run.executionId}`;
  const lines = await desk.ok<{ logMessages: { logMessage: string }[] }>(
    "GET",
    `${detail}&type=TASK&id=${world.taskId}`,
  );
  expect(lines.logMessages.map((line) => line.logMessage)).toEqual(["Started BKPF", "Started Extract"]);
  expect(await desk.ok("GET", `${detail}&type=JOB&id=${world.jobId}&limit=3`)).toMatchObject({
    numOfPages: 2,
  });
  expect(await desk.ok("GET", `${detail}&logLevels=ERROR&logLevels=WARNING`)).toEqual({
    logMessages: [],
    numOfPages: 0,
  });
  for (const wrong of ["&limit=x", "&limit=0", "&page=-1", "&logLevels=LOUD", "&type=ALL"]) {
    const answer = await desk.call("GET", detail + wrong);
    expect([wrong, answer.status, answer.json]).toEqual([wrong, 400, { errors: expect.any(Array) }]);
  }
  expect((await desk.call("GET", `${pool}/logs/executions`)).status).toBe(400);
});

test("pool tables and columns in the contract's types", async () => {
  expect(await desk.ok("GET", `${pool}/tables`)).toMatchObject([
    { name: "BKPF", schemaName: world.poolId, type: "TABLE", columns: [] },
  ]);
  const columns = await desk.ok<{ type: string; length: number }[]>(
    "GET",
    `${pool}/columns?tableName=BKPF&schemaName=${world.dataSourceId}`,
  );
  expect(columns.map((column) => column.type)).toEqual(["STRING", "FLOAT", "DATE", "INTEGER", "STRING"]);
  expect((await desk.call("GET", `${pool}/columns?tableName=NOPE`)).status).toBe(404);
  expect((await desk.call("GET", `${pool}/columns`)).status).toBe(400);
});

test("the workbench runs a statement with the job's connection first in the search path", async () => {
  const bench = `${job}/workbench/${world.transformationId}`;
  const ended = async (statement: string): Promise<unknown> => {
    const { id } = await desk.ok<{ id: string }>("POST", `${bench}/execute`, { statement });
    await expect
      .poll(async () => (await desk.ok<{ status: string }>("GET", `${bench}/${id}`)).status)
      .not.toBe("RUNNING");
    return await desk.ok("GET", `${bench}/${id}/results`);
  };
  expect(await ended("SELECT 1")).toMatchObject([
    {
      status: "SUCCESS",
      query: "SELECT 1",
      result: { tableContent: [[`${world.dataSourceId},${world.poolId}`]] },
    },
  ]);
  expect(await ended("broken")).toMatchObject([
    { status: "FAILED", error: expect.stringContaining("syntax"), result: null },
  ]);
  const { id } = await desk.ok<{ id: string }>("POST", `${bench}/execute`, { statement: "SELECT 1" });
  desk.clock.time += 3_600_000;
  expect((await desk.call("GET", `${bench}/${id}`)).status).toBe(404);
});
