import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import type { PlannedTask, RunPlan } from "../src/model/execution.ts";
import { openStateStore } from "../src/state/index.ts";
import {
  aDataSource,
  aJob,
  anExecution,
  anItem,
  aPool,
  aTable,
  aTask,
  aVariable,
  idle,
  storedJob,
  temporaryHome,
  temporaryStore,
} from "./support/state-fixtures.ts";

const conflict = { name: "UserError", kind: "conflict" };
const notFound = { name: "UserError", kind: "not-found" };

test("definitions are read back as they were written, also after a reopen", async () => {
  const file = join(temporaryHome(), "state.db");
  const store = await openStateStore(file);
  const pool = aPool({ name: "Füße 日本 'x\"; --", description: "two\nlines" });
  const source = aDataSource(pool.id, {
    configuration: {
      host: "::1",
      port: 1,
      database: "d",
      user: "u",
      ssl: { mode: "verify-full", ca: "PEM" },
      maxRowsPerSecond: 2500,
    },
  });
  const job = aJob(pool.id, { dataSourceId: source.id });
  const task = aTask(job, {
    position: 1,
    statement: "SELECT 1;\r\nSELECT '😀'",
    disabled: true,
    description: "",
  });
  const table = aTable(task, {
    schemaName: "sap",
    filter: "x > 'ü'",
    columns: [{ columnName: "MANDT", primaryKey: true, preferredType: "VARCHAR" }],
    useManualPrimaryKeys: true,
    extra: { joins: [], nested: { a: null } },
  });
  const variable = aVariable(task, { placeholder: "__proto__", value: "<%= x %> 'ä'", dataType: "STRING" });
  const greatest = aVariable(task, {
    type: "DYNAMIC",
    description: "",
    value: null,
    defaultValue: "0",
    greatestOf: { dataSourceId: source.id, table: 'BS"EG', column: "buzei" },
  });
  const settings = { ignoreMetadataChanges: true, extra: { debugMode: true } };
  await store.insertPool(pool);
  await store.insertDataSource(source);
  await store.insertJob(job);
  await store.insertTask(task);
  await store.insertTables([table]);
  await store.insertVariable(variable);
  await store.insertVariable(greatest);
  await store.saveExtractionConfiguration(task.id, { ignoreMetadataChanges: false, extra: {} });
  await store.saveExtractionConfiguration(task.id, settings);
  await store.close();

  const again = await openStateStore(file);
  expect(await again.pools()).toEqual([pool]);
  expect(await again.pool(pool.id)).toEqual(pool);
  expect(await again.dataSources(pool.id)).toEqual([source]);
  expect(await again.dataSource(source.id)).toEqual(source);
  expect(await again.jobs(pool.id)).toEqual([job]);
  expect(await again.job(job.id)).toEqual(job);
  expect(await again.tasks(job.id)).toEqual([task]);
  expect(await again.task(task.id)).toEqual(task);
  expect(await again.tables(task.id)).toEqual([table]);
  expect(await again.table(table.id)).toEqual(table);
  expect(await again.variables(task.id)).toEqual([variable, greatest]);
  expect(await again.variable(greatest.id)).toEqual(greatest);
  expect(await again.extractionConfiguration(task.id)).toEqual(settings);
  await again.close();
});

test("what is not there reads as null or empty, and deleting it does nothing", async () => {
  const store = await temporaryStore();
  const id = newId();
  expect([
    await store.pool(id),
    await store.dataSource(id),
    await store.job(id),
    await store.task(id),
    await store.table(id),
    await store.variable(id),
    await store.extractionConfiguration(id),
  ]).toEqual([null, null, null, null, null, null, null]);
  expect([
    await store.pools(),
    await store.dataSources(id),
    await store.jobs(id),
    await store.tasks(id),
    await store.tables(id),
    await store.variables(id),
  ]).toEqual([[], [], [], [], [], []]);
  await store.deletePool(id);
  await store.deleteDataSource(id);
  await store.deleteJob(id);
  await store.deleteTask(id);
  await store.deleteTable(id);
  await store.deleteVariable(id);
});

