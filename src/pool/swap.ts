import type { DuckDBConnection } from "@duckdb/node-api";
import { setTimeout as pause } from "node:timers/promises";
import { failpoint } from "../base/failpoint.ts";
import { UserError } from "../model/errors.ts";
import type { LoadMarker, StagingTable } from "../model/pool-store.ts";
import { changeMark, forgetMarks, setMark } from "./change-marks.ts";
import { commit, mark } from "./commit.ts";
import { checkpoint, rowsOf, type Connections } from "./connections.ts";
import { isConflict, storeError } from "./duckdb-error.ts";
import { identifier, qualified } from "./quote.ts";
import { addRows } from "./add-rows.ts";
import { DuckDBStagingTable } from "./staging.ts";
import { kindOf } from "./target.ts";

/** Waits before each further try while a transaction of the workbench holds a target; about six seconds in all. */
const retryAfterMs = [20, 50, 100, 200, 400, 800, 1600, 3200];

const never = new AbortController().signal;

/**
 * Brings all staged tables in, in one transaction with their marks and the marker. Every error leaves the
 * targets as they were; what `lastCheck` throws, and the signal's reason, are passed on untouched.
 */
export async function swap(
  connections: Connections,
  staged: StagingTable[],
  marker: LoadMarker,
  lastCheck: () => void,
  options: { signal: AbortSignal; onCommit?: () => void } = { signal: never },
): Promise<void> {
  const tables = staged.map(own);
  refuseTwins(tables);
  await connections.lend(async (connection) => {
    for (const waitMs of [...retryAfterMs, null]) {
      try {
        await swapOnce(connections, connection, tables, marker, lastCheck, options);
        return;
      } catch (error) {
        await connections.rollBack(connection, error);
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
  { signal, onCommit }: { signal: AbortSignal; onCommit?: () => void },
): Promise<void> {
  await named(async () => {
    await connection.run("BEGIN");
    await failpoint("swap.begun");
    for (const table of tables) await bringIn(connection, table, { signal });
    await mark(connection, marker);
  });
  await failpoint("swap.before-commit");
  lastCheck();
  onCommit?.();
  await named(() => commit(connections, connection, marker));
  await failpoint("swap.committed");
}

async function bringIn(
  connection: DuckDBConnection,
  table: DuckDBStagingTable,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  await requireAllRows(connection, table);
  const { target, name } = table;
  const load = target.load ?? { how: "replace", mark: null };
  const kind = await kindOf(connection, target.schema, target.table);
  if (load.how === "replace") {
    if (kind !== null) await connection.run(`DROP ${kind} ${qualified(target.schema, target.table)}`);
    await connection.run(
      `ALTER TABLE ${qualified(target.schema, name)} RENAME TO ${identifier(target.table)}`,
    );
    // Whoever loaded into the old table has nothing to go on from in the new one.
    await forgetMarks(connection, target);
  } else {
    if (kind !== "TABLE") throw gone(target.table);
    // Another load may have replaced the table since: then what lies before these changes is not in it.
    if (load.mark !== null && (await changeMark(connection, load.mark, target)) === null)
      throw gone(target.table);
    await addRows(connection, target, name, load.how === "merge" ? load.key : null, { signal });
  }
  if (load.mark !== null) await setMark(connection, target, load.mark);
}

/** What was counted when the table was finished must be what is swapped in. */
async function requireAllRows(
  connection: DuckDBConnection,
  { target, name, rows }: DuckDBStagingTable,
): Promise<void> {
  const [found] = await rowsOf(connection, `SELECT count(*) FROM ${qualified(target.schema, name)}`);
  if (Number(found?.[0]) === rows) return;
  throw new Error(
    `table "${target.table}": ${String(rows)} rows were staged and ${String(found?.[0])} are there; nothing was changed`,
  );
}

async function named(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    // A stop's reason is data, not an error.
    throw error instanceof Error ? storeError("swap in the extracted tables", error) : error;
  }
}

function gone(table: string): UserError {
  return new UserError(
    "conflict",
    `the table "${table}" was taken away or replaced while its changes were read`,
    {
      operation: "swap in the extracted tables",
      next: "run the job with a full load; nothing was changed",
    },
  );
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
