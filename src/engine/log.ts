import type { Execution, ExecutionItem, LogLevel, LogLine } from "../model/execution.ts";

/** The id of an execution's JOB item: derived, so that every part of the engine finds it. */
export function jobItemId(executionId: string): string {
  return executionId;
}

/** The JOB item as the execution stands. */
export function jobItem(execution: Execution): ExecutionItem {
  return {
    id: jobItemId(execution.id),
    executionId: execution.id,
    poolId: execution.poolId,
    jobId: execution.jobId,
    taskId: null,
    stepId: null,
    type: "JOB",
    name: execution.jobName,
    status: execution.status,
    mode: execution.mode,
    position: 1,
    startedAt: execution.startedAt,
    endedAt: execution.endedAt,
    rows: null,
    estimatedRows: null,
    bytes: null,
    effect: null,
  };
}

/** A line on the JOB item. */
export function jobLine(
  execution: Execution,
  at: number,
  level: LogLevel,
  message: string,
  code: string | null = null,
): Omit<LogLine, "sequence"> {
  return {
    executionId: execution.id,
    itemId: jobItemId(execution.id),
    level,
    at,
    message,
    code,
    parameters: [],
  };
}
