import type { DeskJob, DeskNight } from "../contract/index.ts";
import { lookAtPool } from "../desk/index.ts";
import type { DataPool } from "../model/definitions.ts";
import { errorLine } from "../model/errors.ts";
import type { StateStore } from "../model/state-store.ts";
import { deskJobs } from "./desk-view.ts";
import type { Operations } from "./operations.ts";
import { toHold } from "./wire/holds.ts";

/**
 * The whole state of a pool, and the desk's own judgement of it: a page shows it and judges nothing. Never rejects: what
 * cannot be read is UNKNOWN.
 */
export async function lookAtNight(
  { state, holds, clock, report }: Operations,
  pool: DataPool,
  { signal }: { signal: AbortSignal },
): Promise<DeskNight> {
  let jobs: DeskJob[] = [];
  let inForce: DeskNight["holds"] = null;
  const team = {
    proves: () => Promise.resolve("source" as const),
    jobs: async () => {
      try {
        jobs = await deskJobs(state, pool.id);
        inForce = (await holds.list(pool)).map(toHold);
      } catch (error) {
        report(`events of pool ${pool.id}: ${errorLine(error)}`);
        throw new Error("the server cannot read its own state", { cause: error });
      }
      return jobs;
    },
  };
  const verdict = await lookAtPool(team, { poolId: pool.id, job: null, clock }, { signal });
  const { word, code, reason, next, asOf } = verdict;
  const judged = new Map(verdict.jobs.map((job) => [job.id, job]));
  const whole = await Promise.all(
    jobs.map(async (job) => ({
      ...job,
      word: judged.get(job.id)?.word ?? ("UNKNOWN" as const),
      note: judged.get(job.id)?.note ?? "",
      percent: await percentOf(state, job),
    })),
  );
  return {
    poolId: pool.id,
    poolName: pool.name,
    asOf,
    sentAt: clock.now(),
    verdict: { word, code, reason, next },
    jobs: asOf === null ? null : whole,
    holds: asOf === null ? null : inForce,
  };
}

/** Half of the tables is no measure of the whole: known only when all of them have begun and can be estimated. */
async function percentOf(state: StateStore, job: DeskJob): Promise<number | null> {
  const { executionId, rows, estimatedRows } = job;
  if (executionId === null || rows === null || estimatedRows === null || estimatedRows <= 0) return null;
  const execution = await state.execution(executionId);
  if (execution === null) return null;
  const planned = execution.plan.tasks.flatMap(({ tables }) => tables).length;
  const begun = (await state.items(executionId)).filter(({ type }) => type === "STEP").length;
  // An estimate may be too low, and what is left of the run is not known: it is over when it is over.
  return begun < planned ? null : Math.min(99, Math.floor((100 * rows) / estimatedRows));
}
