import { paths } from "../../contract/index.ts";
import { dataSourceOf, jobOf, notFound, taskOf } from "../../engine/belonging.ts";
import type { Job, Task } from "../../model/definitions.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import {
  columnsQuery,
  poolColumns,
  poolTables,
  toPoolColumn,
  toPoolTable,
  toWorkbenchExecution,
  toWorkbenchResult,
  workbenchDraft,
  workbenchExecution,
  workbenchResults,
} from "../wire/pool-data.ts";

export function poolDataRoutes({ state, poolData, workbench }: Operations): Route[] {
  const place = async (
    poolId: string,
    ids: { jobId: string; taskId: string },
  ): Promise<{ job: Job; task: Task }> => {
    const job = await jobOf(state, poolId, ids.jobId);
    return { job, task: await taskOf(state, job, ids.taskId) };
  };

  return [
    route({
      method: "GET",
      path: paths.poolTables,
      access: { verb: "view", on: "pool" },
      answer: poolTables,
      operation: async ({ pool, signal }) => {
        const sources = new Map((await state.dataSources(pool.id)).map((one) => [one.id, one]));
        const answer = await poolData.ask(pool.id, { kind: "tables" }, { signal });
        return answer.kind === "tables" ? answer.tables.map((table) => toPoolTable(table, sources)) : [];
      },
    }),
    route({
      method: "GET",
      path: paths.poolColumns,
      access: { verb: "view", on: "pool" },
      query: columnsQuery,
      answer: poolColumns,
      operation: async ({ pool, query, signal }) => {
        const schema = query.schemaName ?? pool.id;
        if (schema !== pool.id) await dataSourceOf(state, pool.id, schema);
        const answer = await poolData.ask(
          pool.id,
          { kind: "columns", schema, table: query.tableName },
          { signal },
        );
        const columns = answer.kind === "columns" ? answer.columns : [];
        if (columns.length === 0) throw notFound("table");
        return columns.map(toPoolColumn);
      },
    }),
    route({
      method: "POST",
      path: paths.workbenchExecute,
      access: { verb: "edit", on: "pool" },
      body: { json: workbenchDraft },
      answer: workbenchExecution,
      operation: async ({ pool, ids, body }) => {
        const { job, task } = await place(pool.id, ids);
        return toWorkbenchExecution(workbench.start(job, task, body.statement));
      },
    }),
    route({
      method: "GET",
      path: paths.workbench,
      access: { verb: "edit", on: "pool" },
      answer: workbenchExecution,
      operation: async ({ pool, ids }) => {
        const { task } = await place(pool.id, ids);
        return toWorkbenchExecution(workbench.get(task, ids.statementId));
      },
    }),
    route({
      method: "GET",
      path: paths.workbenchResults,
      access: { verb: "edit", on: "pool" },
      answer: workbenchResults,
      operation: async ({ pool, ids }) => {
        const { task } = await place(pool.id, ids);
        return [toWorkbenchResult(workbench.get(task, ids.statementId))];
      },
    }),
  ];
}
