/** Connections, jobs, tasks and tables over the wire: what comes back, and what is refused without a change. */
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  configuration,
  makeWorld,
  openDeskApp,
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
    [{ tableName: "A", targetTableName: "x".repeat(256) }, 400],
  ];
  for (const [table, status] of refused) {
    const answer = await desk.call("POST", tables, { body: [{ tableName: "FINE" }, table] });
    expect([table, answer.status]).toEqual([table, status]);
  }
  const cut = await desk.call("POST", tables, {
    body: [{ tableName: "FINE" }, { tableName: "A", columns: [{ columnName: "a\u0000b" }] }],
  });
  expect([cut.status, cut.json]).toEqual([
    400,
    { errors: [expect.objectContaining({ attribute: "1.columns.0.columnName" })] },
  ]);
  expect((await desk.call("PUT", tables, { body: [{ tableName: "A" }] })).status).toBe(400);
  expect(await desk.ok("GET", tables)).toEqual(before);
});

const choosing: [string, object][] = [
  ["selectedColumns", { selectedColumns: ["BELNR"] }],
  ["selectedColumns", { columns: [{ columnName: "BELNR" }], selectedColumns: ["BELNR", "GJAHR"] }],
  ["selectedColumns", { columns: [{ columnName: "A" }, { columnName: "B" }], selectedColumns: ["A"] }],
  ["columnValueColumn", { columnValueColumn: "BUKRS" }],
  ["columnValueTargetColumn", { columnValueTargetColumn: "BUKRS" }],
  ["creationDateValueStart", { creationDateValueStart: 1_700_000_000_000 }],
  ["creationDateValueEnd", { creationDateValueEnd: "2024-01-01" }],
  ["creationDateParameterStart", { creationDateParameterStart: "from" }],
  ["creationDateParameterEnd", { creationDateParameterEnd: "to" }],
  ["columns.fromJoin", { columns: [{ columnName: "BELNR", fromJoin: true }] }],
  ["columns.anonymized", { columns: [{ columnName: "BELNR", anonymized: true }] }],
  ["joinType", { joinType: "COLUMN_VALUE" }],
];
for (const key of ["MAX_EXTRACTED_RECORDS", "REMOVE_DUPLICATES_WITH_ORDER", "CHANGELOG_TABLE_NAME"]) {
  const connectorSpecificConfiguration = [
    { key: "BATCH_SIZE", value: "10" },
    { key, value: "1000" },
  ];
  choosing.push([`connectorSpecificConfiguration.${key}`, { connectorSpecificConfiguration }]);
}
test.each(choosing)(
  "%s would change which rows or columns arrive, and is refused: %j",
  async (attribute, fields) => {
    const tables = `${job}/extractions/${world.taskId}/tables`;
    const before = await desk.ok("GET", tables);
    for (const [method, table] of [
      ["POST", { tableName: "BSEG", ...fields }],
      ["PUT", { id: world.tableId, ...fields }],
    ] as const) {
      const answer = await desk.call(method, tables, { body: [table] });
      expect([method, answer.status, answer.json]).toEqual([
        method,
        400,
        { errors: [expect.objectContaining({ attribute })] },
      ]);
    }
    expect(await desk.ok("GET", tables)).toEqual(before);
  },
);

test("a table with every field as clients and exports send it when nothing is meant is taken", async () => {
  const tables = `${job}/extractions/${world.taskId}/tables`;
  const nothing = {
    id: null,
    taskId: world.taskId,
    jobId: world.jobId,
    tableExecutionItemId: null,
    schemaName: null,
    filterDefinition: "",
    deltaFilterDefinition: "",
    useManualPKs: false,
    disabled: false,
    renameTargetTable: false,
    targetTableName: null,
    customizeColumnSelection: false,
    creationDateColumn: "",
    creationDateValueStart: null,
    creationDateValueEnd: 0,
    creationDateParameterStart: "",
    creationDateParameterEnd: null,
    creationDateValueToday: false,
    endDateDisabled: false,
    changeDateColumn: null,
    changeDateOffset: 0,
    changeDateOffsetType: "DAYS",
    disableChangeLog: false,
    tableExtractionType: "PARENT_TABLE",
    parent: true,
    parentTable: "",
    dependsOn: null,
    joinType: "NONE",
    columnValueTable: "",
    columnValueColumn: "",
    columnValueTargetColumn: null,
    columnValuesAtATime: 10000,
    dataPushDeleteStrategy: "DELETE",
    columns: [],
    selectedColumns: [],
    joins: [],
    dependentTables: [],
    calculatedColumns: [],
    mirrorTableNames: [],
  };
  const keys = ["MAX_EXTRACTED_RECORDS", "REMOVE_DUPLICATES_WITH_ORDER", "CHANGELOG_TABLE_NAME"];
  const values = [null, "", "0", "false"];
  const column = { columnName: "BELNR", fromJoin: false, anonymized: false, primaryKey: true };
  const made = await desk.ok<object[]>("POST", `${tables}/`, [
    { ...nothing, tableName: "A", connectorSpecificConfiguration: [] },
    ...values.map((value, index) => ({
      ...nothing,
      tableName: `B${String(index)}`,
      connectorSpecificConfiguration: keys.map((key) => ({ key, value })),
    })),
    {
      ...nothing,
      tableName: "C",
      columns: [
        { ...column, preferredType: null, dateFormat: null },
        { ...column, columnName: "GJAHR" },
      ],
      selectedColumns: ["GJAHR", "BELNR"],
    },
  ]);
  expect(made).toHaveLength(6);
  // And a client may send back what it read.
  expect(await desk.ok("PUT", `${tables}/`, made)).toEqual(made);
});
