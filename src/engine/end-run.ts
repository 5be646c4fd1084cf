import { failpoint } from "../base/failpoint.ts";
import {
  describeStop,
  statusAfterStop,
  type Proof,
  type Settlement,
  type StopReason,
} from "../model/stop.ts";
import type { Execution, ExecutionItem, TerminalStatus } from "../model/execution.ts";
import type { ProcessGone } from "../model/pool-host.ts";
import type { RunOutcome } from "../model/pool-protocol.ts";
import type { StateStore } from "../model/state-store.ts";
import { jobItem, jobLine } from "./log.ts";

/** How an execution is to end, decided from its worker's outcome and the stop, before anything is written. */
export interface End {
  status: TerminalStatus;
  failure: string | null;
}

/** A stop that came after the last commit is too late: what happened decides, not what was asked for. */
export function decideEnd(
  outcome: RunOutcome | ProcessGone,
  stop: StopReason | null,
  recordingFailure: string | null,
): End {
  switch (outcome.kind) {
    case "succeeded":
      return { status: "SUCCESS", failure: null };
    case "failed":
      return { status: "FAIL", failure: outcome.failure };
    case "stopped":
    case "process-gone": {
      if (stop === null) {
        const failure =
          outcome.kind === "process-gone" ? outcome.detail : "stopped without a reason on record";
        return { status: "FAIL", failure: recordingFailure ?? failure };
      }
      const status = statusAfterStop(stop);
      return { status, failure: status === "FAIL" ? describeStop(stop) : null };
    }
  }
}

/**
 * Writes the end: items first, the execution last and by compare-and-set, so that nothing says CANCEL or
 * FAIL before the proof and a reader of the terminal status finds all items ended.
 */
export async function writeEnd(
  store: StateStore,
  execution: Execution,
  end: End,
  facts: {
    at: number;
    proof: Proof;
    stop: StopReason | null;
    /** With proof `declared`. */
    settlement: Settlement | null;
    heldItems: ExecutionItem[];
    /** null: it could not be asked. */
    committedTasks: ReadonlySet<string> | null;
  },
): Promise<Execution> {
  const { at, proof, stop, settlement, heldItems, committedTasks } = facts;
  for (const item of heldItems) await store.saveItem(item);
  for (const item of await store.items(execution.id)) {
    if (item.type === "JOB" || item.endedAt !== null) continue;
    // Left open by a process that died: its transaction tells whether the rows are there.
    const committed = item.taskId !== null && committedTasks?.has(item.taskId) === true;
    const effect = committed ? "loaded" : (item.rows ?? 0) === 0 ? "untouched" : "discarded";
    await store.saveItem({
      ...item,
      status: committed ? "SUCCESS" : end.status === "SUCCESS" ? "FAIL" : end.status,
      endedAt: at,
      effect: item.type === "STEP" && committedTasks !== null ? effect : null,
    });
  }
  const ended: Execution = { ...execution, status: end.status, endedAt: at, proof, failure: end.failure };
  await store.appendLog([lastLine(ended, at, stop)]);
  await store.saveItem(jobItem(ended));
  await failpoint("engine.items-written");
  await store.finish(execution.id, end.status, {
    at,
    proof,
    failure: end.failure,
    ...(settlement === null ? {} : { settlement }),
  });
  return (await store.execution(execution.id)) ?? ended;
}

function lastLine(ended: Execution, at: number, stop: StopReason | null): ReturnType<typeof jobLine> {
  const proof = ended.proof === null ? "" : ` (${ended.proof.level}: ${ended.proof.note})`;
  switch (ended.status) {
    case "SUCCESS":
      return jobLine(
        ended,
        at,
        "INFO",
        `Job ${ended.jobName} finished successfully${stop === null ? "" : "; the stop came too late"}${proof}`,
      );
    case "CANCEL":
      return jobLine(
        ended,
        at,
        "WARNING",
        `Execution was canceled on request: ${stop === null ? "" : describeStop(stop)}${proof}`,
        "EXECUTION_CANCELED_ON_REQUEST",
      );
    case "FAIL":
    case "QUEUED":
    case "RUNNING":
    case "SKIPPED":
      return jobLine(ended, at, "ERROR", `Job ${ended.jobName} failed: ${ended.failure ?? ""}${proof}`);
  }
}
