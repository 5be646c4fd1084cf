/** Variables in filters and statements of real runs. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { DeltaBench, filters, texts } from "./support/delta-bench.ts";
import { makeTransformation } from "./support/nightdesk.ts";

let bench: DeltaBench;
beforeAll(async () => {
  bench = await DeltaBench.open();
  await bench.makeTable("edge", 10);
});
afterAll(async () => {
  await bench?.close();
});
afterEach(async () => {
  await bench.expectQuiet();
});

test("a delta filter with FIND_MAX: missing, empty and filled table; rows are those of both filters", async () => {
  await bench.makeTable("growing", 50);
  const job = await bench.makeJob("growing", {
    tableName: "growing",
    filterDefinition: "id % 2 = 0 -- even ones",
    deltaFilterDefinition: "id > <%=max_id%>",
  });
  const max = { dynamicVariableOpType: "FIND_MAX", dynamicTable: "growing", dynamicColumn: "id" };
  const variable = await bench.makeVariable(job.extractionId, {
    name: "max_id",
    type: "DYNAMIC",
    dataType: "INT",
    ...max,
    dynamicDataSourceId: bench.pool.dataSourceId,
    values: [{ value: "40" }],
    defaultValues: [{ value: "30" }],
  });
  const ids = async (): Promise<unknown[]> =>
    (await bench.query(job, "select id from growing order by id")).flat();
  // Missing: the value; the table is made by the delta load.
  const missing = await bench.succeed(job, "DELTA");
  expect(filters(missing)).toEqual(["(\nid > 40\n) AND (\nid % 2 = 0 -- even ones\n)"]);
  expect(await ids()).toEqual([42, 44, 46, 48, 50]);
  // Filled: its greatest one.
  await bench.source.sql("insert into growing values (51, 'odd', now()), (52, 'even', now())");
  expect(filters(await bench.succeed(job, "DELTA"))[0]).toContain("id > 50");
  expect(await ids()).toEqual([42, 44, 46, 48, 50, 52]);
  // Empty, and without a value: the default.
  await makeTransformation(bench.server, job.path, "empty it", "delete from growing");
  await bench.succeed(job, "DELTA");
  expect(await ids()).toEqual([]);
  const variables = `${bench.variablesOf(job.extractionId)}/${variable}`;
  await bench.server.ok("PUT", variables, { values: [{ value: null }] });
  expect(filters(await bench.succeed(job, "DELTA"))[0]).toContain("id > 30");
  await bench.server.ok("PUT", variables, { defaultValues: [] });
  const without = await bench.run(job, "DELTA");
  expect(without.status).toBe("FAIL");
  expect(without.log).toContainEqual({
    level: "ERROR",
    text: expect.stringContaining("<%= max_id %> has no value and no default value"),
    code: "VARIABLE_RESOLVING_ERROR",
  });
  // A full load does not read the delta filter.
  expect(filters(await bench.succeed(job, "FULL"))).toEqual(["id % 2 = 0 -- even ones"]);
  await bench.server.ok("PUT", variables, { dynamicColumn: "nope", values: [{ value: "1" }] });
  const wrong = await bench.run(job, "DELTA");
  expect(wrong.status).toBe("FAIL");
  expect(texts(wrong.log)).toMatch(/has no column "nope"/);
});

test("constants are quoted as one value, whatever they hold, and numbers are numbers", async () => {
  await bench.source.sql(`
    create table quoted (id int primary key, val text, at timestamptz);
    insert into quoted values (1, 'O''Neill <%=id%>', '2024-01-01'), (2, 'x', '2024-01-02'), (3, E'back\\\\slash', '2024-01-03');
  `);
  const job = await bench.makeJob("quoted", {
    tableName: "quoted",
    filterDefinition: "val = <%= who %> or id = <%=id%> or at = <%=day%>",
  });
  await bench.makeVariable(job.extractionId, { name: "who", values: [{ value: "O'Neill <%=id%>" }] });
  await bench.makeVariable(job.extractionId, {
    name: "id",
    dataType: "INT",
    type: "PUBLIC_CONSTANT",
    values: [{ value: "-1" }],
  });
  await bench.makeVariable(job.extractionId, {
    name: "day",
    dataType: "DATE",
    defaultValues: [{ value: "2024-01-03" }],
  });
  const log = await bench.succeed(job, "FULL");
  expect(filters(log)).toEqual(["val = 'O''Neill <%=id%>' or id = -1 or at = '2024-01-03'"]);
  expect(await bench.query(job, "select id from quoted order by id")).toEqual([[1], [3]]);
});

test.each(["gone", "__proto__", "constructor"])(
  "an unknown placeholder fails the run before the source is touched, and is named: %s",
  async (name) => {
    const job = await bench.makeJob(`unknown ${name}`, {
      tableName: "edge",
      filterDefinition: `id > <%=${name}%>`,
    });
    const { status, log } = await bench.run(job, "FULL");
    expect(status).toBe("FAIL");
    expect(log).toContainEqual({
      level: "ERROR",
      text: expect.stringContaining(`there is no variable for <%= ${name} %>`),
      code: "VARIABLE_RESOLVING_ERROR",
    });
    expect(texts(log)).not.toContain("Executing query");
  },
);

test("variables of a transformation: put in as they are, FIND_MAX after the extraction before it; data cannot break out", async () => {
  await bench.source.sql(
    "create table facts (id int primary key, val text, at timestamptz); insert into facts values (7, 'plain', null)",
  );
  const job = await bench.makeJob("facts", "facts");
  const script = `create or replace table seen as select <%= top %> as top, '<%= word %>' as word, '<%=kind%>' as kind`;
  const task = await makeTransformation(bench.server, job.path, "see", script);
  const find = {
    type: "DYNAMIC",
    dynamicVariableOpType: "FIND_MAX",
    dynamicTable: "facts",
    dynamicDataSourceId: bench.pool.dataSourceId,
  };
  await bench.makeVariable(task, { name: "top", ...find, dataType: "INT", dynamicColumn: "id" });
  await bench.makeVariable(task, { name: "word", ...find, dynamicColumn: "val" });
  await bench.makeVariable(task, { name: "kind", values: [{ value: "<%=top%>" }] });
  await bench.succeed(job, "FULL");
  expect(await bench.query(job, "select * from seen")).toEqual([[7, "plain", "<%=top%>"]]);
  await bench.source.sql("update facts set val = 'x''; drop table facts; --'");
  const { status, log } = await bench.run(job, "FULL");
  expect(status).toBe("FAIL");
  expect(log).toContainEqual({
    level: "ERROR",
    text: expect.stringContaining("<%= word %> comes from the data"),
    code: "VARIABLE_RESOLVING_ERROR",
  });
});

test("a run works with the variables as they were when it was asked for", async () => {
  await bench.makeTable("slow", 2000);
  const slow = await bench.makeJob("slow", "slow");
  const job = await bench.makeJob("snapshot", {
    tableName: "edge",
    targetTableName: "snap",
    filterDefinition: "id = <%=id%>",
  });
  const id = await bench.makeVariable(job.extractionId, {
    name: "id",
    dataType: "INT",
    values: [{ value: "3" }],
  });
  await bench.limitRows(1000);
  await bench.start(slow, "FULL");
  const executionId = await bench.start(job, "FULL");
  await bench.server.ok("PUT", `${bench.variablesOf(job.extractionId)}/${id}`, {
    values: [{ value: "4" }],
  });
  expect(await bench.ended(job)).toBe("SUCCESS");
  expect(filters(await bench.logOf(executionId))).toEqual(["id = 3"]);
  await bench.limitRows(0);
  expect(filters(await bench.succeed(job, "FULL"))).toEqual(["id = 4"]);
});
