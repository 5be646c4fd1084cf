import type { Clock } from "../base/clock.ts";
import type { PlannedTask, RunPlan } from "../model/execution.ts";
import { errorLine } from "../model/errors.ts";
import type { RunEvents } from "../model/pool-host.ts";
import type { RunOutcome } from "../model/pool-protocol.ts";
import type { PoolStore } from "../model/pool-store.ts";
import type { Source } from "../model/source.ts";
import { extractTask } from "./extract-task.ts";
import { messages } from "./log.ts";
import { taskRecord } from "./record.ts";
import { transformTask } from "./transform-task.ts";

/** What a run needs of the process it lives in. */
export interface RunParts {
  store: PoolStore;
  source: (type: string) => Source;
  events: RunEvents;
  clock: Clock;
}

/** One run while it lives: its plan, its parts, and what it has done at the source so far. */
export interface Run extends RunParts {
  plan: RunPlan;
  password: string | null;
  signal: AbortSignal;
  /** The source may be touched only after that was recorded; recorded once a run. */
  touched: boolean;
  sessionsOpened: number;
}

/**
 * Runs all tasks of a plan in order; the first failure ends the run. Resolves, never rejects, when nothing
 * of it is left in this process: sessions closed, staging dropped, no statement of the pool running.
 *
 * A stop counts until the last commit; after that the run has succeeded, whatever was asked since.
 */
export async function runExecution(
  plan: RunPlan,
  password: string | null,
  parts: RunParts,
  { signal }: { signal: AbortSignal },
): Promise<RunOutcome> {
  const run: Run = { ...parts, plan, password, signal, touched: false, sessionsOpened: 0 };
  try {
    await run.store.ensureSchema(plan.poolId);
    if (plan.dataSource !== null) await run.store.ensureSchema(plan.dataSource.id);
    for (const task of plan.tasks) {
      signal.throwIfAborted();
      await runTask(run, task);
    }
    return { kind: "succeeded" };
  } catch (error) {
    const { sessionsOpened } = run;
    return signal.aborted
      ? { kind: "stopped", sessionsOpened }
      : { kind: "failed", failure: errorLine(error), sessionsOpened };
  }
}

async function runTask(run: Run, task: PlannedTask): Promise<void> {
  const record = await taskRecord(run, task);
  try {
    switch (task.type) {
      case "EXTRACTION":
        await extractTask(run, task, record);
        break;
      case "TRANSFORMATION":
        await transformTask(run, task, record);
        break;
      case "DATA_MODEL_LOAD":
        await record.log(messages.modelLoadSkipped(task.name));
        await record.end("SKIPPED");
        return;
    }
    await record.end("SUCCESS");
  } catch (error) {
    if (run.signal.aborted) {
      await record.end("CANCEL");
    } else {
      const why = errorLine(error);
      // The last line of a failed task is the one clients show as its error.
      await record.log(
        task.type === "EXTRACTION" ? messages.extractionFailed(why) : messages.transformationFailed(why),
      );
      await record.end("FAIL");
    }
    throw error;
  }
}
