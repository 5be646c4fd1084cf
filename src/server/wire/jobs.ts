import { z } from "zod";
import {
  executionStatuses,
  extractionModes,
  protectionStatuses,
  taskTypes,
  type ExecuteAnswer,
  type JobTransport,
  type StatementTransport,
  type TaskInstanceTransport,
  type TransformationTransport,
} from "../../contract/index.ts";
import type { Job, Task } from "../../model/definitions.ts";
import { isTerminal } from "../../model/execution.ts";
import type { ExecuteRequest } from "../../model/operations.ts";
import type { JobStatus } from "../../model/state-store.ts";
import { epochMs, givenId, givenIdOrName, id, numberOrText, text } from "./fields.ts";

export const status = z.enum(executionStatuses);

export const jobTransport: z.ZodType<JobTransport> = z.strictObject({
  id,
  dataPoolId: id,
  name: text,
  dataSourceId: id.nullable(),
  timeStamp: epochMs.nullable(),
  status: status.nullable(),
  currentExecutionId: id.nullable(),
  latestExecutionItemId: id.nullable(),
  dagBasedExecutionEnabled: z.boolean().nullable(),
});

export function toJob(job: Job, latest: JobStatus | null, latestItemId: string | null): JobTransport {
  const active = latest !== null && latest.status !== null && !isTerminal(latest.status);
  return {
    id: job.id,
    dataPoolId: job.poolId,
    name: job.name,
    dataSourceId: job.dataSourceId,
    timeStamp: job.createdAt,
    status: latest?.status ?? null,
    currentExecutionId: active ? latest.executionId : null,
    latestExecutionItemId: latestItemId,
    dagBasedExecutionEnabled: false,
  };
}

export const jobDraft = z.object({
  name: z.string(),
  dataPoolId: givenId.exactOptional(),
  dataSourceId: givenId.exactOptional(),
});
export const jobChange = z.object({
  name: z.string().exactOptional(),
  dataPoolId: givenId.exactOptional(),
  dataSourceId: givenId.exactOptional(),
});

export const mode = z.enum(extractionModes).default("DELTA");

/** JobExecutionConfiguration; a missing body is an empty one. */
export const executionConfiguration = z
  .object({
    poolId: givenId.exactOptional(),
    jobId: givenId.exactOptional(),
    dataSourceId: givenId.exactOptional(),
    mode,
    executeOnlySubsetOfTransformations: z.boolean().default(false),
    transformations: z.array(givenId).default([]),
    executeOnlySubsetOfExtractions: z.boolean().default(false),
    extractions: z
      .array(
        z.object({
          extractionId: givenId,
          loadOnlySubsetOfTables: z.boolean().default(false),
          tables: z.array(givenIdOrName).default([]),
        }),
      )
      .default([]),
  })
  .prefault({});

/** Lists count only where their subset flag is true. */
export function toExecuteRequest(given: z.output<typeof executionConfiguration>): ExecuteRequest {
  return {
    mode: given.mode,
    transformations: given.executeOnlySubsetOfTransformations ? given.transformations : null,
    extractions: given.executeOnlySubsetOfExtractions
      ? given.extractions.map(({ extractionId, loadOnlySubsetOfTables, tables }) => ({
          extractionId,
          tables: loadOnlySubsetOfTables ? tables : null,
        }))
      : null,
  };
}

export const executeAnswer: z.ZodType<ExecuteAnswer> = z.strictObject({ executionId: id, jobId: id, status });

const taskFields = {
  id,
  poolId: id,
  jobId: id,
  taskId: id,
  taskType: z.enum(taskTypes),
  name: text,
  description: text,
  disabled: z.boolean(),
  template: z.boolean(),
  published: z.boolean(),
  legalAgreementAccepted: z.boolean(),
  protectionStatus: z.enum(protectionStatuses),
  createdAt: epochMs.nullable(),
  taskCreatedAt: epochMs.nullable(),
  taskEditedAt: epochMs.nullable(),
  executionOrder: z.number().int(),
};
/** Extended by what stands in some tasks only. */
export const taskShape = z.strictObject(taskFields);
export const transformationTransport: z.ZodType<TransformationTransport> = taskShape.extend({
  statement: text,
});
export const statementTransport: z.ZodType<StatementTransport> = z.strictObject({
  statement: text,
  legalNote: text,
});

export function toTask(task: Task): TaskInstanceTransport {
  return {
    id: task.id,
    poolId: task.poolId,
    jobId: task.jobId,
    taskId: task.templateId,
    taskType: task.type,
    name: task.name,
    description: task.description,
    disabled: task.disabled,
    template: false,
    published: false,
    legalAgreementAccepted: false,
    protectionStatus: "OPEN",
    createdAt: task.createdAt,
    taskCreatedAt: task.createdAt,
    taskEditedAt: task.editedAt,
    executionOrder: task.position,
  };
}

export const taskDraft = z.object({
  taskType: z.enum(taskTypes),
  name: z.string(),
  description: z.string().exactOptional(),
  jobId: givenId.exactOptional(),
  executionOrder: numberOrText(z.number().int()).exactOptional(),
});
export const taskChange = z.object({
  name: z.string().exactOptional(),
  description: z.string().exactOptional(),
});
