import { z } from "zod";
import {
  executionTypes,
  extractionModes,
  logLevels,
  type ExecutionItemTransport,
  type ExecutionItemsPage,
  type JobStatusTransport,
  type LogMessage,
  type LogMessagesPage,
} from "../../contract/index.ts";
import type { DataPool } from "../../model/definitions.ts";
import type { Execution, ExecutionItem, LogLine } from "../../model/execution.ts";
import type { JobStatus } from "../../model/state-store.ts";
import { epochMs, givenId, id, paging, text } from "./fields.ts";
import { status } from "./jobs.ts";

export const jobStatuses: z.ZodType<JobStatusTransport[]> = z.array(
  z.strictObject({ id, status: status.nullable(), lastExecutionStartDate: epochMs.nullable() }),
);

export function toJobStatus(latest: JobStatus): JobStatusTransport {
  return { id: latest.jobId, status: latest.status, lastExecutionStartDate: latest.startedAt };
}

const count = z.number().int().nullable();
const executionItem: z.ZodType<ExecutionItemTransport> = z.strictObject({
  id,
  poolId: id.nullable(),
  poolName: text,
  executionId: id.nullable(),
  schedulingId: text,
  schedulingName: text,
  jobId: id.nullable(),
  taskId: id.nullable(),
  stepId: id.nullable(),
  name: text,
  dataPoolVersion: text,
  status,
  startDate: epochMs.nullable(),
  endDate: epochMs.nullable(),
  type: z.enum(executionTypes),
  mode: z.enum(extractionModes),
  executionOrder: z.number().int(),
  monitored: z.boolean(),
  rows: count.exactOptional(),
  estimatedRows: count.exactOptional(),
  bytes: count.exactOptional(),
});
export const executionItems: z.ZodType<ExecutionItemTransport[]> = z.array(executionItem);
export const executionItemsPage: z.ZodType<ExecutionItemsPage> = z.strictObject({
  executionItems,
  numOfPages: z.number().int(),
});

/** The JOB item of an execution; `item` is its stored one, absent while it is queued. */
export function toJobItem(
  pool: DataPool,
  execution: Execution,
  item: ExecutionItem | undefined,
): ExecutionItemTransport {
  return {
    ...nothingScheduled,
    id: item?.id ?? execution.id,
    poolId: pool.id,
    poolName: pool.name,
    executionId: execution.id,
    jobId: execution.jobId,
    taskId: null,
    stepId: null,
    name: execution.jobName,
    // Of the execution, not of its item: there is one truth about what runs.
    status: execution.status,
    startDate: execution.startedAt,
    endDate: execution.endedAt,
    type: "JOB",
    mode: execution.mode,
    executionOrder: item?.position ?? 1,
  };
}

/** A TASK or STEP item. Progress stands on the STEP items, one a table. */
export function toItem(pool: DataPool, item: ExecutionItem): ExecutionItemTransport {
  const progress =
    item.type === "STEP" ? { rows: item.rows, estimatedRows: item.estimatedRows, bytes: item.bytes } : {};
  return {
    ...nothingScheduled,
    id: item.id,
    poolId: pool.id,
    poolName: pool.name,
    executionId: item.executionId,
    jobId: item.jobId,
    taskId: item.taskId,
    stepId: item.stepId,
    name: item.name,
    status: item.status,
    startDate: item.startedAt,
    endDate: item.endedAt,
    type: item.type,
    mode: item.mode,
    executionOrder: item.position,
    ...progress,
  };
}

const nothingScheduled = {
  schedulingId: null,
  schedulingName: null,
  dataPoolVersion: null,
  monitored: false,
};

const logMessage: z.ZodType<LogMessage> = z.strictObject({
  id,
  executionItemId: id,
  level: z.enum(logLevels),
  date: epochMs,
  logMessage: z.string(),
  logTranslationCode: text,
  logTranslationParameters: z.array(z.strictObject({ key: z.string(), value: text })),
});
export const logMessagesPage: z.ZodType<LogMessagesPage> = z.strictObject({
  logMessages: z.array(logMessage),
  numOfPages: z.number().int(),
});

export function toLogMessage(line: LogLine): LogMessage {
  return {
    id: `${line.executionId}:${String(line.sequence)}`,
    executionItemId: line.itemId,
    level: line.level,
    date: line.at,
    logMessage: line.message,
    logTranslationCode: line.code,
    logTranslationParameters: line.parameters,
  };
}

const type = z.enum(executionTypes);
export const executionsQuery = z.object(paging({ usual: 50, most: 500 }));
export const itemsQuery = z.object({
  executionId: givenId,
  type: type.exactOptional(),
  id: givenId.exactOptional(),
});
const level = z.enum(logLevels);
export const detailQuery = z.object({
  executionId: givenId,
  type: type.default("JOB"),
  id: givenId.exactOptional(),
  /** Repeated, or one value with commas. */
  logLevels: z
    .union([z.array(z.string()), z.string().transform((levels) => levels.split(","))])
    .pipe(z.array(level))
    .default([]),
  ...paging({ usual: 100, most: 1000 }),
});
