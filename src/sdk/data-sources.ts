import type {
  ConnectionTestTransport,
  ConnectionTransport,
  DataSourceTransport,
  NewConnectionTransport,
  SearchTablesTransport,
} from "../contract/index.ts";
import { asList, asObject, pathOf } from "./request.ts";
import type { Ask, CallOptions } from "./request.ts";

/** Connections to source systems. */
export function dataSources(ask: Ask) {
  const path = (poolId: string, dataSourceId: string): string =>
    pathOf("/integration/api/pools/{poolId}/data-sources/{dataSourceId}", { poolId, dataSourceId });
  const connection = (type: string, dataSourceId: string): string =>
    pathOf("/integration/api/datasource/{type}/{dataSourceId}", { type, dataSourceId });
  return {
    async list(poolId: string, options?: CallOptions): Promise<DataSourceTransport[]> {
      const all = pathOf("/integration/api/pools/{poolId}/data-sources/", { poolId });
      return asList(await ask({ method: "GET", path: all }, options));
    },
    async get(poolId: string, dataSourceId: string, options?: CallOptions): Promise<DataSourceTransport> {
      return asObject(await ask({ method: "GET", path: path(poolId, dataSourceId) }, options));
    },
    async delete(poolId: string, dataSourceId: string, options?: CallOptions): Promise<void> {
      await ask({ method: "DELETE", path: path(poolId, dataSourceId) }, options);
    },
    /** `type` as the wire spells it: `POSTGRESQL`. */
    async create(
      type: string,
      source: NewConnectionTransport,
      options?: CallOptions,
    ): Promise<ConnectionTransport> {
      const all = pathOf("/integration/api/datasource/{type}", { type });
      return asObject(await ask({ method: "POST", path: all, json: source }, options));
    },
    /** With its settings, without its password. */
    async settings(type: string, dataSourceId: string, options?: CallOptions): Promise<ConnectionTransport> {
      return asObject(await ask({ method: "GET", path: connection(type, dataSourceId) }, options));
    },
    async update(
      type: string,
      dataSourceId: string,
      source: Partial<Omit<ConnectionTransport, "configuration">> & {
        configuration: Partial<NewConnectionTransport["configuration"]>;
      },
      options?: CallOptions,
    ): Promise<ConnectionTransport> {
      return asObject(
        await ask({ method: "PUT", path: connection(type, dataSourceId), json: source }, options),
      );
    },
    /** Connects once; an unreachable source is an answer, not an error. */
    async test(
      poolId: string,
      dataSourceId: string,
      options?: CallOptions,
    ): Promise<ConnectionTestTransport> {
      const test = pathOf("/integration/api/pools/{poolId}/data-sources/{dataSourceId}/test", {
        poolId,
        dataSourceId,
      });
      return asObject(await ask({ method: "POST", path: test }, options));
    },
    /** `searchString`: `%` is the wildcard. */
    async searchTables(
      poolId: string,
      dataSourceId: string,
      searchString: string,
      options?: CallOptions,
    ): Promise<SearchTablesTransport> {
      const search = pathOf("/integration/api/pools/{poolId}/data-sources/{dataSourceId}/search-tables", {
        poolId,
        dataSourceId,
      });
      return asObject(await ask({ method: "GET", path: search, query: { searchString } }, options));
    },
  };
}
