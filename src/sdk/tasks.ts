import type { NewTaskInstanceTransport, TaskInstanceTransport } from "../contract/index.ts";
import { asList, asObject, pathOf } from "./request.ts";
import type { Ask, CallOptions } from "./request.ts";

/** Tasks of a job, in their order. Their id is the instance's, not the template's (`taskId` of the wire). */
export function tasks(ask: Ask) {
  const all = (poolId: string, jobId: string): string =>
    pathOf("/integration/api/pools/{poolId}/jobs/{jobId}/tasks/", { poolId, jobId });
  const path = (poolId: string, jobId: string, taskId: string): string =>
    pathOf("/integration/api/pools/{poolId}/jobs/{jobId}/tasks/{taskId}", { poolId, jobId, taskId });
  const enabled = (poolId: string, jobId: string, taskId: string): string =>
    pathOf("/integration/api/pools/{poolId}/jobs/{jobId}/tasks/{taskId}/enabled", { poolId, jobId, taskId });
  return {
    async list(poolId: string, jobId: string, options?: CallOptions): Promise<TaskInstanceTransport[]> {
      return asList(await ask({ method: "GET", path: all(poolId, jobId) }, options));
    },
    async create(
      poolId: string,
      jobId: string,
      task: NewTaskInstanceTransport,
      options?: CallOptions,
    ): Promise<TaskInstanceTransport> {
      return asObject(
        await ask({ method: "POST", path: all(poolId, jobId), json: { ...task, jobId } }, options),
      );
    },
    async update(
      poolId: string,
      jobId: string,
      taskId: string,
      task: { name: string; description?: string | null },
      options?: CallOptions,
    ): Promise<TaskInstanceTransport> {
      return asObject(await ask({ method: "PUT", path: path(poolId, jobId, taskId), json: task }, options));
    },
    async delete(poolId: string, jobId: string, taskId: string, options?: CallOptions): Promise<void> {
      await ask({ method: "DELETE", path: path(poolId, jobId, taskId) }, options);
    },
    async enable(poolId: string, jobId: string, taskId: string, options?: CallOptions): Promise<void> {
      await ask({ method: "POST", path: enabled(poolId, jobId, taskId) }, options);
    },
    async disable(poolId: string, jobId: string, taskId: string, options?: CallOptions): Promise<void> {
      await ask({ method: "DELETE", path: enabled(poolId, jobId, taskId) }, options);
    },
  };
}
