import type { Clock } from "../base/clock.ts";
import { newId } from "../base/ids.ts";
import type { Job, Task } from "../model/definitions.ts";
import { UserError, errorLine } from "../model/errors.ts";
import type { PoolData } from "../model/operations.ts";
import type { QueryResult } from "../model/pool-store.ts";
import { notFound } from "./belonging.ts";

const mostRows = 1000;
const mostKept = 50;
const mostRunning = 8;
const keptForMs = 10 * 60_000;
const longestMs = 10 * 60_000;

export interface WorkbenchStatement {
  id: string;
  jobId: string;
  taskId: string;
  statement: string;
  startedAt: number;
  state: { kind: "running" } | { kind: "succeeded"; result: QueryResult } | { kind: "failed"; error: string };
}

/**
 * Statements that a person runs on a pool to look at it. Kept in memory only, a few and not for long:
 * who needs more asks again.
 */
export class Workbench {
  readonly #poolData: PoolData;
  readonly #clock: Clock;
  readonly #kept = new Map<string, WorkbenchStatement>();
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(poolData: PoolData, clock: Clock) {
    this.#poolData = poolData;
    this.#clock = clock;
  }

  /** Starts it and returns at once. "conflict" while too many run. */
  start(job: Job, task: Task, statement: string): WorkbenchStatement {
    this.#forgetOld();
    if (this.#running.size >= mostRunning) {
      throw new UserError("conflict", `${String(mostRunning)} statements run already.`, {
        operation: "run the statement",
        next: "Wait for one of them to end.",
      });
    }
    const run: WorkbenchStatement = {
      id: newId(),
      jobId: job.id,
      taskId: task.id,
      statement,
      startedAt: this.#clock.now(),
      state: { kind: "running" },
    };
    this.#kept.set(run.id, run);
    const done = this.#run(job, run).finally(() => this.#running.delete(done));
    this.#running.add(done);
    return run;
  }

  get(task: Task, id: string): WorkbenchStatement {
    this.#forgetOld();
    const run = this.#kept.get(id);
    if (run === undefined || run.taskId !== task.id) throw notFound("workbench statement");
    return run;
  }

  /** Aborts what runs and waits for its end. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#running);
  }

  /** Never rejects: the failure is the result. */
  async #run(job: Job, run: WorkbenchStatement): Promise<void> {
    const searchPath = job.dataSourceId === null ? [job.poolId] : [job.dataSourceId, job.poolId];
    const question = { kind: "query", statement: run.statement, searchPath, limit: mostRows } as const;
    try {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(longestMs)]);
      const answer = await this.#poolData.ask(job.poolId, question, { signal });
      if (answer.kind !== "query") throw new Error(`the pool answered a query with ${answer.kind}`);
      run.state = { kind: "succeeded", result: answer.result };
    } catch (error) {
      run.state = { kind: "failed", error: errorLine(error) };
    }
  }

  #forgetOld(): void {
    const oldest = this.#clock.now() - keptForMs;
    for (const [id, run] of this.#kept) {
      if (run.state.kind === "running") continue;
      if (run.startedAt < oldest || this.#kept.size > mostKept) this.#kept.delete(id);
    }
  }
}
