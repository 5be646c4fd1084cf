import type {
  AuditPage,
  DeskAbout,
  DeskGo,
  DeskHold,
  DeskPoolStop,
  DeskReceipt,
  DeskRelayedReceipt,
  DeskRelease,
  DeskReport,
  DeskSettled,
  DeskStatus,
  DeskStopAnswer,
  NewHold,
  ReleaseRequest,
} from "../contract/index.ts";
import { asList, asObject, asPlainText, pathOf } from "./request.ts";
import type { Ask, CallOptions } from "./request.ts";

/** What only a Nightdesk has: stops that say what became of them, holds, receipts, and a person's word. */
export function desk(ask: Ask) {
  const holds = (poolId: string): string => pathOf("/desk/v1/pools/{poolId}/holds", { poolId });
  const receipt = (executionId: string): string =>
    pathOf("/desk/v1/executions/{executionId}/receipt", { executionId });
  return {
    async about(options?: CallOptions): Promise<DeskAbout> {
      return asObject(await ask({ method: "GET", path: pathOf("/desk/v1/about", {}) }, options));
    },
    /** `job`: the only one that the answer is about, by id or whole name, where the server is a relay with probes. */
    async status(
      poolId: string,
      { job, ...options }: CallOptions & { job?: string } = {},
    ): Promise<DeskStatus> {
      const path = pathOf("/desk/v1/pools/{poolId}/status", { poolId });
      return asObject(await ask({ method: "GET", path, query: { job } }, options));
    },
    /** What happened in the pool between `from` and `to` (exclusive): epoch ms, or ISO 8601 with a zone. */
    async report(
      poolId: string,
      { from, to }: { from: number | string; to: number | string },
      options?: CallOptions,
    ): Promise<DeskReport> {
      const path = pathOf("/desk/v1/pools/{poolId}/report", { poolId });
      return asObject(await ask({ method: "GET", path, query: { from, to } }, options));
    },
    /** Records of the audit log, in order of time; needs verb admin on everything. Times as in `report`. */
    async audit(
      range: { from?: number | string; to?: number | string; page?: number; limit?: number } = {},
      options?: CallOptions,
    ): Promise<AuditPage> {
      return asObject(
        await ask({ method: "GET", path: pathOf("/desk/v1/audit", {}), query: range }, options),
      );
    },
    /**
     * `execution`: that execution or nothing. `wait`: seconds the answer may wait for the proof; the stop goes
     * on whatever becomes of the call.
     */
    async stop(
      poolId: string,
      jobId: string,
      request: { execution?: string | null; wait?: number; reason?: string | null },
      options?: CallOptions,
    ): Promise<DeskStopAnswer> {
      const path = pathOf("/desk/v1/pools/{poolId}/jobs/{jobId}/stop", { poolId, jobId });
      const { execution, wait, reason } = request;
      const json = { reason: reason ?? null };
      return asObject(await ask({ method: "POST", path, query: { execution, wait }, json }, options));
    },
    /** Every execution of the pool that runs or waits. */
    async stopPool(
      poolId: string,
      { wait, reason }: { wait?: number; reason?: string | null },
      options?: CallOptions,
    ): Promise<DeskPoolStop> {
      const path = pathOf("/desk/v1/pools/{poolId}/stop", { poolId });
      const json = { reason: reason ?? null };
      return asObject(await ask({ method: "POST", path, query: { wait }, json }, options));
    },
    /**
     * Of one connection or one job, by its id; of the pool without either. The server looks at each source first.
     */
    async go(
      poolId: string,
      { connection, job }: { connection?: string | null | undefined; job?: string | null | undefined } = {},
      options?: CallOptions,
    ): Promise<DeskGo> {
      const path = pathOf("/desk/v1/pools/{poolId}/go", { poolId });
      return asObject(await ask({ method: "GET", path, query: { connection, job } }, options));
    },
    /** Those in force, oldest first. */
    async holds(poolId: string, options?: CallOptions): Promise<DeskHold[]> {
      return asList(await ask({ method: "GET", path: holds(poolId) }, options));
    },
    /** From then on nothing of its scope starts; what runs is not touched. */
    async hold(poolId: string, hold: NewHold, options?: CallOptions): Promise<DeskHold> {
      return asObject(await ask({ method: "POST", path: holds(poolId), json: hold }, options));
    },
    /** All of these holds or none; with `dryRun` none, and it says what would start. */
    async release(poolId: string, request: ReleaseRequest, options?: CallOptions): Promise<DeskRelease> {
      const path = pathOf("/desk/v1/pools/{poolId}/release", { poolId });
      return asObject(await ask({ method: "POST", path, json: request }, options));
    },
    /** Declares an execution over whose source is gone. A ConflictError while that can be known otherwise. */
    async settle(executionId: string, because: string, options?: CallOptions): Promise<DeskSettled> {
      const path = pathOf("/desk/v1/executions/{executionId}/settle", { executionId });
      return asObject(await ask({ method: "POST", path, json: { because } }, options));
    },
    /** How an execution ended; a ConflictError while it has not. */
    async receipt(executionId: string, options?: CallOptions): Promise<DeskReceipt> {
      return asObject(await ask({ method: "GET", path: receipt(executionId) }, options));
    },
    /** The same of a relay's pool, where its team writes no receipts: what the relay knows of a stop asked for there. */
    async relayedReceipt(executionId: string, options?: CallOptions): Promise<DeskRelayedReceipt> {
      return asObject(await ask({ method: "GET", path: receipt(executionId) }, options));
    },
    /** The same for a person: ASCII, CRLF. */
    async receiptText(executionId: string, options?: CallOptions): Promise<string> {
      const query = { format: "text" };
      return asPlainText(await ask({ method: "GET", path: receipt(executionId), query }, options));
    },
  };
}
