import { readFile, readlink, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../base/clock.ts";
import { DemoError } from "./demo-error.ts";
import { type Cluster, dataFolder } from "./postgres-cluster.ts";

/**
 * Ends a PostgreSQL that an earlier, killed Nightdesk left on this data folder, and clears the mark
 * of a dead one. Its own watcher should have ended it by now: give that a moment first.
 * @throws DemoError if the Nightdesk that started it still lives: then the folder is in use.
 */
export async function endEarlier(cluster: Cluster, { signal }: { signal: AbortSignal }): Promise<void> {
  const data = dataFolder(cluster);
  const deadline = systemClock.monotonic() + 30_000;
  const patience = systemClock.monotonic() + 3_000;
  let asked = false;
  for (;;) {
    const pid = await postmasterPid(data);
    if (pid === null) return;
    if (!isAlive(pid) || (await isSomebodyElse(pid, data))) {
      // In a container process ids start low again and hit another program: PostgreSQL would believe the mark.
      await rm(join(data, "postmaster.pid"), { force: true });
      return;
    }
    const now = systemClock.monotonic();
    if (now > patience && cluster.startedBy !== process.pid && cluster.startedBy !== 0 && isAlive(cluster.startedBy)) {
      throw new DemoError(
        `The sample database in ${cluster.folder} is in use by process ${String(cluster.startedBy)}.`,
        "End that one first, or set NIGHTDESK_HOME to another folder.",
      );
    }
    if (now > deadline) {
      throw new DemoError(
        `An earlier PostgreSQL (process ${String(pid)}) still uses ${data} and does not end.`,
        `End it with: kill -QUIT ${String(pid)}`,
      );
    }
    if (now > patience && !asked) {
      asked = true;
      endProcess(pid);
    }
    await systemClock.sleep(50, { signal });
  }
}

/** Process id that the data folder's mark names; null without a mark. */
async function postmasterPid(data: string): Promise<number | null> {
  const text = await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "");
  const pid = Number(text.split("\n")[0]);
  return Number.isInteger(pid) && pid > 1 ? pid : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** True if the process certainly is not a postmaster of this folder; only Linux can tell (a postmaster works in its data folder). */
async function isSomebodyElse(pid: number, data: string): Promise<boolean> {
  const cwd = await readlink(`/proc/${String(pid)}/cwd`).catch(() => null);
  return cwd !== null && cwd !== (await realpath(data).catch(() => data));
}

/** SIGINT: a fast shutdown. Only ever sent to a process whose working folder is ours, or where nobody can tell, to the one the mark names. */
function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGINT");
  } catch {
    // It ended by itself.
  }
}
