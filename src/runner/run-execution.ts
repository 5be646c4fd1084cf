import { failpoint } from "../base/failpoint.ts";
import type { PlannedTask, RunPlan } from "../model/execution.ts";
import { errorLine, isNightdeskError } from "../model/errors.ts";
import type { RunOutcome } from "../model/pool-protocol.ts";
import { extractTask } from "./extract-task.ts";
import { messages, withCodeOf } from "./log.ts";
import { taskRecord } from "./record.ts";
import type { Run, RunParts } from "./run.ts";
import { transformTask } from "./transform-task.ts";

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
    await failpoint("run.started");
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
      : {
          kind: "failed",
          failure: errorLine(error),
          sessionsOpened,
          connectLimit: isNightdeskError(error) && error.timedOut,
        };
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
      const failed =
        task.type === "EXTRACTION" ? messages.extractionFailed(why) : messages.transformationFailed(why);
      await record.log(withCodeOf(error, failed));
      await record.end("FAIL");
    }
    throw error;
  }
}
