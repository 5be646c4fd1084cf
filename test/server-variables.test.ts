/** Variables of tasks and the settings of extractions over the wire, as PyCelonis sends them: every field, unset ones null. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import { makeWorld, openDeskApp, type DeskApp, type World } from "./support/desk-app.ts";

let desk: DeskApp;
let world: World;
let variables: string;
let job: string;

beforeEach(async () => {
  desk = await openDeskApp();
  world = await makeWorld(desk, "SAP ECC");
  job = `/integration/api/pools/${world.poolId}/jobs/${world.jobId}`;
  variables = `/integration/api/pools/${world.poolId}/tasks/${world.transformationId}/variables`;
});
afterEach(async () => {
  expect(desk.reports).toEqual([]);
  await desk.close();
});

interface Variable {
  id: string;
  values: { value: string | null; taskInstanceId: string }[];
}

/** The whole object, as the client makes it before it is saved. */
function unsaved(changes: Record<string, unknown>): Record<string, unknown> {
  return {
    id: null,
    poolId: world.poolId,
    taskId: null,
    name: "Year",
    placeholder: "year",
    description: null,
    type: "PRIVATE_CONSTANT",
    dataType: "INT",
    parameterType: null,
    dynamicVariableOpType: null,
    dynamicTable: null,
    dynamicColumn: null,
    dynamicDataSourceId: null,
    values: null,
    defaultValues: null,
    settings: null,
    defaultSettings: null,
    ...changes,
  };
}

const templateOf = async (taskId: string): Promise<string | undefined> =>
  (await desk.state.task(taskId))?.templateId;

test("a constant: made with nulls, read back, and updated with the whole object that was read", async () => {
  const made = await desk.ok<Variable>(
    "POST",
    `${variables}/`,
    unsaved({ values: [{ value: "2024", taskInstanceId: null }], defaultValues: [] }),
  );
  const expected = {
    ...unsaved({ parameterType: "CUSTOM", defaultValues: [] }),
    id: made.id,
    taskId: await templateOf(world.transformationId),
    values: [{ value: "2024", taskInstanceId: world.transformationId }],
  };
  expect(made).toEqual(expected);
  expect(await desk.ok("GET", `${variables}/`)).toEqual([expected]);
  expect(await desk.ok("GET", variables)).toEqual([expected]);

  const [first] = made.values;
  const written = { ...made, description: "of the fiscal year", values: [{ ...first, value: "2025" }] };
  expect(await desk.ok("PUT", `${variables}/${made.id}`, written)).toEqual({ ...expected, ...written });
  expect(await desk.ok("PUT", `${variables}/${made.id}/`, { values: null, name: "FY" })).toMatchObject({
    name: "FY",
    description: "of the fiscal year",
    values: [{ value: "2025" }],
  });
  const cleared = await desk.ok("PUT", `${variables}/${made.id}`, { values: [{ ...first, value: null }] });
  expect(cleared).toMatchObject({ values: [{ value: null, taskInstanceId: world.transformationId }] });

  await desk.ok("DELETE", `${variables}/${made.id}`);
  expect(await desk.ok("GET", variables)).toEqual([]);
  expect((await desk.call("DELETE", `${variables}/${made.id}`)).status).toBe(404);
});

test("a variable without a value still names its task, and its name is the placeholder where none is given", async () => {
  const made = await desk.ok("POST", variables, unsaved({ name: "max_id", placeholder: null }));
  expect(made).toMatchObject({
    placeholder: "max_id",
    values: [{ value: null, taskInstanceId: world.transformationId }],
  });
});

test("FIND_MAX: of a connection's table or of a global one; a change may name one of its fields", async () => {
  const dynamic = unsaved({
    type: "DYNAMIC",
    dynamicVariableOpType: "FIND_MAX",
    dynamicTable: "BSEG",
    dynamicColumn: "buzei",
    dynamicDataSourceId: world.dataSourceId,
    defaultValues: [{ value: "0", taskInstanceId: world.transformationId }],
  });
  const made = await desk.ok<Variable>("POST", variables, dynamic);
  expect(made).toMatchObject({
    type: "DYNAMIC",
    dynamicVariableOpType: "FIND_MAX",
    dynamicTable: "BSEG",
    dynamicColumn: "buzei",
    dynamicDataSourceId: world.dataSourceId,
    defaultValues: [{ value: "0" }],
  });
  expect(await desk.ok("PUT", `${variables}/${made.id}`, { dynamicColumn: "belnr" })).toMatchObject({
    dynamicTable: "BSEG",
    dynamicColumn: "belnr",
    dynamicDataSourceId: world.dataSourceId,
  });
  expect(await desk.ok("PUT", `${variables}/${made.id}`, { type: "PUBLIC_CONSTANT" })).toMatchObject({
    dynamicVariableOpType: null,
    dynamicTable: null,
  });
  const global = unsaved({ ...dynamic, placeholder: "g", dynamicDataSourceId: null });
  expect(await desk.ok("POST", variables, global)).toMatchObject({ dynamicDataSourceId: null });
});

