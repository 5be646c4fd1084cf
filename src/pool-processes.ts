import { fork, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { deferred, type Deferred } from "./base/deferred.ts";
import { UserError } from "./model/errors.ts";
import type { RunPlan } from "./model/execution.ts";
import type { PoolHost, PoolRun, ProcessGone, RunEvents } from "./model/pool-host.ts";
import type { FromPool, PoolAnswer, PoolQuestion, RunOutcome, ToPool } from "./model/pool-protocol.ts";
import { fateOf, identityOf, type ProcessIdentity } from "./state/index.ts";

/** An orphan has 3 s to clean up by itself, see pool-process.ts. */
const orphanKillMs = 5000;
/** A process without a run or question is closed after this. */
const idleMs = 10 * 60_000;

/** How long an answer is still waited for after its question was aborted: a process that hangs gives none. */
const abortLimitMs = 5_000;

/** How many successors are asked in place of a process that is gone; what ends each of them is the pool's own fault. */
const mostSuccessors = 2;

/** The process ended before it began to work on a question: its successor may be asked instead. */
class NotBegunError extends Error {}

interface Asked {
  answer: Deferred<PoolAnswer>;
  begun: boolean;
}

interface LiveRun {
  poolId: string;
  events: RunEvents;
  gone: Deferred<RunOutcome | ProcessGone>;
  /** Events are handed on one after another; an outcome waits for all before it. */
  tail: Promise<void>;
}

export interface PoolProcessSettings {
  /** All they get to see of ours: no secret of the operator. */
  environment: Record<string, string>;
  /** For tests, see base/failpoint.ts; "" for none. */
  failpoints: string;
}

/** One pool's process: opened at first use, closed when idle, its end told to everyone who waits on it. */
class PoolProcess {
  readonly #child: ChildProcess;
  readonly #ready = deferred<void>();
  readonly #exited = deferred<string>();
  readonly #runs = new Map<string, LiveRun>();
  readonly #asked = new Map<number, Asked>();
  #nextAsk = 1;
  #idle: NodeJS.Timeout | undefined;

  #closing = false;
  /** Its own last word on why it ends; null as long as it gave none. */
  #why: string | null = null;

  constructor(folder: string, { environment, failpoints }: PoolProcessSettings) {
    const inSource = import.meta.url.endsWith(".ts");
    const script = new URL(inSource ? "./pool-process.ts" : "./pool-process.js", import.meta.url);
    this.#child = fork(fileURLToPath(script), [folder, failpoints], {
      cwd: folder,
      env: environment,
      execArgv: inSource ? ["--import", import.meta.resolve("tsx")] : [],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      serialization: "json",
    });
    if (this.#child.pid !== undefined) rememberOwner(folder, this.#child.pid);
    this.#child.on("message", (message: FromPool) => {
      this.#receive(message);
    });
    this.#child.on("error", (error) => {
      this.#end(error.message);
    });
    // "close", not "exit": by then the channel is drained and no message of it can still come.
    this.#child.on("close", (code, signal) => {
      this.#end(signal === null ? `exit code ${String(code)}` : `signal ${signal}`);
    });
    this.#ready.promise.catch(() => undefined);
  }

  /** Resolves when the pool's file is open. Rejects with one line when it cannot be opened. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when the process is gone and reaped. */
  get exited(): Promise<string> {
    return this.#exited.promise;
  }

  /** It takes no more work; a successor waits for `exited`. */
  get closing(): boolean {
    return this.#closing;
  }

  close(): void {
    this.#closing = true;
    this.#send({ type: "close" });
  }

  async run(plan: RunPlan, password: string | null, live: LiveRun): Promise<void> {
    clearTimeout(this.#idle);
    this.#runs.set(plan.executionId, live);
    try {
      await this.#ready.promise;
      this.#send({ type: "run", plan, password });
    } catch (error) {
      this.#runs.delete(plan.executionId);
      live.gone.resolve({ kind: "process-gone", detail: (error as Error).message });
    }
  }

  send(message: ToPool): void {
    this.#send(message);
  }

  /** @throws NotBegunError if the process is gone and nothing of it ran; the signal's reason after an abort. */
  async ask(question: PoolQuestion, { signal }: { signal: AbortSignal | undefined }): Promise<PoolAnswer> {
    signal?.throwIfAborted();
    clearTimeout(this.#idle);
    const askId = this.#nextAsk++;
    const answer = deferred<PoolAnswer>();
    this.#asked.set(askId, { answer, begun: false });
    let limit: NodeJS.Timeout | undefined;
    const abort = (): void => {
      this.#send({ type: "abort-ask", askId });
      limit = setTimeout(() => {
        answer.reject(signal?.reason);
      }, abortLimitMs);
    };
    signal?.addEventListener("abort", abort, { once: true });
    // Not before the process can work on it: what it cannot do for want of its file is said by `ready`.
    this.#ready.promise.then(
      () => {
        if (signal?.aborted === true) answer.reject(signal.reason);
        else this.#send({ type: "ask", askId, question });
      },
      (error: unknown) => {
        answer.reject(error);
      },
    );
    try {
      return await answer.promise;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
      clearTimeout(limit);
      this.#asked.delete(askId);
      this.#restIfIdle();
    }
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #send(message: ToPool): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #receive(message: FromPool): void {
    switch (message.type) {
      case "ready":
        this.#ready.resolve();
        this.#restIfIdle();
        break;
      case "failed-to-open":
        this.#closing = true;
        this.#ready.reject(new Error(message.message));
        break;
      case "unusable":
        this.#closing = true;
        this.#why = message.why;
        break;
      case "touching":
        this.#hand(message.executionId, async ({ touching }) => {
          await touching();
          this.#send({ type: "touch-recorded", executionId: message.executionId });
        });
        break;
      case "session":
        this.#hand(message.executionId, ({ session }) => session(message.session));
        break;
      case "session-closed":
        this.#hand(message.executionId, ({ sessionClosed }) => sessionClosed());
        break;
      case "committing":
        this.#hand(message.executionId, ({ committing }) => committing(message.underWay));
        break;
      case "item":
        this.#hand(message.item.executionId, ({ item }) => item(message.item));
        break;
      case "log":
        this.#hand(message.line.executionId, ({ log }) => log(message.line));
        break;
      case "ended": {
        const live = this.#runs.get(message.executionId);
        this.#runs.delete(message.executionId);
        void live?.tail.then(() => {
          live.gone.resolve(message.outcome);
        });
        this.#restIfIdle();
        break;
      }
      case "asked": {
        const asked = this.#asked.get(message.askId);
        if (asked !== undefined) asked.begun = true;
        break;
      }
      case "answer": {
        const { answer } = message;
        const asked = this.#asked.get(message.askId)?.answer;
        if (answer.kind !== "error") asked?.resolve(answer);
        else if (answer.user)
          asked?.reject(new UserError("invalid", answer.message, { operation: "ask the pool" }));
        else asked?.reject(new Error(answer.message));
        break;
      }
    }
  }

  #hand(executionId: string, deliver: (events: RunEvents) => Promise<void>): void {
    const live = this.#runs.get(executionId);
    if (live === undefined) return;
    // An event that cannot be recorded ends the run rather than going missing in silence.
    live.tail = live.tail
      .then(() => deliver(live.events))
      .catch(() => {
        this.#send({ type: "abort", executionId, reason: { by: "shutdown" } });
      });
  }

  #end(how: string): void {
    clearTimeout(this.#idle);
    const detail = `the pool's process ended (${this.#why ?? how})`;
    this.#ready.reject(new Error(detail));
    for (const live of this.#runs.values()) {
      void live.tail.then(() => {
        live.gone.resolve({ kind: "process-gone", detail });
      });
    }
    this.#runs.clear();
    for (const { answer, begun } of this.#asked.values()) {
      answer.reject(begun ? new Error(detail) : new NotBegunError(detail));
    }
    this.#exited.resolve(detail);
  }

  #restIfIdle(): void {
    if (this.#runs.size > 0 || this.#asked.size > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.close();
    }, idleMs);
    this.#idle.unref();
  }
}

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