test("a placeholder is unique in its task, a variable goes with it, and none is without one", async () => {
  const store = await temporaryStore();
  const job = await storedJob(store);
  const task = aTask(job, { position: 1 });
  const other = aTask(job, { position: 2 });
  await store.insertTask(task);
  await store.insertTask(other);
  const variable = aVariable(task);
  await store.insertVariable(variable);
  await store.insertVariable(aVariable(other));
  await expect(store.insertVariable(aVariable(task))).rejects.toMatchObject({
    ...conflict,
    attribute: "placeholder",
  });
  const second = aVariable(task, { placeholder: "Year" });
  await store.insertVariable(second);
  await expect(store.updateVariable({ ...second, placeholder: "year" })).rejects.toMatchObject(conflict);
  await expect(store.updateVariable(aVariable(task, { placeholder: "z" }))).rejects.toMatchObject(notFound);
  const changed = { ...second, name: "n", type: "PUBLIC_CONSTANT" as const, value: null, defaultValue: "1" };
  await store.updateVariable(changed);
  expect(await store.variables(task.id)).toEqual([variable, changed]);
  await expect(store.insertVariable(aVariable({ ...task, id: newId() }))).rejects.toMatchObject(notFound);
  await expect(
    store.saveExtractionConfiguration(newId(), { ignoreMetadataChanges: true, extra: {} }),
  ).rejects.toMatchObject(notFound);
  await store.saveExtractionConfiguration(task.id, { ignoreMetadataChanges: true, extra: {} });
  await store.deleteTask(task.id);
  expect([await store.variable(variable.id), await store.extractionConfiguration(task.id)]).toEqual([
    null,
    null,
  ]);
});

test("updates change what may change, and name what is missing", async () => {
  const store = await temporaryStore();
  const pool = aPool();
  await store.insertPool(pool);
  const source = aDataSource(pool.id);
  await store.insertDataSource(source);
  const job = aJob(pool.id);
  await store.insertJob(job);
  const task = aTask(job, { position: 1 });
  await store.insertTask(task);
  const table = aTable(task);
  await store.insertTables([table]);

  const changed = {
    pool: { ...pool, name: "n", description: "d" },
    source: {
      ...source,
      name: "n",
      sealedPassword: "v1.other",
      configuration: { ...source.configuration, port: 2 },
    },
    job: { ...job, name: "n", dataSourceId: source.id },
    task: { ...task, name: "n", statement: "SELECT 2", disabled: true, editedAt: 5 },
    table: { ...table, tableName: "VBAP", disabled: true, extra: { a: 1 } },
  };
  await store.updatePool(changed.pool);
  await store.updateDataSource(changed.source);
  await store.updateJob(changed.job);
  await store.updateTask(changed.task);
  await store.updateTables([changed.table]);
  expect(await store.pool(pool.id)).toEqual(changed.pool);
  expect(await store.dataSource(source.id)).toEqual(changed.source);
  expect(await store.job(job.id)).toEqual(changed.job);
  expect(await store.task(task.id)).toEqual(changed.task);
  expect(await store.table(table.id)).toEqual(changed.table);

  const id = newId();
  await expect(store.updatePool({ ...pool, id })).rejects.toMatchObject(notFound);
  await expect(store.updateDataSource({ ...source, id, name: "x" })).rejects.toMatchObject(notFound);
  await expect(store.updateJob({ ...job, id, name: "x" })).rejects.toMatchObject(notFound);
  await expect(store.updateTask({ ...task, id })).rejects.toMatchObject(notFound);
  await expect(
    store.updateTables([
      { ...table, tableName: "LIKP" },
      { ...table, id },
    ]),
  ).rejects.toMatchObject(notFound);
  expect(await store.table(table.id)).toEqual(changed.table);
});

