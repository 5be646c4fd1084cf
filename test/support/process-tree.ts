/** The processes of this machine as Linux lists them in /proc; everywhere else there are none to see. */
import { readFileSync, readdirSync } from "node:fs";

export interface ProcessFacts {
  pid: number;
  parent: number;
  group: number;
  /** Ticks since boot: with the id it names one process, because ids are used again. */
  startedAt: string;
  /** Ended, and nobody has reaped it. */
  dead: boolean;
  name: string;
}

export function allProcesses(): Map<number, ProcessFacts> {
  let names: string[] = [];
  try {
    names = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    // Not Linux.
  }
  const found = new Map<number, ProcessFacts>();
  for (const name of names) {
    const facts = processFacts(Number(name));
    if (facts !== null) found.set(facts.pid, facts);
  }
  return found;
}

function processFacts(pid: number): ProcessFacts | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
  } catch {
    return null;
  }
  // The name is in brackets and may hold anything; the fields that count stand behind it.
  const end = text.lastIndexOf(")");
  const [state, parent, group, ...more] = text.slice(end + 2).split(" ");
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    startedAt: more[16] ?? "",
    dead: state === "Z" || state === "X",
    name: text.slice(text.indexOf("(") + 1, end),
  };
}

/** All that descend from a process, without itself. */
export function processesBelow(ancestor: number, all = allProcesses()): ProcessFacts[] {
  const children = [...all.values()].filter(({ parent }) => parent === ancestor);
  return children.flatMap((child) => [child, ...processesBelow(child.pid, all)]);
}

/** Those of `before` that still run now. */
export function stillRunning(before: readonly ProcessFacts[], all = allProcesses()): ProcessFacts[] {
  return before.filter(({ pid, startedAt }) => {
    const now = all.get(pid);
    return now !== undefined && now.startedAt === startedAt && !now.dead;
  });
}
