import type { DataPoolTransport, PoolColumn, PoolExport, PoolTable } from "../contract/index.ts";
import { asList, asObject, pathOf } from "./request.ts";
import type { Ask, CallOptions } from "./request.ts";

/** Data pools, and what lies in them. */
export function pools(ask: Ask) {
  const path = (poolId: string): string => pathOf("/integration/api/pools/{poolId}", { poolId });
  return {
    async list(options?: CallOptions): Promise<DataPoolTransport[]> {
      return asList(await ask({ method: "GET", path: pathOf("/integration/api/pools", {}) }, options));
    },
    async get(poolId: string, options?: CallOptions): Promise<DataPoolTransport> {
      return asObject(await ask({ method: "GET", path: path(poolId) }, options));
    },
    async create(
      pool: { name: string; description?: string | null },
      options?: CallOptions,
    ): Promise<DataPoolTransport> {
      return asObject(
        await ask({ method: "POST", path: pathOf("/integration/api/pools", {}), json: pool }, options),
      );
    },
    async update(
      poolId: string,
      pool: { name?: string; description?: string | null },
      options?: CallOptions,
    ): Promise<DataPoolTransport> {
      return asObject(
        await ask({ method: "PUT", path: path(poolId), json: { id: poolId, ...pool } }, options),
      );
    },
    async delete(poolId: string, options?: CallOptions): Promise<void> {
      await ask({ method: "DELETE", path: path(poolId) }, options);
    },
    /** The whole pool with jobs, schedules and all: may be large, and needs more rights than a look. */
    async export(poolId: string, options?: CallOptions): Promise<PoolExport> {
      const exported = pathOf("/integration/api/pools/{poolId}/export", { poolId });
      return asObject(await ask({ method: "GET", path: exported }, options));
    },
    async tables(poolId: string, options?: CallOptions): Promise<PoolTable[]> {
      return asList(
        await ask(
          { method: "GET", path: pathOf("/integration/api/pools/{poolId}/tables", { poolId }) },
          options,
        ),
      );
    },
    /** `schemaName`: a data source's id; absent: the global tables. */
    async columns(
      poolId: string,
      table: { tableName: string; schemaName?: string | null },
      options?: CallOptions,
    ): Promise<PoolColumn[]> {
      const columns = pathOf("/integration/api/pools/{poolId}/columns", { poolId });
      return asList(await ask({ method: "GET", path: columns, query: { ...table } }, options));
    },
  };
}