test("names of jobs and connections are unique in a pool, as given; pool names are free", async () => {
  const store = await temporaryStore();
  const [one, two] = [aPool(), aPool()];
  await store.insertPool(one);
  await store.insertPool(two);
  const job = aJob(one.id, { name: "Orders" });
  await store.insertJob(job);
  await store.insertJob(aJob(one.id, { name: "orders" }));
  await store.insertJob(aJob(two.id, { name: "Orders" }));
  await expect(store.insertJob(aJob(one.id, { name: "Orders" }))).rejects.toMatchObject({
    ...conflict,
    attribute: "name",
  });
  await expect(store.updateJob({ ...job, name: "orders" })).rejects.toMatchObject(conflict);
  await store.insertDataSource(aDataSource(one.id));
  await store.insertDataSource(aDataSource(two.id));
  const refused = await store.insertDataSource(aDataSource(one.id)).catch((error: unknown) => error);
  expect(refused).toMatchObject(conflict);
  expect((refused as { line: string }).line).toBe(
    'create a connection: the pool has a connection named "ECC" already. Next: choose another name',
  );
  expect(await store.jobs(one.id)).toHaveLength(2);
});

test("a child without its parent is refused and nothing of it is stored", async () => {
  const store = await temporaryStore();
  const job = await storedJob(store);
  const foreign = aPool();
  await store.insertPool(foreign);
  const foreignSource = aDataSource(foreign.id);
  await store.insertDataSource(foreignSource);
  const task = aTask(job, { position: 1 });
  await store.insertTask(task);

  await expect(store.insertDataSource(aDataSource(newId()))).rejects.toMatchObject(notFound);
  await expect(store.insertJob(aJob(newId()))).rejects.toMatchObject(notFound);
  await expect(
    store.insertJob(aJob(job.poolId, { name: "x", dataSourceId: foreignSource.id })),
  ).rejects.toMatchObject(notFound);
  await expect(store.updateJob({ ...job, dataSourceId: foreignSource.id })).rejects.toMatchObject(notFound);
  await expect(store.insertTask(aTask({ ...job, id: newId() }))).rejects.toMatchObject(notFound);
  await expect(store.insertTables([aTable(task), aTable({ ...task, id: newId() })])).rejects.toMatchObject(
    notFound,
  );
  expect(await store.tables(task.id)).toEqual([]);
  expect(await store.job(job.id)).toEqual(job);
});

test("a NUL character is refused rather than cut off", async () => {
  const store = await temporaryStore();
  await expect(store.insertPool(aPool({ name: "a\0b" }))).rejects.toMatchObject({
    kind: "invalid",
    attribute: "name",
  });
  expect(await store.pools()).toEqual([]);
});

test("a connection is not deleted while a job or a running plan names it", async () => {
  const store = await temporaryStore();
  const pool = aPool();
  await store.insertPool(pool);
  const source = aDataSource(pool.id);
  await store.insertDataSource(source);
  const job = aJob(pool.id, { dataSourceId: source.id });
  await store.insertJob(job);
  await expect(store.deleteDataSource(source.id)).rejects.toMatchObject({
    ...conflict,
    message: 'the job "Order to cash" uses it',
  });

  const execution = anExecution(job);
  const { id, name, type, configuration } = source;
  const plan: RunPlan = { ...execution.plan, dataSource: { id, name, type, configuration } };
  await store.enqueue({ ...execution, plan });
  await store.updateJob({ ...job, dataSourceId: null });
  await expect(store.deleteDataSource(source.id)).rejects.toMatchObject(conflict);
  await store.claimNext(1, 200);
  await store.finish(execution.id, "SUCCESS", { at: 300, proof: idle, failure: null });
  await store.deleteDataSource(source.id);
  expect(await store.dataSources(pool.id)).toEqual([]);
});

