import { z } from "zod";
import { paths, type ExtractionConfigurationValue } from "../../contract/index.ts";
import { extractionOf, jobOf, mustBeSame, tableOf } from "../../engine/belonging.ts";
import type { Task } from "../../model/definitions.ts";
import { UserError } from "../../model/errors.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import { toTask } from "../wire/jobs.ts";
import {
  configurationGiven,
  extractionConfigurationValue,
  extractionTransport,
  tableTransport,
  tablesGiven,
  toConfiguration,
  toConfigurationDraft,
  toTable,
  toTableDraft,
  type TableGiven,
} from "../wire/tables.ts";

export function extractionRoutes({ state, tables, variables }: Operations): Route[] {
  const extraction = async (poolId: string, ids: { jobId: string; taskId: string }): Promise<Task> =>
    await extractionOf(state, await jobOf(state, poolId, ids.jobId), ids.taskId);

  const configurationOf = async ({ id }: Task): Promise<ExtractionConfigurationValue | null> => {
    const configuration = await state.extractionConfiguration(id);
    return configuration === null ? null : toConfiguration(configuration);
  };

  return [
    route({
      method: "PUT",
      path: paths.extractionConfiguration,
      access: { verb: "edit", on: "pool" },
      body: { json: configurationGiven },
      answer: extractionConfigurationValue,
      operation: async ({ pool, ids, body }) => {
        const task = await extraction(pool.id, ids);
        return toConfiguration(await variables.configure(task, toConfigurationDraft(body)));
      },
    }),
    route({
      method: "GET",
      path: paths.expanded,
      access: { verb: "view", on: "pool" },
      answer: extractionTransport,
      operation: async ({ pool, ids }) => {
        const task = await extraction(pool.id, ids);
        return {
          ...toTask(task),
          extractionConfigurationValueTransport: await configurationOf(task),
          extractionConfiguration: null,
          tables: (await state.tables(task.id)).map(toTable),
          metadataTables: [],
        };
      },
    }),
    route({
      method: "GET",
      path: paths.extractionTables,
      access: { verb: "view", on: "pool" },
      answer: z.array(tableTransport),
      operation: async ({ pool, ids }) =>
        (await state.tables((await extraction(pool.id, ids)).id)).map(toTable),
    }),
    route({
      method: "POST",
      path: paths.extractionTables,
      access: { verb: "edit", on: "pool" },
      body: { json: tablesGiven },
      answer: z.array(tableTransport),
      operation: async ({ pool, ids, body }) => {
        const task = await extraction(pool.id, ids);
        checkParents(task, body);
        return (await tables.add(task, body.map(toTableDraft))).map(toTable);
      },
    }),
    route({
      method: "PUT",
      path: paths.extractionTables,
      access: { verb: "edit", on: "pool" },
      body: { json: tablesGiven },
      answer: z.array(tableTransport),
      operation: async ({ pool, ids, body }) => {
        const task = await extraction(pool.id, ids);
        checkParents(task, body);
        const drafts = body.map((given) => ({ ...toTableDraft(given), id: idOf(given) }));
        return (await tables.change(task, drafts)).map(toTable);
      },
    }),
    route({
      method: "GET",
      path: paths.extractionTable,
      access: { verb: "view", on: "pool" },
      answer: tableTransport,
      operation: async ({ pool, ids }) =>
        toTable(await tableOf(state, await extraction(pool.id, ids), ids.tableId)),
    }),
    route({
      method: "DELETE",
      path: paths.extractionTable,
      access: { verb: "edit", on: "pool" },
      answer: "empty",
      operation: async ({ pool, ids }) => {
        await tables.remove(await tableOf(state, await extraction(pool.id, ids), ids.tableId));
      },
    }),
  ];
}

function checkParents(task: Task, given: TableGiven[]): void {
  for (const table of given) {
    mustBeSame(table.taskId, task.id, "extraction");
    mustBeSame(table.jobId, task.jobId, "data job");
  }
}

function idOf(given: TableGiven): string {
  if (given.id !== undefined) return given.id;
  throw new UserError("invalid", "A changed table is named by its id.", {
    operation: "change the tables",
    attribute: "id",
  });
}
