import type { DuckDBConnection } from "@duckdb/node-api";
import { setTimeout as pause } from "node:timers/promises";
import { UserError } from "../model/errors.ts";
import type { LoadMarker, StagingTable } from "../model/pool-store.ts";
import { commit, mark } from "./commit.ts";
import { checkpoint, rollBack, rowsOf, type Connections } from "./connections.ts";
import { isConflict, storeError } from "./duckdb-error.ts";
import { identifier, qualified } from "./quote.ts";
import { DuckDBStagingTable } from "./staging.ts";

/** Waits before each further try while a transaction of the workbench holds a target; about six seconds in all. */
const retryAfterMs = [20, 50, 100, 200, 400, 800, 1600, 3200];

/**
 * Swaps all staged tables in, in one transaction with the marker. Every error leaves the targets as they
 * were; what `lastCheck` throws is passed on untouched.
 */
export async function swap(
  connections: Connections,
  staged: StagingTable[],
  marker: LoadMarker,
  lastCheck: () => void,
): Promise<void> {
  const tables = staged.map(own);
  refuseTwins(tables);
  await connections.lend(async (connection) => {
    for (const waitMs of [...retryAfterMs, null]) {
      try {
        await swapOnce(connections, connection, tables, marker, lastCheck);
        return;
      } catch (error) {
        await rollBack(connection);
        if (!isConflict(error)) throw error;
        if (waitMs === null) throw stillHeld(error);
      }
      await pause(waitMs);
      lastCheck();
    }
  });
  await checkpoint(connections);
}

async function swapOnce(
  connections: Connections,
  connection: DuckDBConnection,
  tables: DuckDBStagingTable[],
  marker: LoadMarker,
  lastCheck: () => void,
): Promise<void> {
  await named(async () => {
    await connection.run("BEGIN");
    for (const { target, name } of tables) {
      const kind = await kindOf(connection, target.schema, target.table);
      if (kind !== null) await connection.run(`DROP ${kind} ${qualified(target.schema, target.table)}`);
      await connection.run(
        `ALTER TABLE ${qualified(target.schema, name)} RENAME TO ${identifier(target.table)}`,
      );
    }
    await mark(connection, marker);
  });
  lastCheck();
  await named(() => commit(connections, connection, marker));
}

async function named(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw storeError("swap in the extracted tables", error);
  }
}

/** What stands under the name now; names are compared without case, as DuckDB does. */
async function kindOf(
  connection: DuckDBConnection,
  schema: string,
  table: string,
): Promise<"TABLE" | "VIEW" | null> {
  const rows = await rowsOf(
    connection,
    `SELECT 'TABLE' FROM duckdb_tables() WHERE schema_name = $1 AND lower(table_name) = lower($2)
     UNION ALL
     SELECT 'VIEW' FROM duckdb_views() WHERE schema_name = $1 AND lower(view_name) = lower($2)`,
    [schema, table],
  );
  const kind = rows[0]?.[0];
  return kind === "TABLE" || kind === "VIEW" ? kind : null;
}

function stillHeld(cause: unknown): UserError {
  return new UserError("conflict", "a target table is being changed by another transaction", {
    operation: "swap in the extracted tables",
    next: "run the job again when the other statement has ended; nothing was changed",
    cause,
  });
}

function own(table: StagingTable): DuckDBStagingTable {
  if (table instanceof DuckDBStagingTable) return table;
  throw new Error(`the staging table of "${table.target.table}" is not of this store`);
}

function refuseTwins(tables: DuckDBStagingTable[]): void {
  const seen = new Set<string>();
  for (const { target } of tables) {
    const key = `${target.schema}\n${target.table.toLowerCase()}`;
    if (seen.has(key)) {
      throw new UserError("conflict", `two tables of the extraction have the target "${target.table}"`, {
        operation: "swap in the extracted tables",
        next: "give one of them another target table name",
      });
    }
    seen.add(key);
  }
}
