import { readFile } from "node:fs/promises";
import type { Client } from "../sdk/index.ts";
import { type SampleTable, sampleSchema } from "./sample-data.ts";
import type { PostgresAccess } from "./sample-source.ts";

/** What the demo defines in a team; ids as the team gave them. */
export interface FirstPool {
  poolId: string;
  poolName: string;
  dataSourceId: string;
  orderToCash: PoolJob;
  finance: PoolJob;
}

export interface PoolJob {
  id: string;
  name: string;
}

const poolName = "SAP ECC";
const connectionName = "ECC (PostgreSQL)";
const connectionType = "POSTGRESQL";

/**
 * Defines pool, connection and jobs through the wire, as anybody would. Looks by name first and makes only
 * what is missing, so that a start that was cut off goes on where it was.
 */
export async function defineFirstPool(
  client: Client,
  source: PostgresAccess,
  { signal }: { signal: AbortSignal },
): Promise<FirstPool> {
  const pool =
    named(await client.pools.list({ signal }), poolName) ??
    (await client.pools.create({ name: poolName, description: "The sample of nightdesk demo" }, { signal }));
  const dataSourceId = await ensureConnection(client, pool.id, source, { signal });
  const scope = { client, poolId: pool.id, dataSourceId, signal };

  const orderToCash = await ensureJob(scope, "Order to cash");
  await ensureExtraction(scope, orderToCash.id, "Extract sales documents", ["VBAK", "VBAP", "LIKP"]);
  await ensureTransformation(scope, orderToCash.id, "Build activities and cases");
  const finance = await ensureJob(scope, "Finance documents");
  await ensureExtraction(scope, finance.id, "Extract accounting documents", ["BKPF", "BSEG"]);
  return { poolId: pool.id, poolName, dataSourceId, orderToCash, finance };
}

/** Rows a second that the connection may read at most; 0: no limit. */
export async function limitRows(
  client: Client,
  { dataSourceId }: FirstPool,
  maxRowsPerSecond: number,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  await client.dataSources.update(
    connectionType,
    dataSourceId,
    { configuration: { maxRowsPerSecond } },
    { signal },
  );
}

interface Scope {
  client: Client;
  poolId: string;
  dataSourceId: string;
  signal: AbortSignal;
}

async function ensureConnection(
  client: Client,
  poolId: string,
  { host, port, database, user, password, ssl }: PostgresAccess,
  { signal }: { signal: AbortSignal },
): Promise<string> {
  const known = named(await client.dataSources.list(poolId, { signal }), connectionName);
  const configuration = { host, port, database, user, password, ssl };
  if (known === undefined) {
    return (
      await client.dataSources.create(
        connectionType,
        { name: connectionName, poolId, configuration },
        { signal },
      )
    ).id;
  }
  // Always whole: the sample PostgreSQL may have another port than last time, and a password cannot be compared.
  await client.dataSources.update(connectionType, known.id, { configuration }, { signal });
  return known.id;
}

async function ensureJob({ client, poolId, dataSourceId, signal }: Scope, name: string): Promise<PoolJob> {
  const known = named(await client.jobs.list(poolId, { signal }), name);
  return { id: (known ?? (await client.jobs.create(poolId, { name, dataSourceId }, { signal }))).id, name };
}

async function ensureExtraction(
  { client, poolId, signal }: Scope,
  jobId: string,
  name: string,
  tables: SampleTable[],
): Promise<void> {
  const known = named(await client.tasks.list(poolId, jobId, { signal }), name);
  const task =
    known ?? (await client.tasks.create(poolId, jobId, { taskType: "EXTRACTION", name }, { signal }));
  const there = (await client.extractions.get(poolId, jobId, task.id, { signal })).tables.map(
    ({ tableName }) => tableName,
  );
  const missing = tables.filter((table) => !there.includes(table));
  if (missing.length === 0) return;
  const added = missing.map((tableName) => ({ tableName, schemaName: sampleSchema }));
  await client.extractions.addTables(poolId, jobId, task.id, added, { signal });
}

async function ensureTransformation(
  { client, poolId, signal }: Scope,
  jobId: string,
  name: string,
): Promise<void> {
  const known = named(await client.tasks.list(poolId, jobId, { signal }), name);
  const task =
    known ?? (await client.tasks.create(poolId, jobId, { taskType: "TRANSFORMATION", name }, { signal }));
  const { statement } = await client.transformations.statement(poolId, jobId, task.id, { signal });
  // Somebody may have changed it since: theirs stays.
  if (statement !== null && statement !== "") return;
  const sql = await readFile(new URL("./order-to-cash.sql", import.meta.url), "utf8");
  await client.transformations.setStatement(poolId, jobId, task.id, sql, { signal });
}

function named<T extends { name: string | null }>(all: T[], name: string): T | undefined {
  return all.find((one) => one.name === name);
}
