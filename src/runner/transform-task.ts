import type { PlannedTask } from "../model/execution.ts";
import { messages } from "./log.ts";
import type { Record } from "./record.ts";
import { inCommit, type Run } from "./run.ts";
import { TaskTexts } from "./variables.ts";

/** Runs the script of a transformation as one transaction: after an error or a stop nothing of it is there. */
export async function transformTask(run: Run, task: PlannedTask, record: Record): Promise<void> {
  const { plan, store, signal } = run;
  await record.log(messages.transformationStarts(task.name));
  // The job's own connection comes first, so that its tables win over global ones of the same name.
  const searchPath = plan.dataSource === null ? [plan.poolId] : [plan.dataSource.id, plan.poolId];
  const lines: Promise<void>[] = [];
  const statement = await new TaskTexts(run, task).statement(task.statement ?? "");
  const marker = { executionId: plan.executionId, taskId: task.id };
  const onStatement = (number: number, of: number, sql: string): void => {
    lines.push(record.log(messages.statement(number, of, sql)));
  };
  await inCommit(run, (onCommit) =>
    store.transform(statement, searchPath, marker, { signal, onStatement, onCommit }),
  );
  await Promise.all(lines);
  await record.log(messages.transformationDone());
}
