import { UserError } from "../model/errors.ts";
import type { DataSource, Job, TableExtraction, Task } from "../model/definitions.ts";
import type { PlannedTask, RunPlan } from "../model/execution.ts";
import type { ExecuteRequest } from "../model/operations.ts";
import type { DefinitionStore } from "../model/state-store.ts";

/**
 * The snapshot a run works on: enabled tasks and tables of the job, cut down to what was asked for.
 * @throws UserError as `Executions.execute` says.
 */
export async function planRun(
  store: DefinitionStore,
  job: Job,
  request: ExecuteRequest,
  executionId: string,
): Promise<RunPlan> {
  const operation = `execute job "${job.name}"`;
  const tasks = await store.tasks(job.id);
  refuseUnknown(tasks, request, operation);
  const planned: PlannedTask[] = [];
  for (const task of tasks) {
    if (!isAsked(task, request)) continue;
    const tables = task.type === "EXTRACTION" ? await askedTables(store, task, request, operation) : [];
    planned.push({
      id: task.id,
      name: task.name,
      type: task.type,
      position: task.position,
      statement: task.statement,
      tables,
      variables: await store.variables(task.id),
      ignoreMetadataChanges: (await store.extractionConfiguration(task.id))?.ignoreMetadataChanges ?? false,
    });
  }
  if (planned.length === 0) {
    throw new UserError("invalid", "the job has nothing to run: no enabled task is selected", {
      operation,
      next: "add or enable a task",
    });
  }
  const dataSource = job.dataSourceId === null ? null : await store.dataSource(job.dataSourceId);
  if (dataSource === null && planned.some((task) => task.type === "EXTRACTION")) {
    throw new UserError("invalid", "an extraction needs a data connection, and the job has none", {
      operation,
      next: "set the job's data connection",
    });
  }
  return {
    executionId,
    poolId: job.poolId,
    jobId: job.id,
    jobName: job.name,
    mode: request.mode,
    dataSource: dataSource === null ? null : snapshotOf(dataSource),
    tasks: planned,
  };
}

function snapshotOf({ id, name, type, configuration }: DataSource): NonNullable<RunPlan["dataSource"]> {
  return { id, name, type, configuration };
}

function refuseUnknown(tasks: Task[], request: ExecuteRequest, operation: string): void {
  const known = new Map(tasks.map((task) => [task.id, task.type]));
  const asked: [string, Task["type"]][] = [
    ...(request.transformations ?? []).map((id): [string, Task["type"]] => [id, "TRANSFORMATION"]),
    ...(request.extractions ?? []).map(({ extractionId }): [string, Task["type"]] => [
      extractionId,
      "EXTRACTION",
    ]),
  ];
  for (const [id, type] of asked) {
    if (known.get(id) === type) continue;
    throw new UserError("invalid", `the job has no ${type.toLowerCase()} ${id}`, {
      operation,
      attribute: type === "EXTRACTION" ? "extractions" : "transformations",
      next: "list the job's tasks and use an id from there",
    });
  }
}

function isAsked(task: Task, { transformations, extractions }: ExecuteRequest): boolean {
  if (task.disabled) return false;
  if (task.type === "TRANSFORMATION" && transformations !== null) return transformations.includes(task.id);
  if (task.type === "EXTRACTION" && extractions !== null) {
    return extractions.some(({ extractionId }) => extractionId === task.id);
  }
  return true;
}

async function askedTables(
  store: DefinitionStore,
  task: Task,
  { extractions }: ExecuteRequest,
  operation: string,
): Promise<TableExtraction[]> {
  const enabled = (await store.tables(task.id)).filter((table) => !table.disabled);
  const subset = extractions?.find(({ extractionId }) => extractionId === task.id)?.tables ?? null;
  const asked =
    subset === null
      ? enabled
      : subset.map((idOrName) => {
          const found = enabled.find((table) => table.id === idOrName || table.tableName === idOrName);
          if (found !== undefined) return found;
          throw new UserError("invalid", `extraction "${task.name}" has no enabled table ${idOrName}`, {
            operation,
            attribute: "tables",
            next: "list the extraction's tables and use an id or name from there",
          });
        });
  refuseSameTarget(asked, task, operation);
  return asked;
}

/** Two tables with one target would overwrite each other in the swap. */
function refuseSameTarget(tables: TableExtraction[], task: Task, operation: string): void {
  const seen = new Set<string>();
  for (const { targetTableName, tableName } of tables) {
    const target = (targetTableName ?? tableName).toLowerCase();
    if (seen.has(target)) {
      throw new UserError(
        "invalid",
        `two tables of extraction "${task.name}" load into ${targetTableName ?? tableName}`,
        {
          operation,
          attribute: "targetTableName",
          next: "give one of them another target name",
        },
      );
    }
    seen.add(target);
  }
}
