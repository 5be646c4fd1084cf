import { writeFileSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { deferred } from "./base/deferred.ts";
import type { PoolHost, PoolRun } from "./model/pool-host.ts";
import { NotBegunError, PoolProcess, type LiveRun, type PoolProcessSettings } from "./pool-child.ts";
import { fateOf, identityOf, type ProcessIdentity } from "./state/index.ts";

/** An orphan has 3 s to clean up by itself, see pool-process.ts. */
const orphanKillMs = 5000;

/** How many successors are asked in place of a process that is gone; what ends each of them is the pool's own fault. */
const mostSuccessors = 2;

const ownerFile = "owner.json";

function rememberOwner(folder: string, pid: number): void {
  try {
    writeFileSync(join(folder, ownerFile), JSON.stringify(identityOf(pid)));
  } catch {
    // A full disk. The process is there all the same, and must not be forgotten: the file's lock then decides.
  }
}

/**
 * Waits for the process of an earlier server to go, which it does when it sees that its server is gone; one
 * that is frozen or hangs is killed, or it would keep the pool's file for ever. Where the system does not tell
 * a process from a later one with its id nothing is killed: the successor then waits for the file.
 */
async function endEarlierOwner(folder: string): Promise<{ knownGone: boolean }> {
  const text = await readFile(join(folder, ownerFile), "utf8").catch(() => null);
  let owner: ProcessIdentity;
  try {
    owner = JSON.parse(text ?? "") as ProcessIdentity;
  } catch {
    return { knownGone: false }; // Never written, or torn by a crash: the file's lock decides.
  }
  const killAt = performance.now() + orphanKillMs;
  while (fateOf(owner) === "alive") {
    if (performance.now() >= killAt) process.kill(owner.pid, "SIGKILL");
    await sleep(50);
  }
  return { knownGone: fateOf(owner) === "gone" };
}

/** Waits for what others wait for too: an abort ends this wait, and the work goes on. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const aborted = deferred<never>();
  const abort = (): void => {
    aborted.reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/**
 * One child process a pool, under `HOME/pools/<poolId>/`. A process that is gone is reaped before its
 * successor is started, because two of them must never own one file.
 */
export function createPoolProcesses(home: string, settings: PoolProcessSettings): PoolHost {
  const processes = new Map<string, PoolProcess>();
  const folderOf = (poolId: string): string => join(home, "pools", poolId);

  /** Pools whose earlier process is known to be gone. */
  const ownerGone = new Set<string>();

  /** Pools whose process is about to be started, so that two who need it at the same time do not start two. */
  const opening = new Map<string, Promise<PoolProcess>>();
  let closed = false;

  const open = async (poolId: string): Promise<PoolProcess> => {
    const folder = folderOf(poolId);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (;;) {
      const existing = processes.get(poolId);
      if (existing === undefined) break;
      if (!existing.closing) return existing;
      await existing.exited;
    }
    if ((await endEarlierOwner(folder)).knownGone) ownerGone.add(poolId);
    if (closed) throw new Error("the pools are closed: the server ends");
    const started = new PoolProcess(folder, settings);
    if (started.pid !== undefined) rememberOwner(folder, started.pid);
    processes.set(poolId, started);
    void started.exited.then(() => {
      if (processes.get(poolId) === started) processes.delete(poolId);
    });
    return started;
  };

  /** `signal` ends the wait of one who needs it, not the opening: others may wait for it too. */
  const processOf = (poolId: string, signal?: AbortSignal): Promise<PoolProcess> => {
    const opened =
      opening.get(poolId) ??
      open(poolId).finally(() => {
        opening.delete(poolId);
      });
    opening.set(poolId, opened);
    return unlessAborted(opened, signal);
  };

  return {
    run: (plan, password, events): PoolRun => {
      const live: LiveRun = { poolId: plan.poolId, events, gone: deferred(), tail: Promise.resolve() };
      let process: PoolProcess | null = null;
      let givenUp = false;
      const begun = processOf(plan.poolId).then(
        async (opened) => {
          if (givenUp) return;
          process = opened;
          await opened.run(plan, password, live);
        },
        (error: unknown) => {
          live.gone.resolve({
            kind: "process-gone",
            detail: error instanceof Error ? error.message : String(error),
          });
        },
      );
      return {
        gone: live.gone.promise,
        abort: (reason) => {
          if (process === null) {
            // It need not wait for a process: none has heard of it, and none will.
            givenUp = true;
            live.gone.resolve({ kind: "stopped", sessionsOpened: 0 });
          }
          // After `begun`, so that an abort never overtakes the run it is meant for.
          void begun.then(() => {
            process?.send({ type: "abort", executionId: plan.executionId, reason });
          });
        },
        kill: () => process?.kill() ?? false,
      };
    },
    takeOver: async (poolId, { signal }) => {
      const process = await processOf(poolId, signal);
      try {
        await unlessAborted(process.ready, signal);
      } catch (error) {
        signal?.throwIfAborted();
        // A file that cannot be opened by anybody is not being written either.
        if (!ownerGone.has(poolId) || /lock/i.test((error as Error).message)) throw error;
      }
    },
    ask: async (poolId, question, { signal }) => {
      for (let left = mostSuccessors; ; left--) {
        const process = await processOf(poolId, signal);
        try {
          return await process.ask(question, { signal });
        } catch (error) {
          if (left === 0 || !(error instanceof NotBegunError)) throw error;
          await unlessAborted(process.exited, signal);
        }
      }
    },
    remove: async (poolId) => {
      await opening.get(poolId)?.catch(() => undefined);
      const process = processes.get(poolId);
      process?.kill();
      await process?.exited;
      await rm(folderOf(poolId), { recursive: true, force: true });
    },
    close: async (graceMs) => {
      closed = true;
      await Promise.allSettled(opening.values());
      await Promise.all(
        [...processes.values()].map(async (process) => {
          process.close(graceMs);
          await process.exited;
        }),
      );
    },
  };
}
