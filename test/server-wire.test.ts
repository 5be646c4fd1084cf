/** The quirks of the wire: what clients of the contract send, and what they need to read. */
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  configuration,
  makeWorld,
  openDeskApp,
  startOfTime,
  unreachable,
  type DeskApp,
  type World,
} from "./support/desk-app.ts";

let desk: DeskApp;
let world: World;
let pool: string;
let job: string;
let connection: string;

beforeEach(async () => {
  desk = await openDeskApp();
  world = await makeWorld(desk, "SAP ECC");
  pool = `/integration/api/pools/${world.poolId}`;
  job = `${pool}/jobs/${world.jobId}`;
  connection = `/integration/api/datasource/POSTGRESQL/${world.dataSourceId}`;
});
afterEach(async () => {
  expect(desk.reports).toEqual([]);
  await desk.close();
});

test("doubled slashes and both trailing-slash spellings reach the same route, also with POST and PUT", async () => {
  for (const path of [
    `/integration//api///pools/${world.poolId}/jobs`,
    `${pool}/jobs/`,
    `${pool}/jobs`,
    `//${pool}/jobs//`,
  ]) {
    expect((await desk.call("GET", path)).json).toMatchObject([{ id: world.jobId }]);
  }
  const draft = { taskType: "TRANSFORMATION", name: "A" };
  expect((await desk.call("POST", `${job}/tasks`, { body: draft })).status).toBe(200);
  expect((await desk.call("POST", `${job}//tasks/`, { body: draft })).status).toBe(200);
  expect((await desk.call("PUT", `${pool}/`, { body: { name: "New" } })).json).toMatchObject({ name: "New" });
  const upper = await desk.call("GET", `/integration/api/pools/${world.poolId.toUpperCase()}`);
  expect(upper.json).toMatchObject({ id: world.poolId });
});

test.each(["/integration/api/pools%2Fx", "/a%2eb", "/a;b", "/a%5cb", "/a%00", "/a%252e", "/%zz"])(
  "a path that could be read in two ways is refused: %s",
  async (path) => {
    const answer = await desk.call("GET", path);
    expect([answer.status, answer.json]).toEqual([
      400,
      { errors: [expect.objectContaining({ errorCode: "GENERAL_PATH_REFUSED" })] },
    ]);
  },
);

test("explicit null means not given, read-only and unknown fields are ignored", async () => {
  const nulls = {
    id: null,
    permissions: null,
    description: null,
    tags: null,
    unheardOf: { of: null },
    timeStamp: null,
  };
  const made = await desk.call("POST", "/integration/api/pools", { body: { ...nulls, name: "Nulls" } });
  expect(made.json).toMatchObject({ name: "Nulls", description: null, configurationStatus: "CONFIGURED" });
  await desk.ok("PUT", pool, { ...nulls, description: "about", name: "Named", id: "somebody-else" });
  expect(await desk.ok("PUT", pool, { ...nulls, name: null })).toMatchObject({
    id: world.poolId,
    name: "Named",
    description: "about",
  });
  const global = await desk.ok("POST", `${pool}/jobs`, {
    id: null,
    name: "Global",
    dataPoolId: world.poolId,
    dataSourceId: null,
    status: null,
  });
  expect(global).toMatchObject({ dataSourceId: null, status: null, currentExecutionId: null });
  expect(await desk.ok("PUT", job, { name: null, dataSourceId: null })).toMatchObject({
    name: "Finance",
    dataSourceId: world.dataSourceId,
  });
});

