import type { DataSource, Job, TableExtraction, Task, TaskVariable } from "../model/definitions.ts";
import { UserError } from "../model/errors.ts";
import type { Execution } from "../model/execution.ts";
import type { DefinitionStore, ExecutionStore } from "../model/state-store.ts";

/**
 * Ids as they come from outside, resolved only within the object they are named under. Something that
 * exists elsewhere is answered exactly like something that exists nowhere.
 */
export type Noun =
  | "data pool"
  | "connection"
  | "data job"
  | "task"
  | "extraction"
  | "transformation"
  | "table"
  | "variable"
  | "execution";

/** The same text whatever the id was: an answer must not tell two unknown things apart. */
export function notFound(noun: Noun | "key" | "hold" | "team" | "workbench statement"): UserError {
  return new UserError("not-found", `There is no such ${noun} here.`, {
    operation: `look up the ${noun}`,
    next: "Check the id and the ids before it in the path.",
  });
}

export async function jobOf(store: DefinitionStore, poolId: string, jobId: string): Promise<Job> {
  const job = await store.job(jobId);
  if (job === null || job.poolId !== poolId) throw notFound("data job");
  return job;
}

export async function dataSourceOf(
  store: DefinitionStore,
  poolId: string,
  dataSourceId: string,
): Promise<DataSource> {
  const source = await store.dataSource(dataSourceId);
  if (source === null || source.poolId !== poolId) throw notFound("connection");
  return source;
}

export async function taskOf(store: DefinitionStore, job: Job, taskId: string): Promise<Task> {
  const task = await store.task(taskId);
  if (task === null || task.jobId !== job.id) throw notFound("task");
  return task;
}

/** A task by its pool alone: the paths of variables do not name its job. */
export async function taskInPool(store: DefinitionStore, poolId: string, taskId: string): Promise<Task> {
  const task = await store.task(taskId);
  if (task === null || task.poolId !== poolId) throw notFound("task");
  return task;
}

export async function variableOf(
  store: DefinitionStore,
  task: Task,
  variableId: string,
): Promise<TaskVariable> {
  const variable = await store.variable(variableId);
  if (variable === null || variable.taskId !== task.id) throw notFound("variable");
  return variable;
}

export async function extractionOf(store: DefinitionStore, job: Job, taskId: string): Promise<Task> {
  const task = await store.task(taskId);
  if (task === null || task.jobId !== job.id || task.type !== "EXTRACTION") throw notFound("extraction");
  return task;
}

export async function transformationOf(store: DefinitionStore, job: Job, taskId: string): Promise<Task> {
  const task = await store.task(taskId);
  if (task === null || task.jobId !== job.id || task.type !== "TRANSFORMATION")
    throw notFound("transformation");
  return task;
}

export async function tableOf(
  store: DefinitionStore,
  extraction: Task,
  tableId: string,
): Promise<TableExtraction> {
  const table = await store.table(tableId);
  if (table === null || table.taskId !== extraction.id) throw notFound("table");
  return table;
}

export async function executionOf(
  store: ExecutionStore,
  poolId: string,
  executionId: string,
): Promise<Execution> {
  const execution = await store.execution(executionId);
  if (execution === null || execution.poolId !== poolId) throw notFound("execution");
  return execution;
}

/** An id that a body repeats must be the one the path already named. */
export function mustBeSame(given: string | undefined, expected: string | null, noun: Noun): void {
  if (given !== undefined && given !== expected) throw notFound(noun);
}
