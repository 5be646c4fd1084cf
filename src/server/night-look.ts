import type { DeskNight } from "../contract/index.ts";
import { lookAtPool, nextStep } from "../desk/index.ts";
import type { ApiKey, DataPool } from "../model/definitions.ts";
import type { StateStore } from "../model/state-store.ts";
import type { Operations } from "./operations.ts";

/**
 * The whole state of a pool, and the desk's own judgement of it: a page shows it and judges nothing. Never rejects: what
 * cannot be read is UNKNOWN.
 */
export async function lookAtNight(
  { state, teamFor, deskSettings, clock }: Operations,
  { pool, key }: { pool: DataPool; key: ApiKey },
  { signal }: { signal: AbortSignal },
): Promise<DeskNight> {
  const team = teamFor(pool, { key, channel: "desk" }, null);
  const scope = { poolId: pool.id, job: null, clock };
  const said = await lookAtPool(team, scope, { signal });
  const { word, code, reason, asOf } = said;
  const holds = await team.holds(pool.id, { signal }).catch(() => null);
  // Whom to call is needed most where nothing else can be read.
  const settings = said.settings ?? (await deskSettings.of(pool.id).catch(() => null));
  const judged = said.jobs.map(
    async ({ id, name, status, executionId, startedAt, rows, stopping, word: ofJob, note }) => ({
      id,
      name,
      status,
      executionId,
      startedAt,
      rows,
      stopping,
      word: ofJob,
      note,
      percent: await percentOf(state, executionId, rows),
    }),
  );
  return {
    poolId: pool.id,
    poolName: pool.name,
    partial: key.jobs !== null || said.partial,
    asOf,
    sentAt: clock.now(),
    verdict: { word, code, reason, next: nextStep({ ...said, settings }) },
    jobs: asOf === null ? null : await Promise.all(judged),
    holds: asOf === null ? null : holds,
    settings,
  };
}

/** Half of the tables is no measure of the whole: known only when all of them have begun and can be estimated. */
async function percentOf(
  state: StateStore,
  executionId: string | null,
  rows: number | null,
): Promise<number | null> {
  if (executionId === null || rows === null) return null;
  try {
    const execution = await state.execution(executionId);
    if (execution === null) return null;
    const planned = execution.plan.tasks.flatMap(({ tables }) => tables).length;
    const begun = (await state.items(executionId)).filter(({ type }) => type === "STEP");
    let estimated = 0;
    for (const { estimatedRows } of begun) {
      if (estimatedRows === null) return null;
      estimated += estimatedRows;
    }
    if (begun.length < planned || estimated <= 0) return null;
    // An estimate may be too low, and what is left of the run is not known: it is over when it is over.
    return Math.min(99, Math.floor((100 * rows) / estimated));
  } catch {
    // It decides nothing.
    return null;
  }
}