test("deleting a job or a pool takes all of it, but never an execution that is not over", async () => {
  const store = await temporaryStore();
  const pool = aPool();
  await store.insertPool(pool);
  const source = aDataSource(pool.id);
  await store.insertDataSource(source);
  const job = aJob(pool.id, { dataSourceId: source.id });
  await store.insertJob(job);
  const task = aTask(job, { position: 1 });
  await store.insertTask(task);
  const table = aTable(task);
  await store.insertTables([table]);
  const execution = anExecution(job);
  await store.enqueue(execution);
  const item = anItem(execution);
  await store.saveItem(item);
  await store.appendLog([
    {
      executionId: execution.id,
      itemId: item.id,
      level: "INFO",
      at: 1,
      message: "m",
      code: null,
      parameters: [],
    },
  ]);

  for (const remove of [() => store.deleteJob(job.id), () => store.deletePool(pool.id)]) {
    await expect(remove()).rejects.toMatchObject({
      ...conflict,
      message: 'the job "Order to cash" is QUEUED',
    });
  }
  expect(await store.table(table.id)).toEqual(table);
  await store.requestStop(execution.id, { by: "operator", keyName: "k", channel: "wire", because: null }, 5);
  await store.deletePool(pool.id);
  expect([
    await store.pool(pool.id),
    await store.dataSource(source.id),
    await store.job(job.id),
    await store.task(task.id),
    await store.table(table.id),
    await store.execution(execution.id),
    await store.item(item.id),
  ]).toEqual([null, null, null, null, null, null, null]);
  const log = await store.log({ executionId: execution.id, itemIds: null, levels: [], page: 0, limit: 10 });
  expect(log).toEqual({ lines: [], total: 0 });
});

test("positions of tasks stay 1..n in the order a plain list would have", async () => {
  type Step = { kind: "insert" | "move" | "delete"; which: number; position: number };
  const step = fc.record<Step>({
    kind: fc.constantFrom("insert", "insert", "move", "delete"),
    which: fc.nat(20),
    position: fc.integer({ min: -1, max: 8 }),
  });
  const store = await temporaryStore();
  const pool = aPool();
  await store.insertPool(pool);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const job = aJob(pool.id, { name: newId() });
      await store.insertJob(job);
      const list: string[] = [];
      const place = (id: string, position: number): void => {
        const inside = position >= 1 && position <= list.length;
        list.splice(inside ? position - 1 : list.length, 0, id);
      };
      for (const { kind, which, position } of steps) {
        const old = list[which % Math.max(list.length, 1)];
        if (kind === "insert" || old === undefined) {
          const task = aTask(job, { position });
          await store.insertTask(task);
          place(task.id, position);
        } else {
          const task = await store.task(old);
          list.splice(list.indexOf(old), 1);
          if (kind === "delete") {
            await store.deleteTask(old);
          } else if (task !== null) {
            await store.updateTask({ ...task, position });
            place(old, position);
          }
        }
        const stored = await store.tasks(job.id);
        expect(stored.map(({ id }) => id)).toEqual(list);
        expect(stored.map((task) => task.position)).toEqual(list.map((_id, index) => index + 1));
      }
    }),
    { numRuns: 25 },
  );
});

test("a plan keeps what the job looked like", async () => {
  const store = await temporaryStore();
  const job = await storedJob(store);
  const planned: PlannedTask = {
    id: newId(),
    name: "t",
    type: "TRANSFORMATION",
    position: 1,
    statement: "SELECT '\0'",
    tables: [],
  };
  const execution = anExecution(job);
  const plan = { ...execution.plan, tasks: [planned] };
  await store.enqueue({ ...execution, plan });
  await store.updateJob({ ...job, name: "renamed" });
  expect((await store.execution(execution.id))?.plan).toEqual(plan);
  expect(await store.jobStatus(job.id)).toMatchObject({ jobName: "renamed", status: "QUEUED" });
});
