import type { WorkbenchExecution, WorkbenchResult } from "../contract/index.ts";
import { asList, asObject, pathOf } from "./request.ts";
import type { Ask, CallOptions } from "./request.ts";

/** One statement on a pool's data, in the place of a transformation task. */
export function workbench(ask: Ask) {
  return {
    /** Starts it; ask `get` until its status is not RUNNING. */
    async execute(
      poolId: string,
      jobId: string,
      taskId: string,
      statement: string,
      options?: CallOptions,
    ): Promise<WorkbenchExecution> {
      const path = pathOf("/integration/api/pools/{poolId}/jobs/{jobId}/workbench/{taskId}/execute", {
        poolId,
        jobId,
        taskId,
      });
      return asObject(await ask({ method: "POST", path, json: { statement } }, options));
    },
    async get(
      poolId: string,
      jobId: string,
      taskId: string,
      statementId: string,
      options?: CallOptions,
    ): Promise<WorkbenchExecution> {
      const path = pathOf("/integration/api/pools/{poolId}/jobs/{jobId}/workbench/{taskId}/{statementId}", {
        poolId,
        jobId,
        taskId,
        statementId,
      });
      return asObject(await ask({ method: "GET", path }, options));
    },
    async results(
      poolId: string,
      jobId: string,
      taskId: string,
      statementId: string,
      options?: CallOptions,
    ): Promise<WorkbenchResult[]> {
      const path = pathOf(
        "/integration/api/pools/{poolId}/jobs/{jobId}/workbench/{taskId}/{statementId}/results",
        {
          poolId,
          jobId,
          taskId,
          statementId,
        },
      );
      return asList(await ask({ method: "GET", path }, options));
    },
  };
}
