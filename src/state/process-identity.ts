import { readFileSync } from "node:fs";

/** Enough to tell a process from a later one with the same id. */
export interface ProcessIdentity {
  pid: number;
  /** Of the boot it runs in; null where the system does not tell. */
  bootId: string | null;
  /** Its start in clock ticks since that boot; null where the system does not tell. */
  processStart: string | null;
}

export function thisProcess(): ProcessIdentity {
  return identityOf(process.pid);
}

/** Of a process that is known to run. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, bootId: bootId(), processStart: startOf(pid) };
}

/** Whether the process still runs; "unknown" where the system cannot tell it from a later one with its id. */
export function fateOf({ pid, bootId: boot, processStart }: ProcessIdentity): "alive" | "gone" | "unknown" {
  if (boot !== bootId()) return "gone";
  if (processStart !== null) return processStart === startOf(pid) ? "alive" : "gone";
  try {
    process.kill(pid, 0);
    return "unknown";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH" ? "gone" : "unknown";
  }
}

function bootId(): string | null {
  return read("/proc/sys/kernel/random/boot_id");
}

/** Field 22 of the line; the name in field 2 may hold spaces and brackets, so it is cut off first. null for the dead. */
function startOf(pid: number): string | null {
  const line = read(`/proc/${String(pid)}/stat`);
  const [state, ...fields] = line?.slice(line.lastIndexOf(")") + 2).split(" ") ?? [];
  // A zombie was killed and waits for its parent to notice; it holds nothing any more.
  return state === "Z" || state === "X" ? null : (fields[18] ?? null);
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return null;
  }
}