/**
 * One child process a pool, under `HOME/pools/<poolId>/`. A process that is gone is reaped before its
 * successor is started, because two of them must never own one file.
 */
export function createPoolProcesses(home: string, settings: PoolProcessSettings): PoolHost {
  const processes = new Map<string, PoolProcess>();
  const folderOf = (poolId: string): string => join(home, "pools", poolId);

  /** Pools whose earlier process is known to be gone. */
  const ownerGone = new Set<string>();

  const processOf = async (poolId: string): Promise<PoolProcess> => {
    const folder = folderOf(poolId);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (;;) {
      const existing = processes.get(poolId);
      if (existing === undefined) break;
      if (!existing.closing) return existing;
      await existing.exited;
    }
    if ((await endEarlierOwner(folder)).knownGone) ownerGone.add(poolId);
    const started = new PoolProcess(folder, settings);
    processes.set(poolId, started);
    void started.exited.then(() => {
      if (processes.get(poolId) === started) processes.delete(poolId);
    });
    return started;
  };

  return {
    run: (plan, password, events): PoolRun => {
      const live: LiveRun = { poolId: plan.poolId, events, gone: deferred(), tail: Promise.resolve() };
      let process: PoolProcess | null = null;
      const begun = processOf(plan.poolId).then(
        async (opened) => {
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
        // After `begun`, so that an abort never overtakes the run it is meant for.
        abort: (reason) =>
          void begun.then(() => {
            process?.send({ type: "abort", executionId: plan.executionId, reason });
          }),
        kill: () => process?.kill(),
      };
    },
    takeOver: async (poolId) => {
      const process = await processOf(poolId);
      try {
        await process.ready;
      } catch (error) {
        // A file that cannot be opened by anybody is not being written either.
        if (!ownerGone.has(poolId) || /lock/i.test((error as Error).message)) throw error;
      }
    },
    ask: async (poolId, question, { signal }) => {
      for (let left = mostSuccessors; ; left--) {
        const process = await processOf(poolId);
        try {
          return await process.ask(question, { signal });
        } catch (error) {
          if (left === 0 || !(error instanceof NotBegunError)) throw error;
          await process.exited;
        }
      }
    },
    remove: async (poolId) => {
      const process = processes.get(poolId);
      process?.kill();
      await process?.exited;
      await rm(folderOf(poolId), { recursive: true, force: true });
    },
    close: async (graceMs) => {
      await Promise.all(
        [...processes.values()].map(async (process) => {
          process.close();
          const timer = setTimeout(() => {
            process.kill();
          }, graceMs);
          await process.exited;
          clearTimeout(timer);
        }),
      );
    },
  };
}
