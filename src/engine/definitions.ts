import type { Clock } from "../base/clock.ts";
import { newId } from "../base/ids.ts";
import type { DataPool, Job, Task, TaskType } from "../model/definitions.ts";
import { UserError, errorLine } from "../model/errors.ts";
import type { PoolData } from "../model/operations.ts";
import type { DefinitionStore } from "../model/state-store.ts";
import { dataSourceOf } from "./belonging.ts";
import { checkFree, checkedName } from "./names.ts";

/** Fields of a change that are absent stay as they are. */
export interface PoolChange {
  name?: string;
  description?: string;
}

export interface JobChange {
  name?: string;
  /** A connection of the same pool. */
  dataSourceId?: string;
}

export interface TaskDraft {
  type: TaskType;
  name: string;
  description?: string;
  /** 1-based; absent: at the end. */
  position?: number;
}

/** The rules of data pools, data jobs and tasks. Everything throws UserError and then has changed nothing. */
export class Definitions {
  readonly #store: DefinitionStore;
  readonly #poolData: PoolData;
  readonly #clock: Clock;
  readonly #report: (line: string) => void;

  /** `report` gets one line about what was left undone after a definition was changed. */
  constructor(store: DefinitionStore, poolData: PoolData, clock: Clock, report: (line: string) => void) {
    this.#store = store;
    this.#poolData = poolData;
    this.#clock = clock;
    this.#report = report;
  }

  async createPool(draft: { name: string; description?: string }): Promise<DataPool> {
    const pool: DataPool = {
      id: newId(),
      name: checkedName(draft.name, "data pool"),
      description: draft.description ?? null,
      createdAt: this.#clock.now(),
    };
    await this.#store.insertPool(pool);
    return pool;
  }

  async changePool(pool: DataPool, change: PoolChange): Promise<DataPool> {
    const changed: DataPool = {
      ...pool,
      name: change.name === undefined ? pool.name : checkedName(change.name, "data pool"),
      description: change.description ?? pool.description,
    };
    await this.#store.updatePool(changed);
    return changed;
  }

  /** With all it holds; "conflict" while one of its jobs is queued or running. */
  async deletePool(pool: DataPool): Promise<void> {
    await this.#store.deletePool(pool.id);
    // The definitions go first: files without a pool are harmless, a pool without its files is not.
    try {
      await this.#poolData.remove(pool.id);
    } catch (error) {
      this.#report(
        `delete the data pool ${pool.id}: it is deleted, its files are left (${errorLine(error)}). Next: delete its folder below "pools" in the home`,
      );
    }
  }

  async createJob(pool: DataPool, draft: { name: string; dataSourceId?: string }): Promise<Job> {
    const name = checkedName(draft.name, "data job");
    checkFree(name, await this.#store.jobs(pool.id), { id: null, what: "data job" });
    const source =
      draft.dataSourceId === undefined ? null : await dataSourceOf(this.#store, pool.id, draft.dataSourceId);
    const job: Job = {
      id: newId(),
      poolId: pool.id,
      name,
      dataSourceId: source?.id ?? null,
      createdAt: this.#clock.now(),
    };
    await this.#store.insertJob(job);
    return job;
  }

  async changeJob(job: Job, change: JobChange): Promise<Job> {
    const name = change.name === undefined ? job.name : checkedName(change.name, "data job");
    checkFree(name, await this.#store.jobs(job.poolId), { id: job.id, what: "data job" });
    const source =
      change.dataSourceId === undefined
        ? null
        : await dataSourceOf(this.#store, job.poolId, change.dataSourceId);
    const changed: Job = { ...job, name, dataSourceId: source?.id ?? job.dataSourceId };
    await this.#store.updateJob(changed);
    return changed;
  }

  /** With its tasks, executions and logs; "conflict" while it is queued or running. */
  async deleteJob(job: Job): Promise<void> {
    await this.#store.deleteJob(job.id);
  }

  async createTask(job: Job, draft: TaskDraft): Promise<Task> {
    if (draft.type === "DATA_MODEL_LOAD") {
      throw new UserError(
        "invalid",
        "This server knows EXTRACTION and TRANSFORMATION; data model loads are not there yet.",
        {
          operation: "create the task",
          attribute: "taskType",
          next: "Choose one of the two.",
        },
      );
    }
    if (draft.type === "EXTRACTION" && job.dataSourceId === null) {
      throw new UserError("invalid", "A global data job has no connection to extract from.", {
        operation: "create the task",
        attribute: "taskType",
        next: "Set the dataSourceId of the job first.",
      });
    }
    const last = (await this.#store.tasks(job.id)).length + 1;
    const now = this.#clock.now();
    const task: Task = {
      id: newId(),
      templateId: newId(),
      poolId: job.poolId,
      jobId: job.id,
      type: draft.type,
      name: checkedName(draft.name, "task"),
      description: draft.description ?? null,
      disabled: false,
      position: Math.min(Math.max(draft.position ?? last, 1), last),
      statement: null,
      createdAt: now,
      editedAt: now,
    };
    await this.#store.insertTask(task);
    return task;
  }

  async changeTask(
    task: Task,
    change: { name?: string; description?: string; disabled?: boolean; statement?: string },
  ): Promise<Task> {
    const changed: Task = {
      ...task,
      name: change.name === undefined ? task.name : checkedName(change.name, "task"),
      description: change.description ?? task.description,
      disabled: change.disabled ?? task.disabled,
      statement: change.statement ?? task.statement,
      editedAt: this.#clock.now(),
    };
    await this.#store.updateTask(changed);
    return changed;
  }

  async deleteTask(task: Task): Promise<void> {
    await this.#store.deleteTask(task.id);
  }
}
