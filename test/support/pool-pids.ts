import { readdir, readFile } from "node:fs/promises";

/** Process ids of the pool processes of a home; one that has ended and is not reaped yet does not count. */
export async function poolPids(home: string): Promise<number[]> {
  const found = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const pids = await Promise.all(
    found.map(async (pid) => {
      // An empty command line is that of a process that has ended.
      const words = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      return words.includes("pool-process") && words.includes(home) ? Number(pid) : null;
    }),
  );
  return pids.filter((pid) => pid !== null);
}
