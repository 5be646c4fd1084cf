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
  return { pid: process.pid, bootId: bootId(), processStart: startOf(process.pid) };
}

/** True only if it is known: another boot, no such process, or a later one with its id. */
export function isGone(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return true;
  if (identity.processStart !== null) return identity.processStart !== startOf(identity.pid);
  try {
    process.kill(identity.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

function bootId(): string | null {
  return read("/proc/sys/kernel/random/boot_id");
}

/** Field 22 of the line; the name in field 2 may hold spaces and brackets, so it is cut off first. */
function startOf(pid: number): string | null {
  const line = read(`/proc/${String(pid)}/stat`);
  return line?.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return null;
  }
}
