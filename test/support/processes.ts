/** Processes of this machine, as the kernel lists them. Linux only, like the signals that the tests send. */
import { readFile, readdir } from "node:fs/promises";

/** Ids of the live processes whose command line holds all of `words`. A zombie has none and is not found. */
export async function processesWith(...words: string[]): Promise<number[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      const line = await readFile(`/proc/${id}/cmdline`, "latin1").catch(() => "");
      return words.every((word) => line.includes(word)) ? Number(id) : null;
    }),
  );
  return found.filter((id) => id !== null);
}

/** Ids of the processes that own this pool of this home: one, or none when it is closed. */
export const poolProcesses = (home: string, poolId: string): Promise<number[]> =>
  processesWith("pool-process", `${home}/pools/${poolId}`);

/** Ids of the processes of all pools of a home. */
export const poolPids = (home: string): Promise<number[]> => processesWith("pool-process", home);
