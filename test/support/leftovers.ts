/** Processes that a test run started and did not end. Linux alone shows enough of a process to tell. */
import { readFileSync, readlinkSync } from "node:fs";
import { allProcesses, processesBelow, type ProcessFacts } from "./process-tree.ts";

/**
 * Remembers what runs now. The answer lists, one line each, what was started since and still runs: below this
 * process; in its process group, with a parent that is gone; or, wherever it is by now, with the run's own
 * temporary folder in its environment, its command line or as its working folder.
 */
export function watchForLeftovers(folder: string): () => string[] {
  const before = allProcesses();
  return () => {
    const all = allProcesses();
    const below = new Set(processesBelow(process.pid, all).map(({ pid }) => pid));
    const group = all.get(process.pid)?.group;
    return [...all.values()]
      .filter((one) => !one.dead && before.get(one.pid)?.startedAt !== one.startedAt)
      .filter(
        (one) =>
          below.has(one.pid) ||
          (one.group === group && all.get(one.parent)?.group !== group) ||
          mentions(one, folder),
      )
      .map(({ pid, name }) => `${String(pid)} (${name}) ${commandOf(pid)}`);
  };
}

function mentions({ pid }: ProcessFacts, folder: string): boolean {
  if (readOf(pid, "environ").includes(folder) || readOf(pid, "cmdline").includes(folder)) return true;
  try {
    return readlinkSync(`/proc/${String(pid)}/cwd`).startsWith(folder);
  } catch {
    return false;
  }
}

function commandOf(pid: number): string {
  return readOf(pid, "cmdline").replaceAll("\0", " ").trim().slice(0, 200);
}

/** "" for a process of another user, or one that has just ended. */
function readOf(pid: number, file: "environ" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${String(pid)}/${file}`, "utf8");
  } catch {
    return "";
  }
}
