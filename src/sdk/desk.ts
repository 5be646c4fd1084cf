import type { AuditPage, DeskAbout, DeskReport, DeskStatus, DeskStopAnswer } from "../contract/index.ts";
import { asObject, pathOf } from "./request.ts";
import type { Ask, CallOptions } from "./request.ts";

/** What only a Nightdesk has: who it is, a pool at a glance, and a stop that says what became of it. */
export function desk(ask: Ask) {
  return {
    async about(options?: CallOptions): Promise<DeskAbout> {
      return asObject(await ask({ method: "GET", path: pathOf("/desk/v1/about", {}) }, options));
    },
    async status(poolId: string, options?: CallOptions): Promise<DeskStatus> {
      const path = pathOf("/desk/v1/pools/{poolId}/status", { poolId });
      return asObject(await ask({ method: "GET", path }, options));
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
  };
}
