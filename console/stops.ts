import { useEffect, useRef, useState } from "preact/hooks";
import type { DeskNight, DeskNightJob, DeskStopAnswer } from "../src/contract/index.ts";
import { CallRefused, readReceipt, stopJob, stopPool, type AnyReceipt, type Refusal } from "./calls.ts";

/** A stop that this page follows: its own, or one of others that it saw under way. */
export interface FollowedStop {
  jobId: string;
  executionId: string;
  /** When this page asked (epoch ms of this browser); null: others did. */
  requestedAt: number | null;
  /** What the server said to it; null: nothing yet. */
  answer: DeskStopAnswer | null;
  refusal: Refusal | null;
  /** Once the execution is over. */
  receipt: AnyReceipt | null;
  /** The last attempt to read the receipt failed. */
  receiptFailed: boolean;
}

export interface Stops {
  /** By job: the latest. */
  followed: ReadonlyMap<string, FollowedStop>;
  stopOne(job: DeskNightJob & { executionId: string }, reason: string): void;
  stopAll(reason: string): void;
}

/** Whether the execution goes on, by the platform's own word. */
export function isActive(job: DeskNightJob): boolean {
  return job.status === "RUNNING" || job.status === "QUEUED";
}

/**
 * Follows stops over what the events show. A stop counts as over only when the events show the end of its execution
 * and its receipt is there: what the page says of it is what stands in the receipt.
 */
export function useStops(night: DeskNight | null, token: string): Stops {
  const [followed, setFollowed] = useState<ReadonlyMap<string, FollowedStop>>(new Map());
  /** By job: the execution that an event showed to be active, should another one show its end. */
  const active = useRef(new Map<string, string>());
  /** Executions whose receipt is being read. */
  const reading = useRef(new Set<string>());

  const change = (jobId: string, executionId: string, changed: Partial<FollowedStop>): void => {
    setFollowed((before) => {
      const known = before.get(jobId);
      // A later stop of the same job has taken its place.
      if (known !== undefined && known.executionId !== executionId && changed.requestedAt === undefined) {
        return before;
      }
      const same = known?.executionId === executionId ? known : newStop(jobId, executionId);
      return new Map(before).set(jobId, { ...same, ...changed });
    });
  };

  useEffect(() => {
    for (const job of night?.jobs ?? []) {
      const { executionId, stopping, status } = job;
      const known = followed.get(job.id);
      // A stop of others may be over before an event could show it under way.
      const stopped = status === "CANCEL" && active.current.get(job.id) === executionId;
      if (executionId !== null && known?.executionId !== executionId && (stopping !== null || stopped)) {
        change(job.id, executionId, { requestedAt: null });
      }
      if (isActive(job) && executionId !== null) active.current.set(job.id, executionId);
      if (known !== undefined && known.receipt === null && isOver(known, job)) {
        void fetchReceipt(known, reading.current, (changed) =>
          change(known.jobId, known.executionId, changed),
        );
      }
    }
  }, [night]);

  const stopOne: Stops["stopOne"] = (job, reason) => {
    const { id: jobId, executionId } = job;
    change(jobId, executionId, { requestedAt: Date.now(), answer: null, refusal: null });
    stopJob(token, { poolId: night?.poolId ?? "", jobId, executionId }, reason).then(
      (answer) => change(jobId, executionId, { answer }),
      (error: unknown) => change(jobId, executionId, { refusal: refusalIn(error) }),
    );
  };

  const stopAll: Stops["stopAll"] = (reason) => {
    const requestedAt = Date.now();
    const active = (night?.jobs ?? []).filter(isActive);
    const asked = (changed: Partial<FollowedStop>): void => {
      for (const { id, executionId } of active) {
        if (executionId !== null) change(id, executionId, changed);
      }
    };
    asked({ requestedAt, answer: null, refusal: null });
    stopPool(token, night?.poolId ?? "", reason).then(
      ({ stops }) => {
        for (const { jobId, jobName: _, ...answer } of stops) {
          if (answer.executionId !== null) change(jobId, answer.executionId, { requestedAt, answer });
        }
      },
      (error: unknown) => asked({ refusal: refusalIn(error) }),
    );
  };

  return { followed, stopOne, stopAll };
}

function newStop(jobId: string, executionId: string): FollowedStop {
  const nothing = { answer: null, refusal: null, receipt: null, receiptFailed: false };
  return { jobId, executionId, requestedAt: null, ...nothing };
}

/** The events show another execution, or the end of this one. */
function isOver(stop: FollowedStop, job: DeskNightJob): boolean {
  return job.executionId !== stop.executionId || !isActive(job);
}

async function fetchReceipt(
  { executionId }: FollowedStop,
  reading: Set<string>,
  change: (changed: Partial<FollowedStop>) => void,
): Promise<void> {
  if (reading.has(executionId)) return;
  reading.add(executionId);
  try {
    change({ receipt: await readReceipt(executionId), receiptFailed: false });
  } catch {
    // The next event tries again.
    change({ receiptFailed: true });
  } finally {
    reading.delete(executionId);
  }
}

function refusalIn(error: unknown): Refusal {
  return error instanceof CallRefused ? error.refusal : { kind: "no answer" };
}