test.each([
  ["FIND_MIN", { type: "DYNAMIC", dynamicVariableOpType: "FIND_MIN", dynamicTable: "T", dynamicColumn: "c" }],
  ["LIST", { type: "DYNAMIC", dynamicVariableOpType: "LIST", dynamicTable: "T", dynamicColumn: "c" }],
  ["COLUMN", { dataType: "COLUMN" }],
  ["LIST_INT", { dataType: "LIST_INT" }],
  ["poolVariableId", { settings: { poolVariableId: newId() } }],
  ["poolVariableId", { defaultSettings: { poolVariableId: newId() } }],
  ["DATASOURCE", { parameterType: "DATASOURCE" }],
  ["A list of values", { dataType: "STRING", values: [{ value: "a" }, { value: "b" }] }],
])("%s is a 400 that says not yet, and nothing is made", async (what, changes) => {
  const answer = await desk.call("POST", variables, { body: unsaved(changes) });
  expect(answer.status).toBe(400);
  expect(answer.text).toContain(what);
  expect(answer.text).toContain("not supported yet");
  expect(await desk.ok("GET", variables)).toEqual([]);
});

test.each([
  [{ name: null }, "name"],
  [{ type: null }, "type"],
  [{ dataType: null }, "dataType"],
  [{ type: "SECRET" }, "type"],
  [{ values: [{ value: "20x4" }] }, "values"],
  [{ dataType: "DOUBLE", defaultValues: [{ value: "1,5" }] }, "defaultValues"],
  [{ placeholder: "a %> b" }, "placeholder"],
  [{ type: "DYNAMIC", dynamicVariableOpType: "FIND_MAX" }, "dynamicTable"],
  [{ type: "DYNAMIC", dynamicTable: "T", dynamicColumn: "c" }, "dynamicVariableOpType"],
])("%j is a 400 that names %s", async (changes, attribute) => {
  const answer = await desk.call("POST", variables, { body: unsaved(changes) });
  expect([answer.status, answer.json]).toEqual([400, { errors: [expect.objectContaining({ attribute })] }]);
  expect(await desk.ok("GET", variables)).toEqual([]);
});

test("a placeholder is there once in a task, and a refused change leaves the variable as it was", async () => {
  const made = await desk.ok<Variable>("POST", variables, unsaved({ values: [{ value: "1" }] }));
  expect((await desk.call("POST", variables, { body: unsaved({ name: "Other" }) })).status).toBe(409);
  const ofExtraction = `/integration/api/pools/${world.poolId}/tasks/${world.taskId}/variables`;
  expect(await desk.ok<Variable[]>("GET", ofExtraction)).toMatchObject([{ id: world.variableId }]);
  const wrong = await desk.call("PUT", `${variables}/${made.id}`, {
    body: { name: "new", values: [{ value: "one" }] },
  });
  expect(wrong.status).toBe(400);
  expect(await desk.ok("GET", variables)).toEqual([made]);
});

test("the settings of an extraction: absent until written, then shown in expanded; what is not sent stays", async () => {
  const configuration = `${job}/extractions/${world.taskId}/configuration`;
  const shown = async (): Promise<unknown> =>
    (await desk.ok<Record<string, unknown>>("GET", `${job}/extractions/${world.taskId}/expanded`))[
      "extractionConfigurationValueTransport"
    ];
  expect(await shown()).toBeNull();
  const sent = {
    dataPushUpsertStrategy: null,
    debugMode: null,
    deleteJob: null,
    connectorSpecificConfiguration: [{ key: "BATCH_SIZE", value: null }],
    ignoreMetadataChanges: true,
  };
  const expected = { ...sent, debugMode: false, deleteJob: false };
  expect(await desk.ok("PUT", configuration, sent)).toEqual(expected);
  expect(await shown()).toEqual(expected);
  const next = { dataPushUpsertStrategy: "UPSERT_WITH_NULLIFICATION", ignoreMetadataChanges: null };
  await desk.ok("PUT", configuration, next);
  expect(await shown()).toEqual({ ...expected, dataPushUpsertStrategy: "UPSERT_WITH_NULLIFICATION" });
  await desk.ok("PUT", configuration, { ignoreMetadataChanges: false });
  expect(await shown()).toMatchObject({ ignoreMetadataChanges: false });
  expect((await desk.call("PUT", configuration, { body: { ignoreMetadataChanges: "yes" } })).status).toBe(
    400,
  );
  const elsewhere = `${job}/extractions/${world.transformationId}/configuration`;
  expect((await desk.call("PUT", elsewhere, { body: sent })).status).toBe(404);
});

test("a look back of the change date is never a look ahead", async () => {
  const tables = `${job}/extractions/${world.taskId}/tables`;
  for (const changeDateOffset of [-1, 1_000_001, "1.5"]) {
    const answer = await desk.call("POST", tables, {
      body: [{ tableName: "VBAK", changeDateColumn: "aedat", changeDateOffset }],
    });
    expect([changeDateOffset, answer.status]).toEqual([changeDateOffset, 400]);
  }
});
