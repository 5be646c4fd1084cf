import { isTerminal, type Execution } from "../model/execution.ts";
import type { Hold, Waiting } from "../model/hold.ts";
import type { JobStatus, StateStore } from "../model/state-store.ts";
import type { Proof, Settlement } from "../model/stop.ts";
import type { TeamHold, TeamJob, TeamSettlement, TeamStart } from "../model/team.ts";

/** What the engine knows, in the words of the port `Team`; the desk API sends the same. */

export interface SeenJob extends Omit<TeamJob, "probes"> {
  /** The source's estimate over all its tables; null unless every started table has one. */
  estimatedRows: number | null;
  /** `callers`: how often a stop was asked for; 0: it ends by itself. */
  stopping: { requestedAt: number; level: Proof["level"]; why: string; callers: number } | null;
  status: JobStatus["status"];
  declared: SeenSettlement | null;
}

export interface SeenSettlement extends TeamSettlement {
  seenAt: number;
}

/** Every job of a pool, by a fresh read. */
export async function seenJobs(state: StateStore, poolId: string): Promise<SeenJob[]> {
  const declared = new Map<string, Settlement>();
  for (const settlement of await state.openSettlements(poolId)) {
    const execution = await state.execution(settlement.executionId);
    if (execution !== null) declared.set(execution.jobId, settlement);
  }
  const jobs: SeenJob[] = [];
  for (const latest of await state.poolStatus(poolId)) {
    jobs.push(await seenJob(state, latest, declared.get(latest.jobId) ?? null));
  }
  return jobs;
}

export function teamSettlement(settled: Settlement): SeenSettlement {
  const { executionId, at, keyName, because, seen, seenAt, seenNote } = settled;
  return { executionId, at, by: keyName, because, seen, seenAt, seenNote };
}

export function teamHold({ id, scope, objectId, keyName, because, createdAt, until }: Hold): TeamHold {
  return { id, scope, objectId, by: keyName, reason: because, since: createdAt, until };
}

export function teamStart({ execution, when, heldBy }: Waiting): TeamStart {
  const { id: executionId, jobId, jobName, queuedAt } = execution;
  return { executionId, jobId, jobName, queuedAt, when, heldBy: heldBy.map((one) => one.id) };
}

async function seenJob(state: StateStore, latest: JobStatus, declared: Settlement | null): Promise<SeenJob> {
  const { jobId, jobName, status, executionId, startedAt } = latest;
  const job: SeenJob = {
    id: jobId,
    name: jobName,
    status,
    executionId,
    startedAt,
    rows: null,
    estimatedRows: null,
    stopping: null,
    declared: declared === null ? null : teamSettlement(declared),
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
function stoppingOf({ stop, proof, queuedAt }: Execution): SeenJob["stopping"] {
  if (stop === null && proof === null) return null;
  return {
    requestedAt: stop?.requestedAt ?? proof?.at ?? queuedAt,
    level: proof?.level ?? "recorded",
    why: proof?.note ?? "the stop is recorded and on its way",
    callers: stop?.callers ?? 0,
  };
}
