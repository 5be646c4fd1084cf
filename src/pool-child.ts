import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { deferred, type Deferred } from "./base/deferred.ts";
import { UserError } from "./model/errors.ts";
import type { RunPlan } from "./model/execution.ts";
import type { ProcessGone, RunEvents } from "./model/pool-host.ts";
import type { FromPool, PoolAnswer, PoolQuestion, RunOutcome, ToPool } from "./model/pool-protocol.ts";

/** A process without a run or question is closed after this. */
const idleMs = 10 * 60_000;
/** From here on a process that was to end by itself is killed: until it is gone no successor can have its pool. */
const leaveMs = 5_000;
/** A process that opens its pool says so every second; after this long without a word it is frozen. */
const silentOpeningMs = 30_000;

/** How long an answer is still waited for after its question was aborted: a process that hangs gives none. */
const abortLimitMs = 5_000;

/** The process ended before it began to work on a question: its successor may be asked instead. */
export class NotBegunError extends Error {}

interface Asked {
  answer: Deferred<PoolAnswer>;
  begun: boolean;
}

export interface LiveRun {
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
export class PoolProcess {
  readonly #child: ChildProcess;
  readonly #ready = deferred<void>();
  readonly #exited = deferred<string>();
  readonly #runs = new Map<string, LiveRun>();
  readonly #asked = new Map<number, Asked>();
  #nextAsk = 1;
  #idle: NodeJS.Timeout | undefined;
  /** Kills it, see `#killAfter`. */
  #limit: NodeJS.Timeout | undefined;

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
    this.#killAfter(silentOpeningMs, "it froze while it opened the pool");
  }

  /** Resolves when the pool's file is open. Rejects with one line when it cannot be opened. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when the process is gone and reaped. */
  get exited(): Promise<string> {
    return this.#exited.promise;
  }

  /** Undefined if it could not even be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** It takes no more work; a successor waits for `exited`. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Killed if it has not ended by itself within `limitMs`. */
  close(limitMs = leaveMs): void {
    this.#leave(limitMs);
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
      const begun = this.#asked.get(askId)?.begun === true;
      limit = setTimeout(
        () => {
          answer.reject(signal?.reason);
        },
        begun ? abortLimitMs : 0,
      );
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

  /** False if there was nothing left to kill. */
  kill(): boolean {
    return this.#child.kill("SIGKILL");
  }

  /** It takes no more work and is to end by itself, but not for ever. */
  #leave(limitMs: number): void {
    this.#closing = true;
    this.#killAfter(limitMs, "it hung while it ended");
  }

  /** In the place of an earlier limit. */
  #killAfter(limitMs: number, why: string): void {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => {
      this.#why ??= why;
      this.kill();
    }, limitMs);
  }

  #send(message: ToPool): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #receive(message: FromPool): void {
    switch (message.type) {
      case "opening":
        if (!this.#closing) this.#limit?.refresh();
        break;
      case "ready":
        if (!this.#closing) clearTimeout(this.#limit);
        this.#ready.resolve();
        this.#restIfIdle();
        break;
      case "failed-to-open":
        this.#leave(leaveMs);
        this.#ready.reject(new Error(message.message));
        break;
      case "unusable":
        this.#leave(leaveMs);
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
    clearTimeout(this.#limit);
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
