import {
  describeStop,
  statusAfterStop,
  type Proof,
  type Settlement,
  type StopReason,
} from "../model/stop.ts";
import type { Execution, ExecutionItem, RunPlan, TerminalStatus } from "../model/execution.ts";
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
  committedAll: boolean,
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
      // Its process died after the last commit, and could not say so: the stop came too late all the same.
      if (status === "CANCEL" && outcome.kind === "process-gone" && committedAll)
        return { status: "SUCCESS", failure: null };
      return { status, failure: status === "FAIL" ? describeStop(stop) : null };
    }
  }
}

/** Everything that the plan would change in the pool was committed. A model load changes nothing, nor does an extraction without tables. */
export function hasCommittedAll({ tasks }: RunPlan, committedTasks: ReadonlySet<string> | null): boolean {
  const changing = tasks.filter(
    ({ type, tables }) => type === "TRANSFORMATION" || (type === "EXTRACTION" && tables.length > 0),
  );
  return changing.length > 0 && changing.every(({ id }) => committedTasks?.has(id) === true);
}

/**
 * Writes the end: the execution by compare-and-set, its items and its last line in the same transaction, so that
 * nothing says how it ended before the proof, or after an end that was not written.
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
  const items = new Map((await store.items(execution.id)).map((item) => [item.id, item]));
  for (const item of heldItems) items.set(item.id, item);
  const left: ExecutionItem[] = [];
  for (const item of items.values()) {
    if (item.type === "JOB" || item.endedAt !== null) continue;
    // Left open by a process that died: its transaction tells whether the rows are there.
    const committed = item.taskId !== null && committedTasks?.has(item.taskId) === true;
    const effect = committed ? "loaded" : (item.rows ?? 0) === 0 ? "untouched" : "discarded";
    left.push({
      ...item,
      status: committed ? "SUCCESS" : end.status === "SUCCESS" ? "FAIL" : end.status,
      endedAt: at,
      effect: item.type === "STEP" && committedTasks !== null ? effect : null,
    });
  }
  const ended: Execution = { ...execution, status: end.status, endedAt: at, proof, failure: end.failure };
  await store.finish(execution.id, end.status, {
    at,
    proof,
    failure: end.failure,
    items: [...heldItems, ...left, jobItem(ended)],
    lines: [lastLine(ended, at, stop)],
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
