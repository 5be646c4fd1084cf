import { newId } from "../base/ids.ts";
import type { ExecutionItem, ExecutionStatus, PlannedTask, TableEffect } from "../model/execution.ts";
import type { TableExtraction } from "../model/definitions.ts";
import type { Message } from "./log.ts";
import type { Run } from "./run.ts";

/** The written trace of one task or table: its item and its log lines. */
export interface Record {
  readonly item: ExecutionItem;
  log(message: Message): Promise<void>;
  /** Saves the item with new figures. */
  progress(figures: { rows: number; bytes: number }): Promise<void>;
  end(status: ExecutionStatus, effect?: TableEffect): Promise<void>;
}

/** Begins the record of a task. */
export function taskRecord(run: Run, task: PlannedTask): Promise<Record> {
  return begin(run, {
    taskId: task.id,
    stepId: null,
    type: "TASK",
    name: task.name,
    position: task.position,
    rows: null,
    estimatedRows: null,
    bytes: null,
  });
}

/** Begins the record of one table of an extraction. */
export function tableRecord(
  run: Run,
  task: PlannedTask,
  table: TableExtraction,
  estimatedRows: number | null,
): Promise<Record> {
  return begin(run, {
    taskId: task.id,
    stepId: table.id,
    type: "STEP",
    name: table.tableName,
    position: table.position,
    rows: 0,
    estimatedRows,
    bytes: 0,
  });
}

type Begun = Pick<
  ExecutionItem,
  "taskId" | "stepId" | "type" | "name" | "position" | "rows" | "estimatedRows" | "bytes"
>;

async function begin(run: Run, begun: Begun): Promise<Record> {
  const { plan, events, clock } = run;
  const item: ExecutionItem = {
    ...begun,
    id: newId(),
    executionId: plan.executionId,
    poolId: plan.poolId,
    jobId: plan.jobId,
    status: "RUNNING",
    mode: plan.mode,
    startedAt: clock.now(),
    endedAt: null,
    effect: null,
  };
  await events.item(item);
  return {
    item,
    log: ({ level, text, code, parameters = {} }) =>
      events.log({
        executionId: plan.executionId,
        itemId: item.id,
        level,
        at: clock.now(),
        message: text,
        code,
        parameters: Object.entries(parameters).map(([key, value]) => ({ key, value })),
      }),
    progress: async ({ rows, bytes }) => {
      item.rows = rows;
      item.bytes = bytes;
      await events.item({ ...item });
    },
    end: async (status, effect) => {
      item.status = status;
      item.endedAt = clock.now();
      item.effect = effect ?? null;
      await events.item({ ...item });
    },
  };
}
