import { z } from "zod";
import {
  deskStopWait,
  executionStatuses,
  type DeskCaller,
  type DeskPoolStop,
  type DeskReceipt,
  type DeskRelayedReceipt,
  type DeskSettled,
  type DeskStopAnswer,
  type DeskStopDone,
} from "../../contract/index.ts";
import { teamHold, teamSettlement, teamStart } from "../../engine/team-shapes.ts";
import type { DataPool } from "../../model/definitions.ts";
import type { Hold, Waiting } from "../../model/hold.ts";
import type { StopOutcome } from "../../model/operations.ts";
import type { Receipt } from "../../model/receipt.ts";
import type { StopCaller } from "../../model/stop.ts";
import type { Told } from "../route.ts";
import { probeLook, proof, settlement } from "./desk-jobs.ts";
import { epochMs, givenId, id, numberOrText, oneLine, stopWords, text } from "./fields.ts";
import { hold, start } from "./holds.ts";

/** Strict, and never empty, as all that changes something at the desk: a mistyped word must not mean more than was meant. */
export const stopQuery = z.strictObject({
  execution: givenId.min(1, "has an empty value").exactOptional(),
  /** Seconds. More than the most is not refused, it is just not waited for. */
  wait: numberOrText(z.number().int().min(0)).default(deskStopWait.default),
});
/** Seconds; for a whole pool. */
export const poolStopQuery = stopQuery.pick({ wait: true });
export const stopRequest = z.strictObject({ reason: stopWords.exactOptional() }).prefault({});

const doneFields = {
  outcome: z.enum(["STOPPED", "FINISHED BY ITSELF", "WAS NOT RUNNING", "OTHER EXECUTION"]),
  executionId: id.nullable(),
  activeExecutionId: id.nullable(),
  proof: proof.nullable(),
};
const openFields = { outcome: z.literal("NOT PROVEN"), executionId: id, proof };
const stopDone: z.ZodType<DeskStopDone> = z.strictObject(doneFields);
export const stopAnswer: z.ZodType<DeskStopAnswer> = z.union([stopDone, z.strictObject(openFields)]);

/** `asked`: the execution the caller named, if any. */
export function toStopAnswer(outcome: StopOutcome, asked: string | null): DeskStopAnswer {
  switch (outcome.kind) {
    case "stopped":
    case "finished-by-itself":
      return {
        outcome: outcome.kind === "stopped" ? "STOPPED" : "FINISHED BY ITSELF",
        executionId: outcome.execution.id,
        activeExecutionId: null,
        proof: outcome.execution.proof,
      };
    case "was-not-running":
      return { outcome: "WAS NOT RUNNING", executionId: asked, activeExecutionId: null, proof: null };
    case "other-execution":
      return {
        outcome: "OTHER EXECUTION",
        executionId: asked,
        activeExecutionId: outcome.active?.id ?? null,
        proof: null,
      };
    case "not-proven":
      return { outcome: "NOT PROVEN", executionId: outcome.execution.id, proof: outcome.proof };
  }
}

/** What the record of a stop says of it: the executions, and the outcome, counted where there are several. */
export function toldOfStops(answers: DeskStopAnswer[]): Told {
  const counts = new Map<string, number>();
  for (const { outcome } of answers) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const words = [...counts].map(([word, times]) =>
    answers.length === 1 ? word : `${String(times)} ${word}`,
  );
  return {
    outcome: words.length === 0 ? "WAS NOT RUNNING" : words.join(", "),
    executionIds: answers.flatMap(({ executionId }) => (executionId === null ? [] : [executionId])),
  };
}

export const poolStop: z.ZodType<DeskPoolStop> = z.strictObject({
  stops: z.array(
    z.union([
      z.strictObject({ ...doneFields, jobId: id, jobName: z.string() }),
      z.strictObject({ ...openFields, jobId: id, jobName: z.string() }),
    ]),
  ),
});

export const settleRequest = z.strictObject({ because: oneLine.min(1) });
export const settled: z.ZodType<DeskSettled> = z.strictObject({
  executionId: id,
  status: z.enum(executionStatuses),
  proof: proof.nullable(),
  settlement: settlement.nullable(),
});

export const receiptQuery = z.object({ format: z.enum(["json", "text"]).default("json") });
const count = z.number().int().nullable();
const callers = z.array(
  z.strictObject({ at: epochMs, by: z.string(), keyName: text, channel: text, reason: text }),
);
const steps = z.array(z.strictObject({ at: epochMs, step: z.string(), note: z.string() }));
const relayedReceipt: z.ZodType<DeskRelayedReceipt> = z.strictObject({
  executionId: id,
  poolId: id,
  poolName: z.string(),
  team: z.strictObject({ id, name: z.string() }),
  jobId: id,
  jobName: z.string(),
  status: z.string(),
  failure: z.null(),
  startedAt: epochMs.nullable(),
  endedAt: epochMs,
  callers,
  asked: z.number().int(),
  steps,
  proof: z.strictObject({ level: z.enum(["reported", "source idle"]), at: epochMs, note: z.string() }),
  settlement: z.null(),
  probes: z.array(probeLook),
  tables: z.null(),
  next: z.null(),
  asOf: epochMs,
});
const ownReceipt: z.ZodType<DeskReceipt> = z.strictObject({
  executionId: id,
  poolId: id,
  poolName: z.string(),
  jobId: id,
  jobName: z.string(),
  mode: z.enum(["FULL", "DELTA"]),
  status: z.enum(executionStatuses),
  failure: text,
  queuedAt: epochMs,
  startedAt: epochMs.nullable(),
  endedAt: epochMs,
  callers,
  steps,
  proof,
  settlement: settlement.nullable(),
  tables: z.array(
    z.strictObject({
      task: z.string(),
      table: z.string(),
      target: z.string(),
      effect: z.enum(["loaded", "discarded", "untouched", "unknown"]),
      rows: count,
      bytes: count,
    }),
  ),
  next: z.array(start),
  holds: z.array(hold),
  asOf: epochMs,
});
export const receipt = z.union([ownReceipt, relayedReceipt]);

export function toReceipt(
  pool: DataPool,
  { execution, endedAt, callers, steps, proof: reached, settlement: word, tables }: Receipt,
  now: { asOf: number; next: Waiting[]; holds: Hold[] },
): DeskReceipt {
  const { id: executionId, jobId, jobName, mode, status, failure, queuedAt, startedAt } = execution;
  return {
    executionId,
    poolId: pool.id,
    poolName: pool.name,
    jobId,
    jobName,
    mode,
    status,
    failure,
    queuedAt,
    startedAt,
    endedAt,
    callers: callers.map(toCaller),
    steps,
    proof: reached,
    settlement: word === null ? null : teamSettlement(word),
    tables,
    next: now.next.map(teamStart),
    holds: now.holds.map(teamHold),
    asOf: now.asOf,
  };
}

function toCaller({ at, reason }: StopCaller): DeskCaller {
  const nobody = { keyName: null, channel: null, reason: null };
  if (reason.by !== "operator") return { at, by: reason.by, ...nobody };
  return { at, by: reason.by, keyName: reason.keyName, channel: reason.channel, reason: reason.because };
}
