import { deskStopWait, paths, type DeskJob } from "../../contract/index.ts";
import { jobOf } from "../../engine/belonging.ts";
import { isTerminal } from "../../model/execution.ts";
import type { JobStatus, StateStore } from "../../model/state-store.ts";
import { commonHeaders } from "../errors.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import { about, deskStatus, stopAnswer, stopQuery, stopRequest, toStopAnswer } from "../wire/desk.ts";

export function deskRoutes({ state, executions, clock, version }: Operations): Route[] {
  return [
    route({
      method: "GET",
      path: paths.about,
      access: { verb: "any", on: "team" },
      answer: about,
      operation: () =>
        Promise.resolve({
          product: "nightdesk" as const,
          version,
          proof: "source" as const,
          time: clock.now(),
        }),
    }),
    route({
      method: "GET",
      path: paths.deskStatus,
      access: { verb: "view", on: "pool" },
      answer: deskStatus,
      operation: async ({ pool }) => {
        const jobs: DeskJob[] = [];
        for (const latest of await state.poolStatus(pool.id)) jobs.push(await deskJob(state, latest));
        return { poolId: pool.id, poolName: pool.name, asOf: clock.now(), jobs };
      },
    }),
    route({
      method: "POST",
      path: paths.deskStop,
      access: { verb: "cancel", on: "pool" },
      query: stopQuery,
      body: { json: stopRequest },
      answer: stopAnswer,
      operation: async (ask) => {
        const { pool, ids, query, body, key } = ask;
        const job = await jobOf(state, pool.id, ids.jobId);
        const executionId = query.execution ?? null;
        const outcome = await executions.stop(
          job.id,
          {
            executionId,
            keyName: key.name,
            channel: "desk",
            because: body.reason === undefined || body.reason === "" ? null : body.reason,
            waitMs: Math.min(query.wait, deskStopWait.most) * 1000,
          },
          { signal: ask.signal },
        );
        const answer = toStopAnswer(outcome, executionId);
        return answer.outcome === "NOT PROVEN"
          ? new Response(JSON.stringify(answer), {
              status: 202,
              headers: { ...commonHeaders, "content-type": "application/json" },
            })
          : answer;
      },
    }),
  ];
}

async function deskJob(state: StateStore, latest: JobStatus): Promise<DeskJob> {
  const { jobId, jobName, status, executionId, startedAt } = latest;
  const job: DeskJob = {
    id: jobId,
    name: jobName,
    status,
    executionId,
    startedAt,
    rows: null,
    estimatedRows: null,
    stopping: null,
  };
  if (executionId === null || status === null || isTerminal(status)) return job;
  const execution = await state.execution(executionId);
  const tables = (await state.items(executionId)).filter(
    (item) => item.type === "STEP" && item.rows !== null,
  );
  const stop = execution !== null && !isTerminal(execution.status) ? execution.stop : null;
  return {
    ...job,
    rows: sum(tables.map((table) => table.rows)),
    estimatedRows: sum(tables.map((table) => table.estimatedRows)),
    stopping:
      stop === null
        ? null
        : {
            requestedAt: stop.requestedAt,
            level: execution?.proof?.level ?? "recorded",
            why: execution?.proof?.note ?? "the stop is recorded and on its way",
            callers: stop.callers,
          },
  };
}

/** null for an empty list and as soon as one is unknown: half a sum is a wrong number. */
function sum(counts: (number | null)[]): number | null {
  if (counts.length === 0) return null;
  let total = 0;
  for (const one of counts) {
    if (one === null) return null;
    total += one;
  }
  return total;
}
