import type { AuditLog, AuditRecord, Deed } from "../model/audit.ts";
import type { DataPool } from "../model/definitions.ts";
import type { Execution } from "../model/execution.ts";
import { mostReported, type Act, type ShiftReport } from "../model/shift-report.ts";
import type { StateStore } from "../model/state-store.ts";
import { receiptOfStop } from "./relayed-receipt.ts";

/** Records read at once. */
const pageRecords = 1000;

/**
 * The report of a pool: what ran comes from the executions, what was asked for, and what the server stopped by
 * itself, from the audit log alone, so that the two cannot tell different stories of who stopped what.
 */
export async function shiftReport(
  { state, auditLog }: { state: StateStore; auditLog: AuditLog },
  pool: DataPool,
  { from, to, asOf }: { from: number; to: number; asOf: number },
): Promise<ShiftReport> {
  const ran: Execution[] = [];
  for (const id of await state.executionsWithin(pool.id, { from, to, limit: mostReported + 1 })) {
    const execution = await state.execution(id);
    if (execution !== null) ran.push(execution);
  }
  const open = (await state.activeExecutions()).filter((execution) => execution.poolId === pool.id);
  const acts = await actsOf(state, auditLog, pool, { from, to });
  const named = (...deeds: Deed[]): Act[] =>
    acts.filter(({ record }) => record.deed !== null && deeds.includes(record.deed) && !wasDenied(record));
  const lists = {
    ran,
    stops: named("stop"),
    holds: named("hold", "release"),
    settles: named("settle"),
    ends: named("end"),
    denied: acts.filter(({ record }) => wasDenied(record)),
    open,
  };
  const cut = Object.values(lists).some((list) => list.length > mostReported);
  return {
    poolId: pool.id,
    poolName: pool.name,
    team: pool.team ?? null,
    from,
    to,
    asOf,
    ran: lists.ran.slice(0, mostReported),
    stops: lists.stops.slice(0, mostReported),
    holds: lists.holds.slice(0, mostReported),
    settles: lists.settles.slice(0, mostReported),
    ends: lists.ends.slice(0, mostReported),
    denied: lists.denied.slice(0, mostReported),
    open: lists.open.slice(0, mostReported),
    cut,
  };
}

/** Refused at the door, or by what it found behind it; a stop that found nothing to stop is a stop all the same. */
function wasDenied({ phase, status, deed }: AuditRecord): boolean {
  return phase === "denied" || (deed !== "stop" && status !== null && status >= 400);
}

/** Every call on the pool, and every act of the server in it, that was first recorded in this time. */
async function actsOf(
  state: StateStore,
  auditLog: AuditLog,
  pool: DataPool,
  { from, to }: { from: number; to: number },
): Promise<Act[]> {
  const acts: Act[] = [];
  for (let page = 0; ; page += 1) {
    const { records } = await auditLog.records({ poolId: pool.id, from, to, page, limit: pageRecords });
    for (const record of records) {
      // Its `asked` is the beginning of it, in this stretch of time or in the one before.
      if (record.phase === "done") continue;
      const last = record.requestId === null ? [record] : await auditLog.recordsOf(record.requestId);
      acts.push(await actOf(state, pool, record.at, last.at(-1) ?? record));
    }
    if (records.length < pageRecords) return acts;
  }
}

async function actOf(state: StateStore, pool: DataPool, at: number, record: AuditRecord): Promise<Act> {
  const { jobId, poolId } = record.ids;
  const executions: Act["executions"] = [];
  for (const id of record.executions) {
    const execution = await state.execution(id);
    const stop = pool.team === undefined ? null : await state.relayedStop(id);
    executions.push({
      id,
      execution: execution?.poolId === poolId ? execution : null,
      relayed: stop === null || stop.poolId !== poolId ? null : receiptOfStop(stop, pool),
    });
  }
  const job = jobId === undefined ? null : await state.job(jobId);
  const far = executions.find(({ relayed }) => relayed !== null && relayed.stop.jobId === jobId)?.relayed;
  const jobName = job === null || job.poolId !== poolId ? (far?.seen.jobName ?? null) : job.name;
  return { at, record, executions, jobName };
}
