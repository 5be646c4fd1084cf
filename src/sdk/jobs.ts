import type {
  DeskStopAnswer,
  DeskStopDone,
  ExecuteAnswer,
  ExtractionMode,
  JobExecutionConfiguration,
  JobTransport,
} from "../contract/index.ts";
import { desk } from "./desk.ts";
import { ConflictError, UnexpectedAnswerError, UnreachableError } from "./errors.ts";
import { pause } from "./pause.ts";
import { asList, asObject, pathOf } from "./request.ts";
import type { Answer, Ask, CallOptions } from "./request.ts";

/**
 * What a cancel was answered with. From a Nightdesk: 200, nothing of it runs any more; 202, recorded but not
 * proven, `note` says why. From any other team a 200 proves nothing.
 */
export interface CancelAnswer {
  status: number;
  note: string;
}

export interface StopOptions extends CallOptions {
  /** This execution or nothing. Absent: whatever of the job runs when the stop arrives. */
  execution?: string | null;
  /** Seconds to wait for the proof (default: 60). */
  wait?: number;
  /** Why, for receipt and log. */
  reason?: string | null;
}

/** Longest wait of one call, seconds: below the limit of what commonly stands between client and server. */
const longestCall = 20;

/** Data jobs. */
export function jobs(ask: Ask) {
  const { stop: stopOnce, receipt } = desk(ask);

  /** How an execution that was told to stop has ended; null: it has not. */
  async function endOf(executionId: string, options: CallOptions): Promise<DeskStopDone | null> {
    try {
      const { status, proof } = await receipt(executionId, options);
      const outcome = status === "CANCEL" ? "STOPPED" : "FINISHED BY ITSELF";
      return { outcome, executionId, activeExecutionId: null, proof };
    } catch (error) {
      if (error instanceof ConflictError || error instanceof UnreachableError) return null;
      // A pool of another team that writes no receipts.
      if (error instanceof UnexpectedAnswerError && error.status === 501) return null;
      throw error;
    }
  }

  const path = (poolId: string, jobId: string): string =>
    pathOf("/integration/api/pools/{poolId}/jobs/{jobId}", { poolId, jobId });
  const all = (poolId: string): string => pathOf("/integration/api/pools/{poolId}/jobs", { poolId });
  return {
    async list(poolId: string, options?: CallOptions): Promise<JobTransport[]> {
      return asList(await ask({ method: "GET", path: all(poolId) }, options));
    },
    async get(poolId: string, jobId: string, options?: CallOptions): Promise<JobTransport> {
      return asObject(await ask({ method: "GET", path: path(poolId, jobId) }, options));
    },
    /** Without a data source: a global job, transformations only. */
    async create(
      poolId: string,
      job: { name: string; dataSourceId?: string | null },
      options?: CallOptions,
    ): Promise<JobTransport> {
      const json = { dataPoolId: poolId, ...job };
      return asObject(await ask({ method: "POST", path: all(poolId), json }, options));
    },
    async update(
      poolId: string,
      jobId: string,
      job: { name: string; dataSourceId?: string | null },
      options?: CallOptions,
    ): Promise<JobTransport> {
      const json = { id: jobId, dataPoolId: poolId, ...job };
      return asObject(await ask({ method: "PUT", path: path(poolId, jobId), json }, options));
    },
    async delete(poolId: string, jobId: string, options?: CallOptions): Promise<void> {
      await ask({ method: "DELETE", path: path(poolId, jobId) }, options);
    },
    /**
     * Starts a run; it is QUEUED or RUNNING when this resolves. The wire's default mode is DELTA.
     * @returns null where the team does not say which execution it is (any but a Nightdesk).
     */
    async execute(
      poolId: string,
      jobId: string,
      configuration: JobExecutionConfiguration & { mode: ExtractionMode },
      options?: CallOptions,
    ): Promise<ExecuteAnswer | null> {
      const execute = pathOf("/integration/api/pools/{poolId}/jobs/{jobId}/execute", { poolId, jobId });
      const json = { poolId, jobId, ...configuration };
      return executionIn(await ask({ method: "POST", path: execute, json }, options));
    },
    /**
     * Stops, and waits until that is proven at the source; needs a Nightdesk (elsewhere: `cancel`, then
     * `executions.wait`, for the platform's word). One stop is sent; after it only looks follow, and only at the
     * execution that was hit: a newer one is never touched. `NOT PROVEN` when `wait` is over: the stop goes on, the
     * source must not be shut down, and the same call may be made again. An aborted signal ends the wait, not
     * the stop.
     */
    async stop(
      poolId: string,
      jobId: string,
      { execution = null, wait = 60, reason = null, signal }: StopOptions = {},
    ): Promise<DeskStopAnswer> {
      const until = performance.now() + wait * 1000;
      const options = signal === undefined ? {} : { signal };
      const request = { execution, wait: Math.min(longestCall, Math.ceil(wait)), reason };
      const answer = await stopOnce(poolId, jobId, request, options);
      if (answer.outcome !== "NOT PROVEN") return answer;
      while (performance.now() < until) {
        await pause(1000, signal);
        const ended = await endOf(answer.executionId, options);
        if (ended !== null) return ended;
      }
      return answer;
    },
    /** Asks for the end of whatever of the job runs at that moment. To stop one execution or nothing: `stop`. */
    async cancel(poolId: string, jobId: string, options?: CallOptions): Promise<CancelAnswer> {
      const cancel = pathOf("/integration/api/pools/{poolId}/jobs/{jobId}/cancel", { poolId, jobId });
      const { status, text } = await ask({ method: "POST", path: cancel }, options);
      return { status, note: text.trim() };
    },
  };
}

/** The run has begun whatever the body says: an answer that cannot be read must not look like a failure. */
function executionIn(answer: Answer): ExecuteAnswer | null {
  try {
    const body = asObject<Partial<ExecuteAnswer>>(answer);
    return typeof body.executionId === "string" ? (body as ExecuteAnswer) : null;
  } catch {
    return null;
  }
}
