import type { DeskJob, DeskStopping } from "../contract/index.ts";
import { isTerminal, type Execution } from "../model/execution.ts";
import type { JobStatus, StateStore } from "../model/state-store.ts";
import type { Settlement } from "../model/stop.ts";
import { toSettlement } from "./wire/desk-jobs.ts";

/** Every job of a pool as the desk shows it, by a fresh read. */
export async function deskJobs(state: StateStore, poolId: string): Promise<DeskJob[]> {
  const declared = new Map<string, Settlement>();
  for (const settlement of await state.openSettlements(poolId)) {
    const execution = await state.execution(settlement.executionId);
    if (execution !== null) declared.set(execution.jobId, settlement);
  }
  const jobs: DeskJob[] = [];
  for (const latest of await state.poolStatus(poolId)) {
    jobs.push(await deskJob(state, latest, declared.get(latest.jobId) ?? null));
  }
  return jobs;
}

async function deskJob(state: StateStore, latest: JobStatus, declared: Settlement | null): Promise<DeskJob> {
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
    declared: declared === null ? null : toSettlement(declared),
  };
  if (executionId === null || status === null || isTerminal(status)) return job;
  const execution = await state.execution(executionId);
  const tables = (await state.items(executionId)).filter(
    (item) => item.type === "STEP" && item.rows !== null,
  );
  const going = execution !== null && !isTerminal(execution.status) ? execution : null;
  return {
    ...job,
    rows: sum(tables.map((table) => table.rows)),
    estimatedRows: sum(tables.map((table) => table.estimatedRows)),
    stopping: going === null ? null : stoppingOf(going),
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

/** What its end waits for: a stop that was asked for, or a run that is over and not proven to be. */
function stoppingOf({ stop, proof, queuedAt }: Execution): DeskStopping | null {
  if (stop === null && proof === null) return null;
  return {
    requestedAt: stop?.requestedAt ?? proof?.at ?? queuedAt,
    level: proof?.level ?? "recorded",
    why: proof?.note ?? "the stop is recorded and on its way",
    callers: stop?.callers ?? 0,
  };
}
