import { readFile, readlink, realpath, writeFile } from "node:fs/promises";
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
    if (!(await isAlive(pid)) || (await isSomebodyElse(pid, data))) return disown(data);
    const now = systemClock.monotonic();
    if (
      now > patience &&
      cluster.startedBy !== process.pid &&
      cluster.startedBy !== 0 &&
      (await isAlive(cluster.startedBy))
    ) {
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

/**
 * Makes the mark of a dead server harmless. PostgreSQL believes it as long as any process has that id: in a
 * container ids start low again, and where nobody reaps, a dead process keeps its own. It knows that its parent
 * is no postmaster, so the mark gets our id; the rest of it stays, by which PostgreSQL looks for live sessions
 * of the dead server.
 */
async function disown(data: string): Promise<void> {
  const mark = join(data, "postmaster.pid");
  const lines = (await readFile(mark, "utf8").catch(() => "")).split("\n");
  if (lines.length > 1) await writeFile(mark, [String(process.pid), ...lines.slice(1)].join("\n"));
}

/** False also for a process that ended and was not reaped. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const state = await readFile(`/proc/${String(pid)}/stat`, "utf8").catch(() => "");
  return !/\) Z /.test(state);
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
