import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Column, ColumnBatch } from "../../src/model/columns.ts";
import type { PoolStore, QueryResult, StagingTable, TableLoad } from "../../src/model/pool-store.ts";
import { openPoolStore } from "../../src/pool/index.ts";

/** The schema of the connection, first in the search path, and that of the pool. */
export const sourceSchema = "6d1e6f2a-0000-4000-8000-000000000001";
export const poolSchema = "6d1e6f2a-0000-4000-8000-000000000002";
export const searchPath = [sourceSchema, poolSchema];

export const never = new AbortController().signal;

/** A folder that goes with the test. */
export async function poolFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-pool-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A store on a real file, closed after the test. */
export async function openStore(folder?: string): Promise<PoolStore> {
  const store = await openPoolStore({ folder: folder ?? (await poolFolder()), memoryLimitMb: 512 });
  onTestFinished(() => store.close());
  for (const schema of searchPath) await store.ensureSchema(schema);
  return store;
}

export async function stageTable(
  store: PoolStore,
  table: string,
  columns: Column[],
  batches: ColumnBatch[],
  preferredTypes: Record<string, string> = {},
  load?: TableLoad,
): Promise<StagingTable> {
  const staging = await store.stage({
    executionId: "execution",
    schema: sourceSchema,
    table,
    columns,
    preferredTypes,
    changeDate: Date.UTC(2026, 5, 18, 23, 55, 0, 123),
    ...(load === undefined ? {} : { load }),
  });
  for (const batch of batches) await staging.append(batch);
  return staging;
}

export async function ask(store: PoolStore, sql: string, limit = 1000): Promise<QueryResult> {
  return store.query(sql, searchPath, limit, { signal: never });
}

/** Rows of a query. */
export async function rowsOf(store: PoolStore, sql: string): Promise<unknown[][]> {
  return (await ask(store, sql)).rows;
}

/** All of a table in one value: equal only if every row is. */
export async function checksum(store: PoolStore, table: string): Promise<unknown> {
  return (await rowsOf(store, `SELECT count(*), bit_xor(hash(t)), sum(hash(t)) FROM "${table}" t`))[0];
}
