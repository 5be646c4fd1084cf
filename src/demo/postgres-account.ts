import { chown, lchown, lstat, mkdtemp, readFile, readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { DemoError } from "./demo-error.ts";

/** A user of this machine other than the one we run as. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/**
 * Who must run PostgreSQL: null for an ordinary user (we do it ourselves). Root may not, PostgreSQL
 * refuses it: then the user `postgres`, else `nobody`.
 */
export async function postgresAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  const users = await readFile("/etc/passwd", "utf8");
  for (const wanted of ["postgres", "nobody"]) {
    for (const line of users.split("\n")) {
      const [name, , uid, gid] = line.split(":");
      if (name === wanted && uid !== undefined && gid !== undefined) {
        return { name, uid: Number(uid), gid: Number(gid) };
      }
    }
  }
  throw new DemoError(
    "PostgreSQL does not run as root, and this machine has neither a user postgres nor a user nobody.",
    "Run as an ordinary user, or set NIGHTDESK_DEMO_PG_URL to a PostgreSQL that runs.",
  );
}

/** True if every folder above `path`, and `path` itself, lets the account through. */
export async function canReach(account: Account, path: string): Promise<boolean> {
  for (let place = resolve(path); ; place = dirname(place)) {
    const facts = await stat(place).catch(() => null);
    if (facts === null) return false;
    const bit = facts.uid === account.uid ? 0o100 : facts.gid === account.gid ? 0o010 : 0o001;
    if ((facts.mode & bit) === 0) return false;
    if (place === dirname(place)) return true;
  }
}

/**
 * A new empty folder that the account owns and can reach. An unprivileged user cannot get below a
 * 0700 folder, which is what a home or a checkout of root usually is: so below the temporary folder.
 */
export async function newFolderFor(account: Account): Promise<string> {
  for (const parent of [tmpdir(), "/tmp", "/var/tmp"]) {
    if (!(await canReach(account, parent))) continue;
    const folder = await mkdtemp(join(parent, "nightdesk-postgres-"));
    await chown(folder, account.uid, account.gid);
    return folder;
  }
  throw new DemoError(
    `The user ${account.name}, who must run PostgreSQL here, can reach no temporary folder.`,
    "Set TMPDIR to a folder that every user may enter, or set NIGHTDESK_DEMO_PG_URL.",
  );
}

/** True if the folder is a real one, belongs to the account and can be reached: not one that somebody else put there. */
export async function stillOwned(account: Account, folder: string): Promise<boolean> {
  const facts = await lstat(folder).catch(() => null);
  return (
    facts !== null && facts.isDirectory() && facts.uid === account.uid && (await canReach(account, folder))
  );
}

/** Gives a folder and all below it to the account. */
export async function giveTo(account: Account, path: string): Promise<void> {
  await lchown(path, account.uid, account.gid);
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  for (const entry of entries) await lchown(join(entry.parentPath, entry.name), account.uid, account.gid);
}
