import type {
  ExecutionItemTransport,
  ExecutionItemsPage,
  ExecutionType,
  JobStatusTransport,
  LogLevel,
  LogMessagesPage,
} from "../contract/index.ts";
import { asList, asObject, pathOf } from "./request.ts";
import type { Ask, CallOptions } from "./request.ts";

/** Statuses, past executions and their log lines. Pages are numbered from 0, newest first. */
export function logs(ask: Ask) {
  return {
    /** One line per job of the pool. */
    async status(poolId: string, options?: CallOptions): Promise<JobStatusTransport[]> {
      const path = pathOf("/integration/api/pools/{poolId}/logs/status", { poolId });
      return asList(await ask({ method: "GET", path }, options));
    },
    /** Runs of one job. */
    async executions(
      poolId: string,
      jobId: string,
      page: { limit?: number; page?: number },
      options?: CallOptions,
    ): Promise<ExecutionItemsPage> {
      const path = pathOf("/integration/api/pools/{poolId}/logs/{jobId}/executions", { poolId, jobId });
      return asObject(await ask({ method: "GET", path, query: { ...page } }, options));
    },
    /** Items of one run on the level `type`; `id` is the job's for TASK. */
    async items(
      poolId: string,
      query: { executionId: string; type: ExecutionType; id?: string | null },
      options?: CallOptions,
    ): Promise<ExecutionItemTransport[]> {
      const path = pathOf("/integration/api/pools/{poolId}/logs/executions", { poolId });
      return asList(await ask({ method: "GET", path, query: { ...query } }, options));
    },
    /** Log lines of one item, newest first. */
    async detail(
      poolId: string,
      query: {
        executionId: string;
        type: ExecutionType;
        id?: string | null;
        limit?: number;
        page?: number;
        logLevels?: readonly LogLevel[];
      },
      options?: CallOptions,
    ): Promise<LogMessagesPage> {
      const path = pathOf("/integration/api/pools/{poolId}/logs/executions/detail", { poolId });
      return asObject(await ask({ method: "GET", path, query: { ...query } }, options));
    },
  };
}
