import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { systemClock } from "../base/clock.ts";
import { UserError } from "../model/errors.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import { fateOf, thisProcess } from "./process-identity.ts";

/** The hold of this process on a home. It also ends with the process, however that ends. */
export interface HomeLock {
  /** Lets another server start. Idempotent. */
  release(): Promise<void>;
}

/** Who holds the home, for the message of the one that comes second. */
interface Holder extends ProcessIdentity {
  /** ISO 8601, UTC. */
  startedAt: string;
  host: string;
}

/** Long enough to outlast a start at the same moment: one of two then wins, never none. */
const waitMs = 500;
const operation = "start the server";

/** A connection that is collected as garbage would let its lock go. */
const held = new Set<Database.Database>();

/**
 * Takes the home for this process, so that only one server works in it.
 *
 * The lock is an exclusive transaction on `server.lock.db`, held for the life of the process: the operating
 * system gives it to exactly one and takes it back when the process dies, so nothing has to be guessed from
 * process ids, which repeat after a restart and between containers. `server.lock` beside it says who it is.
 *
 * Nobody should open `server.lock.db` with the file API in the process that holds it: on POSIX systems
 * closing any descriptor of a file drops all locks of the process on it. Should that happen, the home is
 * still refused while `server.lock` names a process that is known to run.
 * @throws UserError "conflict" with one line that says who holds it.
 */
export async function lockHome(home: string): Promise<HomeLock> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const nameFile = join(home, "server.lock");
  const database = new Database(join(home, "server.lock.db"), { timeout: waitMs });
  try {
    database.exec("BEGIN EXCLUSIVE");
    const before = readHolder(nameFile);
    if (before !== null && fateOf(before) === "alive") throw heldBy(before, home);
    writeHolder(nameFile);
  } catch (error) {
    letGo(database);
    throw refusal(home, nameFile, error);
  }
  held.add(database);

  const release = async (): Promise<void> => {
    if (!held.delete(database)) return;
    // The name goes first: afterwards it could be the one of the next holder.
    rmSync(nameFile, { force: true });
    letGo(database);
  };
  return { release };
}

/** Closing alone would leave the lock until the driver's own memory is collected. */
function letGo(database: Database.Database): void {
  if (database.inTransaction) database.exec("ROLLBACK");
  database.close();
}

function refusal(home: string, nameFile: string, error: unknown): Error {
  if (error instanceof UserError) return error;
  const code = error instanceof Database.SqliteError ? error.code : "";
  if (code.startsWith("SQLITE_BUSY")) return heldBy(readHolder(nameFile), home);
  return new UserError("denied", "its lock files cannot be used", {
    operation,
    place: home,
    next: "check that the folder is writable, has room and is on a local disk",
    cause: error,
  });
}

function heldBy(holder: Holder | null, home: string): UserError {
  const who =
    holder === null
      ? "another server"
      : `another server, process ${String(holder.pid)} on ${holder.host} since ${holder.startedAt},`;
  return new UserError("conflict", `${who} holds this home`, {
    operation,
    place: home,
    next: "use that server, stop it first, or choose another home",
  });
}

function writeHolder(nameFile: string): void {
  const holder: Holder = {
    ...thisProcess(),
    startedAt: new Date(systemClock.now()).toISOString(),
    host: hostname(),
  };
  const draft = `${nameFile}.new`;
  writeFileSync(draft, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  renameSync(draft, nameFile);
}

/** null if it is not written yet, or left by an earlier holder that is known to be gone. */
function readHolder(nameFile: string): Holder | null {
  try {
    const holder = JSON.parse(readFileSync(nameFile, "utf8")) as Holder;
    return holder.host === hostname() && fateOf(holder) === "gone" ? null : holder;
  } catch {
    return null;
  }
}
