import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { StateStore } from "../../model/state-store.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { dataSourceStore } from "./data-sources.ts";
import { itemStore } from "./execution-items.ts";
import { logStore } from "./execution-log.ts";
import { executionStore } from "./executions.ts";
import { holdStore } from "./holds.ts";
import { jobStore } from "./jobs.ts";
import { keyStore } from "./keys.ts";
import { migrate } from "./migrations.ts";
import { pageSessionStore } from "./page-sessions.ts";
import { poolStore } from "./pools.ts";
import { releaseStore } from "./release.ts";
import { endStore } from "./execution-end.ts";
import { remoteTeamStore } from "./remote-teams.ts";
import { shiftStore } from "./shift.ts";
import { tableStore } from "./tables.ts";
import { taskStore } from "./tasks.ts";
import { variableStore } from "./variables.ts";

/**
 * Opens the state database in `file`, creates it if it is missing (readable by its owner only) and brings
 * it up to date. Hold the home lock before: one process at a time.
 * @throws UserError "conflict" if another version wrote it, see `migrate`.
 */
export async function openStateStore(
  file: string,
  options: Pick<ConnectionOptions, "onBroken"> = {},
): Promise<StateStore> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await createPrivate(file);
  const connection = new Connection(file, options);
  try {
    migrate(connection, file);
  } catch (error) {
    connection.close();
    throw error;
  }
  return stateStore(connection);
}

/** The store over a connection whose schema is up to date. */
export function stateStore(connection: Connection): StateStore {
  return {
    ...poolStore(connection),
    ...dataSourceStore(connection),
    ...jobStore(connection),
    ...taskStore(connection),
    ...tableStore(connection),
    ...variableStore(connection),
    ...executionStore(connection),
    ...itemStore(connection),
    ...logStore(connection),
    ...endStore(connection),
    ...holdStore(connection),
    ...releaseStore(connection),
    ...keyStore(connection),
    ...pageSessionStore(connection),
    ...shiftStore(connection),
    ...remoteTeamStore(connection),
    async close() {
      connection.close();
    },
  };
}

/** The database gives its side files the mode of this one. */
async function createPrivate(file: string): Promise<void> {
  try {
    await (await open(file, "wx", 0o600)).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
