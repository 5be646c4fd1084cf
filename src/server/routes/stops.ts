import { toAscii } from "../../base/ascii.ts";
import { deskStopWait, paths } from "../../contract/index.ts";
import { executionOf, jobOf, notFound } from "../../engine/belonging.ts";
import { knowsJob } from "../../engine/keys.ts";
import { receiptOf } from "../../engine/receipt.ts";
import { teamSettlement } from "../../engine/team-shapes.ts";
import { receiptText } from "../../desk/index.ts";
import type { ApiKey } from "../../model/definitions.ts";
import type { StopRequestOf } from "../../model/operations.ts";
import type { StopChannel } from "../../model/stop.ts";
import { commonHeaders } from "../errors.ts";
import type { Operations } from "../operations.ts";
import type { Wait } from "../places.ts";
import { relayedStop, relayedStopAnswer } from "../relayed-answers.ts";
import { route, type Route } from "../route.ts";
import {
  poolStop,
  poolStopQuery,
  receipt,
  receiptQuery,
  settled,
  settleRequest,
  stopAnswer,
  stopQuery,
  stopRequest,
  toldOfStops,
  toReceipt,
  toStopAnswer,
} from "../wire/stops.ts";

/** Stops at the desk, and how executions ended. */
export function stopRoutes(operations: Operations): Route[] {
  const { state, executions, holds, queue, deskSettings, clock } = operations;
  return [
    route({
      method: "POST",
      path: paths.deskStop,
      access: { verb: "cancel", on: "pool" },
      credentials: "key or session",
      query: stopQuery,
      body: { json: stopRequest },
      answer: stopAnswer,
      deed: "stop",
      operation: async (ask) => {
        const { pool, ids, query, body } = ask;
        const job = await jobOf(state, pool.id, ids.jobId);
        const executionId = query.execution ?? null;
        const { signal, ...order } = requestOf(ask, body.reason, query.wait);
        ask.tell({ because: order.because });
        const outcome = await executions.stop(job.id, { ...order, executionId }, { signal });
        const answer = toStopAnswer(outcome, executionId);
        ask.tell(toldOfStops([answer]));
        return answer.outcome === "NOT PROVEN" ? accepted(answer) : answer;
      },
      relayed: async (ask) => {
        const { ids, query } = ask;
        const order = { job: ids.jobId, executionId: query.execution ?? null, ...relayedOrder(ask) };
        const said = await relayedStop(operations, ask, order);
        const [answer] = said.jobs.map((job) => relayedStopAnswer(job, order.executionId, clock.now()));
        if (answer === undefined) throw notFound("data job");
        ask.tell({ outcome: answer.outcome });
        return answer.outcome === "NOT PROVEN" ? accepted(answer) : answer;
      },
    }),
    route({
      method: "POST",
      path: paths.deskStopPool,
      access: { verb: "cancel", on: "pool" },
      credentials: "key or session",
      query: poolStopQuery,
      body: { json: stopRequest },
      answer: poolStop,
      deed: "stop",
      operation: async (ask) => {
        const { signal, ...order } = requestOf(ask, ask.body.reason, ask.query.wait);
        ask.tell({ because: order.because });
        const outcomes = await executions.stopPool(ask.pool.id, order, { signal });
        const stops = outcomes.map(({ execution, outcome }) => ({
          jobId: execution.jobId,
          jobName: execution.jobName,
          ...toStopAnswer(outcome, execution.id),
        }));
        ask.tell(toldOfStops(stops));
        return stops.some(({ outcome }) => outcome === "NOT PROVEN") ? accepted({ stops }) : { stops };
      },
      relayed: async (ask) => {
        const order = { job: null, executionId: null, ...relayedOrder(ask) };
        const said = await relayedStop(operations, ask, order);
        const stops = said.jobs
          .filter(({ outcome }) => outcome !== "WAS NOT RUNNING")
          .map((job) => ({
            jobId: job.id,
            jobName: job.name,
            ...relayedStopAnswer(job, null, clock.now()),
          }));
        ask.tell(toldOfStops(stops));
        return stops.some(({ outcome }) => outcome === "NOT PROVEN") ? accepted({ stops }) : { stops };
      },
    }),
    route({
      method: "POST",
      path: paths.settle,
      access: { verb: "settle", on: "execution by id" },
      body: { json: settleRequest },
      answer: settled,
      conflictCode: "NOT_TO_BE_SETTLED",
      deed: "settle",
      operation: async (ask) => {
        ask.tell({ because: ask.body.because });
        const execution = await executionOf(state, ask.pool.id, ask.ids.executionId);
        const word = { keyName: ask.key.name, because: ask.body.because };
        ask.tell({ ids: { jobId: execution.jobId }, executionIds: [execution.id] });
        const { id, status, proof } = await executions.settle(execution, word, { signal: ask.signal });
        const declared = await state.settlement(id);
        // The real proof may have come first.
        ask.tell({ outcome: declared === null ? "FINISHED BY ITSELF" : "DECLARED" });
        return {
          executionId: id,
          status,
          proof,
          settlement: declared === null ? null : teamSettlement(declared),
        };
      },
    }),
    route({
      method: "GET",
      path: paths.receipt,
      access: { verb: "view", on: "execution by id" },
      credentials: "key or session",
      query: receiptQuery,
      answer: receipt,
      conflictCode: "EXECUTION_IS_NOT_OVER",
      operation: async ({ pool, key, ids, query }) => {
        const execution = await executionOf(state, pool.id, ids.executionId);
        const whole = await receiptOf(state, execution);
        const asOf = clock.now();
        const next = (await queue.of(pool.id)).filter((one) => knowsJob(key, one.execution.jobId));
        const now = { asOf, next, holds: await holds.seenWith(key, pool) };
        if (query.format === "json") return toReceipt(pool, whole, now);
        return new Response(
          receiptText(whole, { ...now, poolName: pool.name, settings: await deskSettings.of(pool.id) }),
          {
            headers: { ...commonHeaders, "content-type": "text/plain; charset=us-ascii" },
          },
        );
      },
      relayed: async ({ pool, key, ids, query, signal }) => {
        const team = operations.relayedTeam(pool, { key, channel: "desk" }, null);
        const { whole, text } = await team.receipt(ids.executionId, { signal });
        const type = query.format === "json" ? "application/json" : "text/plain; charset=us-ascii";
        const lines = text.split(/\r?\n/).map(toAscii).join("\r\n");
        return new Response(query.format === "json" ? JSON.stringify(whole) : lines, {
          headers: { ...commonHeaders, "content-type": type },
        });
      },
    }),
  ];
}

type Waiting = (ms: number, options: { refuse: boolean }) => Wait;

function relayedOrder({
  body: { reason },
  query: { wait: seconds },
  channel,
  wait,
}: {
  body: { reason?: string };
  query: { wait: number };
  channel: StopChannel;
  wait: Waiting;
}): Wait & { reason: string | null; channel: StopChannel } {
  return { ...waitOf(wait, seconds), reason: reason || null, channel };
}

function requestOf(
  { key, channel, wait }: { key: ApiKey; channel: StopChannel; wait: Waiting },
  reason: string | undefined,
  waitSeconds: number,
): StopRequestOf & Wait {
  return { ...waitOf(wait, waitSeconds), keyName: key.name, channel, because: reason || null };
}

function waitOf(wait: Waiting, seconds: number): Wait {
  return wait(Math.min(seconds, deskStopWait.most) * 1000, { refuse: false });
}

/** 202: recorded, goes on, not proven yet. */
function accepted(answer: unknown): Response {
  return new Response(JSON.stringify(answer), {
    status: 202,
    headers: { ...commonHeaders, "content-type": "application/json" },
  });
}