test("__proto__ in a body is nothing", async () => {
  const raw = '{"name":"P","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
  expect((await desk.call("POST", "/integration/api/pools", { raw })).status).toBe(200);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("bad input is a clear 400 and changes nothing", async () => {
  const before = await desk.ok("GET", pool);
  const deep = `${'{"a":'.repeat(40)}1${"}".repeat(40)}`;
  for (const raw of [
    "{",
    "[1",
    "",
    '"text"',
    "[]",
    '{"name":5}',
    '{"name":"  "}',
    '{"name":"a\\nb"}',
    deep,
    "\ufeff{,}",
  ]) {
    const answer = await desk.call("PUT", pool, { raw });
    expect([raw.slice(0, 9), answer.status]).toEqual([raw.slice(0, 9), 400]);
    expect(answer.json).toEqual({ errors: [expect.objectContaining({ error: expect.stringMatching(/./) })] });
  }
  expect(await desk.ok("GET", pool)).toEqual(before);
  const secret = await desk.call("POST", "/integration/api/datasource/POSTGRESQL", {
    raw: '{"password":"CANARY-half',
  });
  expect(secret.text).not.toContain("CANARY-");
});

test("a body over 1 MB is a 413, announced or not, on JSON and raw text alike", async () => {
  const statement = `${job}/transformations/${world.transformationId}/statement`;
  const large = "x".repeat(1024 * 1024 + 1);
  for (const [method, path] of [
    ["PUT", pool],
    ["PUT", statement],
    ["POST", `${job}/execute`],
  ] as const) {
    const answer = await desk.call(method, path, { raw: large });
    expect([path, answer.status, answer.json]).toEqual([path, 413, expect.objectContaining({ status: 413 })]);
  }
  const pieces = Array.from({ length: 20 }, () => new Uint8Array(64 * 1024).fill(120));
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const piece = pieces.pop();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
  const init = { method: "PUT", headers: { authorization: `AppKey ${desk.adminKey}` }, body, duplex: "half" };
  expect(
    (await desk.app.fetch(new Request(`http://desk.test${statement}`, init as RequestInit))).status,
  ).toBe(413);
  expect(await desk.ok("GET", statement)).toEqual({ statement: null, legalNote: null });
  await desk.call("PUT", statement, { raw: large.slice(1) });
  expect((await desk.ok<{ statement: string }>("GET", statement)).statement).toHaveLength(1024 * 1024);
});

test("an unknown route is a 404, a wrong method a 405 that names the right ones, HEAD is like GET", async () => {
  const nowhere = await desk.call("GET", "/integration/api/nowhere");
  expect([nowhere.status, nowhere.json]).toEqual([
    404,
    expect.objectContaining({ errorCode: "GENERAL_NOTFOUND_PATH" }),
  ]);
  const wrong = await desk.call("DELETE", "/integration/api/pools");
  expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"]);
  expect((await desk.call("OPTIONS", pool)).status).toBe(405);
  expect((await desk.call("GET", `${job}/cancel`)).headers.get("allow")).toBe("POST");
  const head = await desk.call("HEAD", pool);
  expect([head.status, head.text, head.headers.get("content-type")]).toEqual([200, "", "application/json"]);
  expect((await desk.call("HEAD", pool, { key: null })).status).toBe(401);
});

test("what clients ask for first", async () => {
  expect(await desk.ok("GET", "/api/cloud")).toMatchObject({
    name: "admin",
    teamDomain: "nightdesk",
    active: true,
  });
  const permissions = await desk.ok<{ serviceName: string; permissions: string[] }[]>(
    "GET",
    "/api/cloud/permissions",
  );
  expect(permissions).toEqual([
    { serviceName: "event-collection", permissions: expect.arrayContaining(["CREATE_DATA_POOL"]) },
  ]);
  for (const path of ["/api/team", "/api/cloud/team"])
    expect(await desk.ok("GET", path)).toMatchObject({ domain: "nightdesk" });
  const health = await desk.call("GET", "/healthz", { key: null });
  expect([health.status, health.text, health.headers.get("cache-control")]).toEqual([
    200,
    '{"status":"ok"}',
    "no-store",
  ]);
});

test("a connection: numbers as text come back as numbers, the password never", async () => {
  const shown = await desk.ok<{ configuration: Record<string, unknown> }>("GET", connection);
  const { password: _, ...settings } = configuration;
  expect(shown).toEqual({
    id: world.dataSourceId,
    poolId: world.poolId,
    name: "ECC",
    type: "POSTGRESQL",
    configuration: { ...settings, maxRowsPerSecond: null },
  });
  const back = {
    ...shown,
    configuration: { ...shown.configuration, port: "5432", maxRowsPerSecond: "2500" },
  };
  expect(await desk.ok("PUT", connection, back)).toMatchObject({
    configuration: { port: 5432, maxRowsPerSecond: 2500 },
  });
  expect(await desk.ok("PUT", connection, shown)).toMatchObject({
    configuration: { maxRowsPerSecond: 2500 },
  });
  const unlimited = { configuration: { maxRowsPerSecond: 0 } };
  expect(await desk.ok("PUT", connection, unlimited)).toMatchObject({
    configuration: { maxRowsPerSecond: null },
  });
  expect(await desk.ok("GET", `${pool}/data-sources/`)).toMatchObject([
    { type: "POSTGRESQL", configuration: null },
  ]);
});

test.each([
  { host: "thief.example" },
  { port: "6543" },
  { database: "other" },
  { user: "postgres" },
  { ssl: { mode: "require" } },
  { ssl: { mode: "disable", ca: "other" } },
])("a connection led elsewhere needs its password again: %j", async (change) => {
  const before = await desk.state.dataSource(world.dataSourceId);
  const refused = await desk.call("PUT", connection, { body: { name: "Renamed", configuration: change } });
  expect([refused.status, refused.json]).toEqual([
    400,
    { errors: [expect.objectContaining({ attribute: "configuration.password" })] },
  ]);
  expect(await desk.state.dataSource(world.dataSourceId)).toEqual(before);
  await desk.ok("PUT", connection, { configuration: { ...change, password: "CANARY-other" } });
  expect((await desk.state.dataSource(world.dataSourceId))?.sealedPassword).not.toBe(before?.sealedPassword);
});

test("a type of connection that is not there, and wrong settings, are named", async () => {
  const body = { name: "HANA", poolId: world.poolId, configuration };
  const unknown = await desk.call("POST", "/integration/api/datasource/HANA", { body });
  expect([unknown.status, unknown.text]).toEqual([400, expect.stringContaining("POSTGRESQL")]);
  const wrong: [object, string][] = [
    [{ port: "54x" }, "configuration.port"],
    [{ port: 70000 }, "configuration.port"],
    [{ host: "http://x/y" }, "configuration.host"],
    [{ ssl: { mode: "maybe" } }, "configuration.ssl.mode"],
    [{ password: null }, "configuration.password"],
  ];
  for (const [change, attribute] of wrong) {
    const draft = { ...body, configuration: { ...configuration, ...change } };
    const answer = await desk.call("POST", "/integration/api/datasource/POSTGRESQL", { body: draft });
    expect([answer.status, answer.json]).toEqual([400, { errors: [expect.objectContaining({ attribute })] }]);
    expect(answer.text).not.toContain("CANARY-");
  }
  const taken = await desk.call("POST", "/integration/api/datasource/POSTGRESQL", {
    body: { ...body, name: "ecc" },
  });
  expect(taken.status).toBe(409);
});

test("an unreachable source is an answer, with one line and no secret", async () => {
  desk.source.tables = unreachable();
  const tested = await desk.call("POST", `${pool}/data-sources/${world.dataSourceId}/test`);
  expect([tested.status, tested.json]).toEqual([
    200,
    { reachable: false, message: expect.stringContaining("Next: Check the password.") },
  ]);
  const search = `${pool}/data-sources/${world.dataSourceId}/search-tables?searchString=B%25`;
  expect(await desk.ok("GET", search)).toMatchObject({ availableTables: null, lookupSuccessful: false });
  desk.source.tables = [{ schema: "public", name: "BKPF" }];
  expect(await desk.ok("POST", `${pool}/data-sources/${world.dataSourceId}/test`)).toEqual({
    reachable: true,
    message: "",
  });
  const available = { dataSourceId: world.dataSourceId, schema: "public", name: "BKPF", alias: null };
  expect(await desk.ok("GET", search)).toMatchObject({
    availableTables: [available],
    lookupSuccessful: true,
  });
});

test("names are free or it is a 409; a taken name changes nothing", async () => {
  expect((await desk.call("POST", `${pool}/jobs`, { body: { name: "finance" } })).status).toBe(409);
  const other = await desk.ok<{ id: string }>("POST", `${pool}/jobs`, { name: "Other" });
  expect((await desk.call("PUT", `${pool}/jobs/${other.id}`, { body: { name: "Finance" } })).status).toBe(
    409,
  );
  expect(await desk.ok("GET", `${pool}/jobs/${other.id}`)).toMatchObject({ name: "Other" });
  expect((await desk.call("PUT", `${pool}/jobs/${other.id}`, { body: { name: "OTHER" } })).status).toBe(200);
});

test("tasks: disable and enable, raw SQL, only the right kinds", async () => {
  const task = `${job}/tasks/${world.transformationId}`;
  expect(await desk.ok("DELETE", `${task}/enabled`)).toMatchObject({ disabled: true });
  expect(await desk.ok("POST", `${task}/enabled/`)).toMatchObject({ disabled: false, executionOrder: 2 });
  const statement = `${job}/transformations/${world.transformationId}/statement`;
  const sql = 'CREATE TABLE "ä" AS SELECT 1;\r\nSELECT null';
  const put = await desk.call("PUT", statement, { raw: sql });
  expect(put.json).toMatchObject({ id: world.transformationId, statement: sql });
  expect(await desk.ok("GET", statement)).toEqual({ statement: sql, legalNote: null });
  for (const taskType of ["DATA_MODEL_LOAD", "SOMETHING"]) {
    expect((await desk.call("POST", `${job}/tasks`, { body: { taskType, name: "x" } })).status).toBe(400);
  }
  const global = await desk.ok<{ id: string }>("POST", `${pool}/jobs`, { name: "Global" });
  const extraction = { taskType: "EXTRACTION", name: "x" };
  expect((await desk.call("POST", `${pool}/jobs/${global.id}/tasks`, { body: extraction })).status).toBe(400);
  for (const kind of [
    `extractions/${world.transformationId}/tables`,
    `transformations/${world.taskId}/statement`,
  ]) {
    expect((await desk.call("GET", `${job}/${kind}`)).status).toBe(404);
  }
});

test("extraction tables: a table comes back as written, and only what is understood is taken", async () => {
  const tables = `${job}/extractions/${world.taskId}/tables`;
  const written = {
    tableName: "BSEG",
    schemaName: "public",
    targetTableName: "BSEG_2",
    filterDefinition: "gjahr > 2020",
    columns: [{ columnName: "dmbtr", primaryKey: false, preferredType: "DECIMAL(38,6)" }],
    connectorSpecificConfiguration: [{ key: "BATCH_SIZE", value: "10" }],
    changeDateOffset: "3",
    joins: [],
    dependentTables: null,
  };
  const [made] = await desk.ok<{ id: string }[]>("POST", `${tables}/`, [written]);
  const expected = {
    ...written,
    columns: [expect.objectContaining(written.columns[0])],
    changeDateOffset: 3,
    dependentTables: [],
    renameTargetTable: true,
    calculatedColumns: [],
    taskId: world.taskId,
  };
  expect(await desk.ok("GET", `${tables}/${made?.id ?? ""}`)).toMatchObject(expected);
  const expanded = await desk.ok<{ tables: object[] }>("GET", `${job}/extractions/${world.taskId}/expanded`);
  expect(expanded.tables).toEqual([
    expect.objectContaining({ tableName: "BKPF" }),
    expect.objectContaining({ tableName: "BSEG" }),
  ]);
  // A client sends the whole object back, nulls and all.
  const again = await desk.ok<object[]>("PUT", tables, [
    { ...made, filterDefinition: "", targetTableName: null },
  ]);
  expect(again).toMatchObject([{ filterDefinition: null, targetTableName: "BSEG_2", changeDateOffset: 3 }]);
  expect(await desk.ok("PUT", tables, [{ id: made?.id, renameTargetTable: false }])).toMatchObject([
    { targetTableName: null },
  ]);

  const before = await desk.ok("GET", tables);
  const refused: [object, number][] = [
    [{ filterDefinition: "x" }, 400],
    [{ tableName: "bkpf" }, 409],
    [{ tableName: "A", targetTableName: "Bkpf" }, 409],
    [{ tableName: "A", columns: [{ columnName: "c", preferredType: "INTEGER); DROP TABLE x" }] }, 400],
    [{ tableName: "A", columns: [{ columnName: "c", anonymized: true }] }, 400],
    [{ tableName: "A", columns: [{ columnName: "c" }, { columnName: "c" }] }, 400],
    [{ tableName: "A", joins: [{ parentTable: "B" }] }, 400],
    [{ tableName: "A", creationDateColumn: "erdat" }, 400],
  ];
  for (const [table, status] of refused) {
    const answer = await desk.call("POST", tables, { body: [{ tableName: "FINE" }, table] });
    expect([table, answer.status]).toEqual([table, status]);
  }
  expect((await desk.call("PUT", tables, { body: [{ tableName: "A" }] })).status).toBe(400);
  expect(await desk.ok("GET", tables)).toEqual(before);
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
