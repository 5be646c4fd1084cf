import type { StatementTransport } from "../contract/index.ts";
import { asObject, pathOf } from "./request.ts";
import type { Ask, CallOptions } from "./request.ts";

/** The SQL of transformation tasks. */
export function transformations(ask: Ask) {
  const path = (poolId: string, jobId: string, taskId: string): string =>
    pathOf("/integration/api/pools/{poolId}/jobs/{jobId}/transformations/{taskId}/statement", {
      poolId,
      jobId,
      taskId,
    });
  return {
    async statement(
      poolId: string,
      jobId: string,
      taskId: string,
      options?: CallOptions,
    ): Promise<StatementTransport> {
      return asObject(await ask({ method: "GET", path: path(poolId, jobId, taskId) }, options));
    },
    async setStatement(
      poolId: string,
      jobId: string,
      taskId: string,
      statement: string,
      options?: CallOptions,
    ): Promise<void> {
      await ask({ method: "PUT", path: path(poolId, jobId, taskId), raw: statement }, options);
    },
  };
}
