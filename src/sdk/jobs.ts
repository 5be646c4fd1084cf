import type {
  ExecuteAnswer,
  ExtractionMode,
  JobExecutionConfiguration,
  JobTransport,
} from "../contract/index.ts";
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

/** Data jobs. */
export function jobs(ask: Ask) {
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
    /** Asks for the end of whatever of the job runs at that moment. To stop one execution or nothing: `desk.stop`. */
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
