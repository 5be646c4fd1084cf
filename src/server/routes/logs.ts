import { paths } from "../../contract/index.ts";
import { executionOf, jobOf, notFound } from "../../engine/belonging.ts";
import { knowsJob } from "../../engine/keys.ts";
import { relayedItems, relayedLog, relayedRuns } from "../../engine/relayed-logs.ts";
import type { Execution, ExecutionItem } from "../../model/execution.ts";
import type { StateStore } from "../../model/state-store.ts";
import { commonHeaders } from "../errors.ts";
import type { Operations } from "../operations.ts";
import { aged, type RelayedAsk } from "../relayed-answers.ts";
import { route, type Route } from "../route.ts";
import {
  detailQuery,
  executionItems,
  executionItemsPage,
  executionsQuery,
  itemsQuery,
  jobStatuses,
  logMessagesPage,
  toItem,
  toJobItem,
  toJobStatus,
  toLogMessage,
} from "../wire/executions.ts";
import { pagesOf } from "../wire/fields.ts";

const jsonHeaders = { ...commonHeaders, "content-type": "application/json" };

export function logRoutes({ state, poolCache, relayedTeam }: Operations): Route[] {
  const remote = ({ pool, key }: Pick<RelayedAsk, "pool" | "key">) =>
    relayedTeam(pool, { key, channel: "wire" }, null);
  return [
    route({
      method: "GET",
      path: paths.logsStatus,
      access: { verb: "view", on: "pool", jobs: "kept" },
      answer: jobStatuses,
      operation: async ({ pool, key }) => {
        if (key.jobs !== null) {
          const known = (await state.poolStatus(pool.id)).filter(({ jobId }) => knowsJob(key, jobId));
          return known.map(toJobStatus);
        }
        const text = await poolCache.status(pool.id, async () =>
          JSON.stringify((await state.poolStatus(pool.id)).map(toJobStatus)),
        );
        return new Response(text, { headers: jsonHeaders });
      },
      relayed: async (ask) => aged(await remote(ask).statusLines({ signal: ask.signal }), ask),
    }),
    route({
      method: "GET",
      path: paths.jobExecutions,
      access: { verb: "view", on: "pool" },
      query: executionsQuery,
      answer: executionItemsPage,
      operation: async ({ pool, ids, query }) => {
        const job = await jobOf(state, pool.id, ids.jobId);
        const { executions, total } = await state.executions(job.id, query.page, query.limit);
        const shown = executions.map(async (one) =>
          toJobItem(pool, one, jobItemOf(await state.items(one.id))),
        );
        return { executionItems: await Promise.all(shown), numOfPages: pagesOf(total, query.limit) };
      },
      relayed: async (ask) => {
        const { pool, ids, query, signal } = ask;
        const of = { poolId: pool.id, jobId: ids.jobId };
        return aged(await relayedRuns(remote(ask), of, query, { signal }), ask);
      },
    }),
    route({
      method: "GET",
      path: paths.executionItems,
      // The door knows the execution of the query.
      access: { verb: "view", on: "pool", jobs: "kept" },
      query: itemsQuery,
      answer: executionItems,
      operation: async ({ pool, query }) => {
        const execution = await executionOf(state, pool.id, query.executionId);
        const items = await state.items(execution.id);
        const named = await namedBy(state, execution, query.id);
        const wanted = items.filter(
          (item) => item.type !== "JOB" && (query.type ?? item.type) === item.type && named(item),
        );
        const job =
          query.type === undefined || query.type === "JOB"
            ? [toJobItem(pool, execution, jobItemOf(items))]
            : [];
        return [...job, ...wanted.map((item) => toItem(pool, item))];
      },
      relayed: async (ask) =>
        aged(await relayedItems(remote(ask), ask.pool.id, ask.query, { signal: ask.signal }), ask),
    }),
    route({
      method: "GET",
      path: paths.executionDetail,
      access: { verb: "view", on: "pool", jobs: "kept" },
      query: detailQuery,
      answer: logMessagesPage,
      operation: async ({ pool, query }) => {
        const execution = await executionOf(state, pool.id, query.executionId);
        const { page, limit, logLevels: levels } = query;
        const itemIds = await itemsOfLevel(state, execution, query.type, query.id);
        const { lines, total } = await state.log({ executionId: execution.id, itemIds, levels, page, limit });
        return { logMessages: lines.map(toLogMessage), numOfPages: pagesOf(total, limit) };
      },
      relayed: async (ask) =>
        aged(await relayedLog(remote(ask), ask.pool.id, ask.query, { signal: ask.signal }), ask),
    }),
  ];
}

function jobItemOf(items: ExecutionItem[]): ExecutionItem | undefined {
  return items.find((item) => item.type === "JOB");
}

/**
 * Which items an id means: those of the whole job, of a task (instance or template: clients send either), or
 * one by its own id. An id that means nothing of this execution is not found.
 */
async function namedBy(
  state: StateStore,
  execution: Execution,
  id: string | undefined,
): Promise<(item: ExecutionItem) => boolean> {
  if (id === undefined || id === execution.jobId || id === execution.id) return () => true;
  const items = await state.items(execution.id);
  const template = (await state.tasks(execution.jobId)).find((task) => task.templateId === id)?.id;
  const named = (item: ExecutionItem): boolean =>
    item.id === id ||
    item.stepId === id ||
    item.taskId === id ||
    (template !== undefined && item.taskId === template);
  if (template === undefined && !items.some(named)) throw notFound("execution");
  return named;
}

/** Items whose lines are asked for; null: all. The lines of a task include those of its tables. */
async function itemsOfLevel(
  state: StateStore,
  execution: Execution,
  type: "SCHEDULE" | "JOB" | "TASK" | "STEP",
  id: string | undefined,
): Promise<string[] | null> {
  if (type === "SCHEDULE") return [];
  const items = await state.items(execution.id);
  const named = await namedBy(state, execution, id);
  if (type === "JOB") return null;
  if (type === "STEP")
    return items.filter((item) => item.type === "STEP" && named(item)).map((item) => item.id);
  const taskIds = new Set(
    items.filter((item) => item.type === "TASK" && named(item)).map((item) => item.taskId),
  );
  return items.filter((item) => item.taskId !== null && taskIds.has(item.taskId)).map((item) => item.id);
}
