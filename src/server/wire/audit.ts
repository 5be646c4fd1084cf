import { z } from "zod";
import type {
  AuditPage,
  AuditRecordTransport,
  DeskProof,
  DeskReport,
  Instant,
  ReportedAct,
  ReportedExecution,
} from "../../contract/index.ts";
import { parseInstant } from "../../base/instant.ts";
import { isZone } from "../../base/zones.ts";
import { deeds, type AuditRecord } from "../../model/audit.ts";
import { holdScopes } from "../../model/hold.ts";
import type { Execution } from "../../model/execution.ts";
import type { RelayedReceipt } from "../../model/receipt.ts";
import type { Act, ShiftReport } from "../../model/shift-report.ts";
import { describeStop } from "../../model/stop.ts";
import { proof } from "./desk-jobs.ts";
import { epochMs, id, paging, text } from "./fields.ts";
import { status } from "./jobs.ts";

/** The latest that a Date can hold. */
const latestMs = 8.64e15;
const longestReportMs = 31 * 86_400_000;

const instantOf = z.string().transform((given, context) => {
  const ms = /^\d{1,16}$/.test(given) ? Number(given) : parseInstant(given);
  if (ms !== null && ms <= latestMs) return ms;
  context.addIssue(
    "Expected epoch milliseconds, or ISO 8601 with its zone: 2026-06-18T15:00Z, 2026-06-19T00:00%2B09:00.",
  );
  return z.NEVER;
});

export const auditQuery = z.object({
  from: instantOf.default(0),
  to: instantOf.default(latestMs),
  ...paging({ usual: 100, most: 1000 }),
});

export const reportQuery = z
  .object({
    from: instantOf,
    to: instantOf,
    format: z.enum(["json", "text"]).default("json"),
    zone: z.string().refine(isZone, "Expected the name of a time zone: Asia/Tokyo.").exactOptional(),
  })
  .refine(({ from, to }) => from < to, { path: ["to"], error: "Expected a time after from." })
  .refine(({ from, to }) => to - from <= longestReportMs, {
    path: ["from"],
    error: "A report is of 31 days at most.",
  });

const instant: z.ZodType<Instant> = z.strictObject({ ms: epochMs, utc: z.string() });
const auditKey = z.strictObject({ id: text, name: text, prefix: z.string() });
const channel = z.enum(["wire", "desk", "page", "text", "internal", "server"]);
const recordedHolds = z.array(
  z.strictObject({ id, scope: z.enum(holdScopes), objectId: id, until: epochMs.nullable() }),
);
const record: z.ZodType<AuditRecordTransport> = z.strictObject({
  sequence: z.number().int(),
  at: instant,
  requestId: text,
  phase: z.enum(["asked", "done", "denied", "event"]),
  key: auditKey.nullable(),
  channel,
  action: z.string(),
  deed: z.enum(deeds).nullable(),
  ids: z.record(z.string(), z.string()),
  executions: z.array(id),
  holds: recordedHolds,
  status: z.number().int().nullable(),
  outcome: text,
  because: text,
  address: text,
  before: text,
  after: text,
  late: z.boolean(),
  times: z.number().int(),
  hmac: z.string(),
});
export const auditPage: z.ZodType<AuditPage> = z.strictObject({
  records: z.array(record),
  numOfPages: z.number().int(),
  head: z.strictObject({ sequence: z.number().int(), hmac: z.string() }),
});

const reportedExecution: z.ZodType<ReportedExecution> = z.strictObject({
  executionId: id,
  jobId: id,
  jobName: z.string(),
  status,
  queuedAt: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  stopped: text,
  proof: proof.nullable(),
  failure: text,
});
const reportedAct: z.ZodType<ReportedAct> = z.strictObject({
  at: instant,
  requestId: text,
  key: auditKey.nullable(),
  channel,
  action: z.string(),
  jobId: text,
  jobName: text,
  executions: z.array(z.strictObject({ executionId: id, jobName: text, proof: proof.nullable() })),
  holds: recordedHolds,
  status: z.number().int().nullable(),
  outcome: text,
  because: text,
  address: text,
  times: z.number().int(),
});
const acts = z.array(reportedAct);
export const deskReport: z.ZodType<DeskReport> = z.strictObject({
  poolId: id,
  poolName: z.string(),
  team: z.strictObject({ id, name: z.string() }).nullable(),
  from: instant,
  to: instant,
  asOf: instant,
  ran: z.array(reportedExecution),
  stops: acts,
  holds: acts,
  settles: acts,
  ends: acts,
  denied: acts,
  open: z.array(reportedExecution),
  cut: z.boolean(),
});

export function toRecord({ at, ...rest }: AuditRecord): AuditRecordTransport {
  return { ...rest, at: toInstant(at) };
}

export function toReport(report: ShiftReport): DeskReport {
  const { poolId, poolName, team, from, to, asOf, ran, stops, holds, settles, ends, denied, open, cut } =
    report;
  return {
    poolId,
    poolName,
    team,
    from: toInstant(from),
    to: toInstant(to),
    asOf: toInstant(asOf),
    ran: ran.map(toReportedExecution),
    stops: stops.map(toReportedAct),
    holds: holds.map(toReportedAct),
    settles: settles.map(toReportedAct),
    ends: ends.map(toReportedAct),
    denied: denied.map(toReportedAct),
    open: open.map(toReportedExecution),
    cut,
  };
}

function toReportedExecution(execution: Execution): ReportedExecution {
  const { jobId, jobName, status: state, queuedAt, startedAt, endedAt, stop, failure } = execution;
  return {
    executionId: execution.id,
    jobId,
    jobName,
    status: state,
    queuedAt: toInstant(queuedAt),
    startedAt: startedAt === null ? null : toInstant(startedAt),
    endedAt: endedAt === null ? null : toInstant(endedAt),
    stopped: stop === null ? null : describeStop(stop.reason),
    proof: execution.proof,
    failure,
  };
}

function toReportedAct({ at, record: one, executions, jobName }: Act): ReportedAct {
  const { requestId, key, channel: through, action, ids, status: answered, address, times } = one;
  return {
    at: toInstant(at),
    requestId,
    key,
    channel: through,
    action,
    jobId: ids["jobId"] ?? null,
    jobName,
    executions: executions.map(({ id: executionId, execution, relayed }) => ({
      executionId,
      jobName: execution?.jobName ?? relayed?.seen.jobName ?? null,
      // A dry run let nothing start: what ran later is not its doing.
      proof: one.outcome === "DRY RUN" ? null : (execution?.proof ?? relayedProof(relayed)),
    })),
    holds: one.holds,
    status: answered,
    outcome: one.outcome,
    because: one.because,
    address,
    times,
  };
}

/** The team's word is none of the levels: of those it reaches what was asked for, and the note says the rest. */
function relayedProof(relayed: RelayedReceipt | null): DeskProof | null {
  if (relayed === null) return null;
  const { level, at, note } = relayed.proof;
  return { level: level === "source idle" ? level : "requested", at, note };
}

function toInstant(ms: number): Instant {
  return { ms, utc: new Date(ms).toISOString() };
}
