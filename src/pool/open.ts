import { DuckDBInstance } from "@duckdb/node-api";
import { mkdir, realpath, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../model/errors.ts";
import type { PoolStore } from "../model/pool-store.ts";
import { changeMark } from "./change-marks.ts";
import { bookkeeping, wasCommitted } from "./commit.ts";
import { Connections } from "./connections.ts";
import { isConflict, storeError } from "./duckdb-error.ts";
import { mentionsOwnName } from "./names.ts";
import { installOwnObjects } from "./own-objects.ts";
import { query } from "./query.ts";
import { identifier } from "./quote.ts";
import { dropAllStaging, stage } from "./staging.ts";
import { swap } from "./swap.ts";
import { columns, greatest, tables } from "./tables.ts";
import { compare } from "./target.ts";
import { transform } from "./transform.ts";

export interface PoolStoreOptions {
  /** Holds `pool.duckdb` and its temporary files; made if it is not there. */
  folder: string;
  /**
   * DuckDB's own memory, without the process around it (about 150 MB). Loading fills it with cached blocks
   * and then stays there; what does not fit spills to the folder. Default 512.
   */
  memoryLimitMb?: number;
  /** Default 2. */
  threads?: number;
  /** Told, in one line, when a clean-up hangs and only the end of this process would end it. Default: nothing is done. */
  onStuck?: (why: string) => void;
}

/** A second instance on one file in one process would corrupt it unseen; a second process is refused by DuckDB. */
const openFolders = new Set<string>();

/**
 * Opens a pool's file, or makes it. Staging of an earlier life is still there: see `dropAllStaging`.
 * @throws Error whose message keeps DuckDB's "lock" if another process has it open.
 */
export async function openPoolStore({
  folder,
  memoryLimitMb = 512,
  threads = 2,
  onStuck = () => undefined,
}: PoolStoreOptions): Promise<PoolStore> {
  await mkdir(folder, { recursive: true });
  const place = await realpath(folder);
  if (openFolders.has(place)) throw new Error("open the pool: this process has it open already");
  openFolders.add(place);
  try {
    const instance = await openLocked(place, memoryLimitMb, threads);
    return storeOf(new Connections(instance, onStuck), () => openFolders.delete(place));
  } catch (error) {
    openFolders.delete(place);
    throw storeError("open the pool", error);
  }
}

/** A main header and two database headers. */
const headerBytes = 3 * 4096;

/** Opens the file with everything outside it closed off, makes what is ours in it, and locks the settings. */
async function openLocked(folder: string, memoryLimitMb: number, threads: number): Promise<DuckDBInstance> {
  const spill = join(folder, "spill");
  const instance = await openFile(join(folder, "pool.duckdb"), {
    threads: String(threads),
    memory_limit: `${String(memoryLimitMb)}MiB`,
    temp_directory: spill,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
    allow_persistent_secrets: "false",
    errors_as_json: "true",
    // After temp_directory: no path can be set once this is off.
    enable_external_access: "false",
  });
  try {
    // Only now is the file ours: what an earlier process spilled is rubbish.
    await rm(spill, { recursive: true, force: true });
    const connection = await instance.connect();
    try {
      await connection.run("SET GLOBAL TimeZone = 'UTC'");
      await connection.run(bookkeeping);
      await installOwnObjects(connection);
      await connection.run("SET GLOBAL lock_configuration = true");
    } finally {
      connection.disconnectSync();
    }
    return instance;
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

/**
 * A file whose making was cut short (no room, a kill) has no whole header and never held a row, and DuckDB would
 * refuse it for ever. That it says so shows that nobody else has it open.
 */
async function openFile(file: string, options: Record<string, string>): Promise<DuckDBInstance> {
  try {
    return await DuckDBInstance.create(file, options);
  } catch (error) {
    const unfinished = /not a valid DuckDB database file/.test(String(error));
    if (!unfinished || (await stat(file)).size >= headerBytes) throw error;
    await rm(file);
    return await DuckDBInstance.create(file, options);
  }
}

function storeOf(connections: Connections, closed: () => void): PoolStore {
  let making: Promise<void> = Promise.resolve();
  return {
    // One after the other: runs that begin together would get in each other's way.
    ensureSchema: (schema) =>
      (making = making.catch(() => undefined).then(() => ensureSchema(connections, schema))),
    dropAllStaging: () => dropAllStaging(connections),
    stage: (target) => stage(connections, target),
    swap: (staged, marker, lastCheck, options) => swap(connections, staged, marker, lastCheck, options),
    compare: (target) => compare(connections, target),
    changeMark: (place, schema, table) =>
      connections.lend((connection) => changeMark(connection, place, { schema, table })),
    greatest: (schema, table, column, options) => greatest(connections, schema, table, column, options),
    wasCommitted: (marker) => wasCommitted(connections, marker),
    transform: (script, searchPath, marker, options) =>
      transform(connections, script, searchPath, marker, options),
    query: (script, searchPath, limit, options) => query(connections, script, searchPath, limit, options),
    tables: () => tables(connections),
    columns: (schema, table) => columns(connections, schema, table),
    close: async () => {
      await connections.close();
      closed();
    },
  };
}

async function ensureSchema(connections: Connections, schema: string): Promise<void> {
  if (mentionsOwnName(schema)) {
    throw new UserError("invalid", `"${schema}" cannot be the name of a schema`, {
      operation: "make a schema in the pool",
    });
  }
  const make = (): Promise<unknown> =>
    connections.lend((connection) => connection.run(`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}`));
  try {
    await make();
  } catch (error) {
    // Another run may just have made it.
    if (!isConflict(error)) throw storeError("make a schema in the pool", error);
    await make();
  }
}
