import { z } from "zod";
import { toAscii } from "../../base/ascii.ts";
import { paths, type JobTransport } from "../../contract/index.ts";
import { jobOf, mustBeSame } from "../../engine/belonging.ts";
import { knowsJob } from "../../engine/keys.ts";
import type { ApiKey, Job } from "../../model/definitions.ts";
import type { StopOutcome } from "../../model/operations.ts";
import type { JobStatus } from "../../model/state-store.ts";
import { commonHeaders, emptyResponse } from "../errors.ts";
import type { Operations } from "../operations.ts";
import { aged, oneOf, relayedCancel, relayedStop, type RelayedAsk } from "../relayed-answers.ts";
import { route, type Route } from "../route.ts";
import { toldOfStops, toStopAnswer } from "../wire/stops.ts";
import {
  executeAnswer,
  executionConfiguration,
  jobChange,
  jobDraft,
  jobTransport,
  mode,
  toExecuteRequest,
  toJob,
} from "../wire/jobs.ts";

/** How long a cancel of the wire waits for its proof. */
const cancelWaitMs = 10_000;

export function jobRoutes(operations: Operations): Route[] {
  const { state, definitions, executions, poolCache, relayedTeam } = operations;
  const remoteJobs = ({ pool, key, signal }: RelayedAsk) =>
    relayedTeam(pool, { key, channel: "wire" }, null).jobObjects({ signal });
  const shown = async (job: Job, latest: JobStatus | null): Promise<JobTransport> => {
    const executionId = latest?.executionId ?? null;
    const items = executionId === null ? [] : await state.items(executionId);
    return toJob(job, latest, items.find((item) => item.type === "JOB")?.id ?? executionId);
  };
  const execute = async (job: Job, request: Parameters<typeof executions.execute>[1]) => {
    const execution = await executions.execute(job.id, request);
    return { executionId: execution.id, jobId: job.id, status: execution.status };
  };
  const executePublic = (path: typeof paths.executeV1 | typeof paths.executeV2): Route =>
    route({
      method: "POST",
      path,
      access: { verb: "execute", on: "pool" },
      query: z.object({ mode }),
      answer: executeAnswer,
      conflictCode: "JOB_ALREADY_RUNNING",
      operation: async ({ pool, ids, query }) => {
        const job = await jobOf(state, pool.id, ids.jobId);
        return await execute(job, { mode: query.mode, transformations: null, extractions: null });
      },
    });

  return [
    route({
      method: "GET",
      path: paths.jobs,
      access: { verb: "view", on: "pool", jobs: "kept" },
      answer: z.array(jobTransport),
      operation: async ({ pool, key }) => {
        const latest = new Map((await state.poolStatus(pool.id)).map((one) => [one.jobId, one]));
        const jobs = (await state.jobs(pool.id)).filter(({ id }) => knowsJob(key, id));
        return await Promise.all(jobs.map((job) => shown(job, latest.get(job.id) ?? null)));
      },
      relayed: async (ask) => aged(await remoteJobs(ask), ask),
    }),
    route({
      method: "POST",
      path: paths.jobs,
      access: { verb: "edit", on: "pool" },
      body: { json: jobDraft },
      answer: jobTransport,
      operation: async ({ pool, body }) => {
        mustBeSame(body.dataPoolId, pool.id, "data pool");
        const job = await definitions.createJob(pool, body);
        poolCache.forget(pool.id);
        return toJob(job, null, null);
      },
    }),
    route({
      method: "GET",
      path: paths.job,
      access: { verb: "view", on: "pool" },
      answer: jobTransport,
      operation: async ({ pool, ids }) => {
        const job = await jobOf(state, pool.id, ids.jobId);
        return await shown(job, await state.jobStatus(job.id));
      },
      relayed: async (ask) => aged(oneOf(await remoteJobs(ask), ask.ids.jobId), ask),
    }),
    route({
      method: "PUT",
      path: paths.job,
      access: { verb: "edit", on: "pool" },
      body: { json: jobChange },
      answer: jobTransport,
      operation: async ({ pool, ids, body }) => {
        mustBeSame(body.dataPoolId, pool.id, "data pool");
        const job = await definitions.changeJob(await jobOf(state, pool.id, ids.jobId), body);
        return await shown(job, await state.jobStatus(job.id));
      },
    }),
    route({
      method: "DELETE",
      path: paths.job,
      access: { verb: "edit", on: "pool" },
      answer: "empty",
      conflictCode: "JOB_ALREADY_RUNNING",
      operation: async ({ pool, ids }) => {
        await definitions.deleteJob(await jobOf(state, pool.id, ids.jobId));
        poolCache.forget(pool.id);
      },
    }),
    route({
      method: "POST",
      path: paths.execute,
      access: { verb: "execute", on: "pool" },
      body: { json: executionConfiguration },
      answer: executeAnswer,
      conflictCode: "JOB_ALREADY_RUNNING",
      operation: async ({ pool, ids, body }) => {
        const job = await jobOf(state, pool.id, ids.jobId);
        mustBeSame(body.poolId, pool.id, "data pool");
        mustBeSame(body.jobId, job.id, "data job");
        mustBeSame(body.dataSourceId, job.dataSourceId, "connection");
        return await execute(job, toExecuteRequest(body));
      },
    }),
    executePublic(paths.executeV1),
    executePublic(paths.executeV2),
    route({
      method: "POST",
      path: paths.cancel,
      access: { verb: "cancel", on: "pool" },
      answer: "empty or text",
      deed: "stop",
      operation: async (ask) => {
        const job = await jobOf(state, ask.pool.id, ask.ids.jobId);
        const { waitMs, signal } = ask.wait(cancelWaitMs, { refuse: false });
        const outcome = await executions.stop(job.id, cancelRequest(ask.key, waitMs), { signal });
        ask.tell(toldOfStops([toStopAnswer(outcome, null)]));
        return cancelAnswer(outcome);
      },
      relayed: async (ask) => {
        const wait = ask.wait(cancelWaitMs, { refuse: false });
        const order = { job: ask.ids.jobId, executionId: null, ...wait, reason: null };
        return relayedCancel(await relayedStop(operations, ask, { ...order, channel: "wire" }));
      },
    }),
  ];
}

function cancelRequest(key: ApiKey, waitMs: number): Parameters<Operations["executions"]["stop"]>[1] {
  return { executionId: null, keyName: key.name, channel: "wire", because: null, waitMs };
}

/** 200 without a body: nothing of the job runs. Anything else is no such promise, and says why. */
function cancelAnswer(outcome: StopOutcome): Response {
  if (outcome.kind !== "not-proven") {
    return emptyResponse({ "x-nightdesk-code": "0" });
  }
  const { level, note } = outcome.proof;
  const line = `NOT PROVEN: proof so far: ${level}, ${note}. The stop goes on. Next: read logs/status again; do not shut the source down.`;
  return new Response(`${toAscii(line)}\r\n`, {
    status: 202,
    headers: { ...commonHeaders, "content-type": "text/plain; charset=us-ascii", "x-nightdesk-code": "20" },
  });
}
