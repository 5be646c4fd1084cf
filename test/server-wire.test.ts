/** The quirks of the wire, whatever the route: paths, bodies, methods. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { configuration, makeWorld, openDeskApp, type DeskApp, type World } from "./support/desk-app.ts";

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
  // PostgreSQL and the state's file would cut or change such a text without a word.
  const badTexts: [string, string][] = [
    ['{"name":"a\\u0000b"}', "name"],
    ['{"description":"a\\ud800b"}', "description"],
    ['{"tags":[{"name":"x"},{"name":"\\udc00"}]}', "tags.1.name"],
  ];
  for (const [raw, attribute] of badTexts) {
    const answer = await desk.call("PUT", pool, { raw });
    expect([raw, answer.status, answer.json]).toEqual([
      raw,
      400,
      { errors: [expect.objectContaining({ attribute })] },
    ]);
  }
  expect((await desk.call("PUT", pool, { raw: '{"name":"\\ud83d\\ude00"}' })).status).toBe(200);
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
    ["POST", `${job}/cancel`],
    ["DELETE", job],
  ] as const) {
    const raw = large;
    const headers = { "content-length": String(raw.length) };
    const answer = await desk.call(method, path, { raw, headers });
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
  const cover = await desk.call("GET", "/api/team/cui-settings/cui-pdf-cover");
  expect([cover.status, cover.json]).toEqual([403, expect.objectContaining({ status: 403 })]);
  for (const path of ["/api/team", "/api/cloud/team"])
    expect(await desk.ok("GET", path)).toMatchObject({ domain: "nightdesk" });
  const health = await desk.call("GET", "/healthz", { key: null });
  expect([health.status, health.text, health.headers.get("cache-control")]).toEqual([
    200,
    '{"status":"ok"}',
    "no-store",
  ]);
});

test("an encoded body is a 415, and nothing is changed", async () => {
  const before = await desk.ok("GET", pool);
  const body = { name: "Zipped" };
  const encoded = await desk.call("PUT", pool, { body, headers: { "content-encoding": "gzip" } });
  expect([encoded.status, encoded.json]).toEqual([415, expect.objectContaining({ status: 415 })]);
  expect(await desk.ok("GET", pool)).toEqual(before);
  const plain = await desk.call("PUT", pool, { body, headers: { "content-encoding": "identity" } });
  expect(plain.status).toBe(200);
  // Where no body is read, none is in the way of a stop.
  const cancel = await desk.call("POST", `${job}/cancel`, { headers: { "content-encoding": "gzip" } });
  expect(cancel.status).toBe(200);
});

test("ids in bodies and queries count in any case", async () => {
  const upper = Object.fromEntries(Object.entries(world).map(([name, id]) => [name, id.toUpperCase()]));
  const { poolId, dataSourceId, jobId, taskId, transformationId, tableId, executionId } =
    upper as unknown as World;
  const connection = { name: "U", poolId, configuration };
  const template = (await desk.state.task(world.taskId))?.templateId ?? "";
  const calls: [string, string, unknown?][] = [
    ["POST", `${pool}/jobs`, { name: "U", dataPoolId: poolId, dataSourceId }],
    ["PUT", job, { dataPoolId: poolId, dataSourceId }],
    ["POST", "/integration/api/datasource/POSTGRESQL", connection],
    ["PUT", `/integration/api/datasource/POSTGRESQL/${dataSourceId}`, { poolId, id: dataSourceId }],
    ["POST", `${job}/tasks`, { taskType: "TRANSFORMATION", name: "U", jobId }],
    ["POST", `${job}/extractions/${taskId}/tables`, [{ tableName: "U", taskId, jobId }]],
    ["PUT", `${job}/extractions/${taskId}/tables`, [{ id: tableId, taskId, jobId }]],
    ["GET", `${pool}/columns?tableName=BKPF&schemaName=${poolId}`],
    ["GET", `${pool}/data-sources/${dataSourceId}/search-tables?extractionId=${taskId}`],
    ["GET", `${pool}/logs/executions?executionId=${executionId}&type=TASK&id=${jobId}`],
    ["GET", `${pool}/logs/executions/detail?executionId=${executionId}&id=${template.toUpperCase()}`],
    ["POST", "/desk/v1/keys", { name: "U", grants: [{ poolId, verbs: ["view"] }] }],
    [
      "POST",
      `${pool}/tasks/${taskId}/variables`,
      {
        name: "u",
        placeholder: "u",
        type: "PRIVATE_CONSTANT",
        dataType: "INT",
        poolId,
        taskId,
        values: [{ value: "1", taskInstanceId: taskId }],
      },
    ],
    ["GET", `/desk/v1/pools/${poolId}/go?connection=${dataSourceId}`],
    ["POST", `/desk/v1/pools/${poolId}/jobs/${jobId}/stop?execution=${executionId}`],
  ];
  for (const [method, path, body] of calls) {
    const answer = await desk.call(method, path, { body });
    expect([method, path, answer.status, answer.text]).toEqual([method, path, 200, expect.anything()]);
  }
  for (const ids of [poolId, `${poolId},${jobId}`])
    expect(await desk.ok("GET", `/integration/api/pools?poolIds=${ids}`)).toMatchObject([
      { id: world.poolId },
    ]);
  const execution = {
    poolId,
    jobId,
    dataSourceId,
    executeOnlySubsetOfTransformations: true,
    transformations: [transformationId],
    executeOnlySubsetOfExtractions: true,
    extractions: [{ extractionId: taskId, loadOnlySubsetOfTables: true, tables: [tableId, "Bkpf"] }],
  };
  await desk.ok("POST", `${job}/execute`, execution);
  expect(desk.executions.asked.at(-1)?.request).toMatchObject({
    transformations: [world.transformationId],
    extractions: [{ extractionId: world.taskId, tables: [world.tableId, "Bkpf"] }],
  });
  const grants = (await desk.state.keys()).find(({ name }) => name === "U")?.grants;
  expect(grants).toMatchObject([{ poolId: world.poolId }]);
});

test("a number or a truth that is none is said in words", async () => {
  const errorOf = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const { status, json } = await desk.call(method, path, { body });
    const [one] = (json as { errors: { attribute: string; error: string }[] }).errors;
    return [status, one?.attribute, one?.error];
  };
  const whole = "Expected a whole number.";
  const connection = `/integration/api/datasource/POSTGRESQL/${world.dataSourceId}`;
  for (const port of ["54x", 1.5, true, ["1"]])
    expect(await errorOf("PUT", connection, { configuration: { port } })).toEqual([
      400,
      "configuration.port",
      whole,
    ]);
  expect(await errorOf("GET", `${pool}/logs/${world.jobId}/executions?limit=1e1`)).toEqual([
    400,
    "limit",
    whole,
  ]);
  expect(await errorOf("GET", `${pool}/data-sources?excludeUnconfigured=maybe`)).toEqual([
    400,
    "excludeUnconfigured",
    "Expected true or false.",
  ]);
});

test("a page asked too large is as large as pages get", async () => {
  const lines = `${pool}/logs/executions/detail?executionId=${world.executionId}`;
  for (const reads of [`${pool}/logs/${world.jobId}/executions?`, `${lines}&`]) {
    const usual = await desk.ok("GET", reads);
    expect(await desk.ok("GET", `${reads}limit=100000`)).toEqual(usual);
    expect((await desk.call("GET", `${reads}limit=0`)).status).toBe(400);
  }
});
