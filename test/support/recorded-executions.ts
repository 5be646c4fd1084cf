import type { Clock } from "../../src/base/clock.ts";
import { newId } from "../../src/base/ids.ts";
import { UserError } from "../../src/model/errors.ts";
import type { Execution } from "../../src/model/execution.ts";
import type { ExecuteRequest, Executions, PoolData, StopOutcome } from "../../src/model/operations.ts";
import type { StateStore } from "../../src/model/state-store.ts";
import type { Proof } from "../../src/model/stop.ts";

/**
 * Stands in for the engine where HTTP is tested: it writes real executions, items and lines to the real
 * store, and runs nothing. What a stop really proves is tested elsewhere, over the real engine.
 */
export class RecordedExecutions implements Executions {
  /** A source that does not answer: stops are recorded and not proven. */
  frozen = false;
  readonly asked: { jobId: string; request: ExecuteRequest }[] = [];
  readonly stops: Parameters<Executions["stop"]>[1][] = [];
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #changed: (poolId: string) => void;

  constructor(state: StateStore, clock: Clock, changed: (poolId: string) => void) {
    this.#state = state;
    this.#clock = clock;
    this.#changed = changed;
  }

  async execute(jobId: string, request: ExecuteRequest): Promise<Execution> {
    const job = await this.#state.job(jobId);
    if (job === null) throw new Error("the route let an unknown job through");
    const id = newId();
    const plan = {
      executionId: id,
      poolId: job.poolId,
      jobId,
      jobName: job.name,
      mode: request.mode,
      dataSource: null,
      tasks: [],
    };
    const execution: Execution = {
      id,
      poolId: job.poolId,
      jobId,
      jobName: job.name,
      mode: request.mode,
      status: "QUEUED",
      plan,
      queuedAt: this.#clock.now(),
      startedAt: null,
      endedAt: null,
      stop: null,
      proof: null,
      sourceTouched: false,
      sessions: [],
      failure: null,
    };
    const queued = await this.#state.enqueue(execution);
    if (!queued.enqueued)
      throw new UserError("conflict", "The job runs already.", { operation: "execute the job" });
    this.asked.push({ jobId, request });
    const claimed = await this.#state.claimNext(100, this.#clock.now());
    await this.#writeItems(execution);
    this.#changed(job.poolId);
    return claimed ?? execution;
  }

  async stop(jobId: string, request: Parameters<Executions["stop"]>[1]): Promise<StopOutcome> {
    this.stops.push(request);
    const active = await this.#state.activeExecution(jobId);
    if (request.executionId !== null && active?.id !== request.executionId)
      return { kind: "other-execution", active };
    if (active === null) return { kind: "was-not-running" };
    const at = this.#clock.now();
    const { keyName, channel, because } = request;
    await this.#state.requestStop(active.id, { by: "operator", keyName, channel, because }, at);
    if (this.frozen) {
      const proof: Proof = { level: "worker gone", at, note: "1 session is left at the source (läuft)" };
      await this.#state.recordProof(active.id, proof);
      return { kind: "not-proven", execution: active, proof };
    }
    const proof: Proof = { level: "source idle", at, note: "no session" };
    await this.#state.finish(active.id, "CANCEL", { at, proof, failure: null });
    this.#changed(active.poolId);
    const ended = await this.#state.execution(active.id);
    return { kind: "stopped", execution: ended ?? active };
  }

  wake(): void {}

  async stopPool(
    poolId: string,
    request: Parameters<Executions["stopPool"]>[1],
  ): ReturnType<Executions["stopPool"]> {
    const active = (await this.#state.activeExecutions()).filter((one) => one.poolId === poolId);
    return await Promise.all(
      active.map(async (execution) => ({
        execution,
        outcome: await this.stop(execution.jobId, { ...request, executionId: execution.id }),
      })),
    );
  }

  async settle(execution: Execution, word: { keyName: string; because: string }): Promise<Execution> {
    const at = this.#clock.now();
    const { id: executionId, poolId } = execution;
    await this.#state.finish(executionId, "CANCEL", {
      at,
      proof: { level: "declared", at, note: word.because },
      failure: null,
      settlement: { ...word, executionId, poolId, at, seen: "unknown", seenAt: at, seenNote: "not readable" },
    });
    this.#changed(poolId);
    return (await this.#state.execution(executionId)) ?? execution;
  }

  async succeed(executionId: string): Promise<void> {
    const at = this.#clock.now();
    const proof: Proof = { level: "source idle", at, note: "no session" };
    await this.#state.finish(executionId, "SUCCESS", { at, proof, failure: null });
    const execution = await this.#state.execution(executionId);
    if (execution !== null) this.#changed(execution.poolId);
  }

  /** A JOB item, a TASK item for each task, a STEP item for each table, and a line on each. */
  async #writeItems({ id, poolId, jobId, jobName, mode }: Execution): Promise<void> {
    const at = this.#clock.now();
    const blank = {
      executionId: id,
      poolId,
      jobId,
      mode,
      status: "RUNNING",
      startedAt: at,
      endedAt: null,
      effect: null,
    } as const;
    const none = { rows: null, estimatedRows: null, bytes: null };
    const write = async (item: Parameters<StateStore["saveItem"]>[0]): Promise<void> => {
      await this.#state.saveItem(item);
      const line = {
        executionId: id,
        itemId: item.id,
        level: "INFO",
        at,
        message: `Started ${item.name}`,
        code: null,
      } as const;
      await this.#state.appendLog([{ ...line, parameters: [] }]);
    };
    await write({
      ...blank,
      ...none,
      id: newId(),
      taskId: null,
      stepId: null,
      type: "JOB",
      name: jobName,
      position: 1,
    });
    for (const task of await this.#state.tasks(jobId)) {
      const { name, position } = task;
      await write({
        ...blank,
        ...none,
        id: newId(),
        taskId: task.id,
        stepId: null,
        type: "TASK",
        name,
        position,
      });
      for (const table of await this.#state.tables(task.id)) {
        const progress = { rows: 1200, estimatedRows: 3000, bytes: 96_000 };
        const step = {
          taskId: task.id,
          stepId: table.id,
          type: "STEP",
          name: table.tableName,
          position: 1,
        } as const;
        await write({ ...blank, ...progress, ...step, id: newId() });
      }
    }
  }
}

/** A pool that holds one table, BKPF, in whatever schema it is asked for. */
export function tablesOf(): PoolData {
  return {
    async ask(poolId, question) {
      if (question.kind === "tables")
        return { kind: "tables", tables: [{ schema: poolId, name: "BKPF", type: "TABLE" }] };
      if (question.kind === "columns") {
        const types = ["VARCHAR", "DECIMAL(18,2)", "TIMESTAMP WITH TIME ZONE", "BIGINT", "BLOB"];
        const columns = types.map((type, index) => ({ name: `c${String(index)}`, type }));
        return { kind: "columns", columns: question.table === "BKPF" ? columns : [] };
      }
      if (question.kind === "committed") throw new Error("the server does not ask that");
      if (question.statement.includes("broken"))
        throw new UserError("invalid", "statement 1: syntax", { operation: "run the SQL" });
      const path = question.searchPath.join(",");
      return {
        kind: "query",
        result: { columns: [{ name: "path", type: "VARCHAR" }], rows: [[path]], truncated: false },
      };
    },
    remove: async () => {},
  };
}
