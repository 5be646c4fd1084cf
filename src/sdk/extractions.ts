import type {
  ExtractionWithTablesTransport,
  TableExtractionColumn,
  TableExtractionTransport,
} from "../contract/index.ts";
import { asList, asObject, pathOf } from "./request.ts";
import type { Ask, CallOptions } from "./request.ts";

/** What a table needs to be extracted; every other field of the wire has its default. */
export type NewTableExtraction = Omit<Partial<TableExtractionTransport>, "columns"> & {
  tableName: string;
  columns?: (Partial<TableExtractionColumn> & { columnName: string })[];
};

/** Tables of extraction tasks. */
export function extractions(ask: Ask) {
  const all = (poolId: string, jobId: string, taskId: string): string =>
    pathOf("/integration/api/pools/{poolId}/jobs/{jobId}/extractions/{taskId}/tables/", {
      poolId,
      jobId,
      taskId,
    });
  const path = (poolId: string, jobId: string, taskId: string, tableId: string): string =>
    pathOf("/integration/api/pools/{poolId}/jobs/{jobId}/extractions/{taskId}/tables/{tableId}", {
      poolId,
      jobId,
      taskId,
      tableId,
    });
  return {
    /** The task with all its tables. */
    async get(
      poolId: string,
      jobId: string,
      taskId: string,
      options?: CallOptions,
    ): Promise<ExtractionWithTablesTransport> {
      const expanded = pathOf("/integration/api/pools/{poolId}/jobs/{jobId}/extractions/{taskId}/expanded", {
        poolId,
        jobId,
        taskId,
      });
      return asObject(await ask({ method: "GET", path: expanded }, options));
    },
    /** All or none. */
    async addTables(
      poolId: string,
      jobId: string,
      taskId: string,
      tables: readonly NewTableExtraction[],
      options?: CallOptions,
    ): Promise<TableExtractionTransport[]> {
      const json = tables.map((table) => ({ ...emptyLists, ...table, taskId, jobId }));
      return asList(await ask({ method: "POST", path: all(poolId, jobId, taskId), json }, options));
    },
    /** All or none; each names its id. */
    async updateTables(
      poolId: string,
      jobId: string,
      taskId: string,
      tables: readonly (NewTableExtraction & { id: string })[],
      options?: CallOptions,
    ): Promise<TableExtractionTransport[]> {
      const json = tables.map((table) => ({ ...emptyLists, ...table, taskId, jobId }));
      return asList(await ask({ method: "PUT", path: all(poolId, jobId, taskId), json }, options));
    },
    async table(
      poolId: string,
      jobId: string,
      taskId: string,
      tableId: string,
      options?: CallOptions,
    ): Promise<TableExtractionTransport> {
      return asObject(await ask({ method: "GET", path: path(poolId, jobId, taskId, tableId) }, options));
    },
    async deleteTable(
      poolId: string,
      jobId: string,
      taskId: string,
      tableId: string,
      options?: CallOptions,
    ): Promise<void> {
      await ask({ method: "DELETE", path: path(poolId, jobId, taskId, tableId) }, options);
    },
  };
}

/** A real team wants lists here, never null and never absent. */
const emptyLists = { columns: [], connectorSpecificConfiguration: [], calculatedColumns: [] };
