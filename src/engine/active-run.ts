import { deferred, type Deferred } from "../base/deferred.ts";
import type { Execution, SourceSessionId } from "../model/execution.ts";
import type { PoolRun } from "../model/pool-host.ts";
import type { StopReason } from "../model/stop.ts";

/** What the server process knows of an execution that is RUNNING: the durable part is in the state store. */
export class ActiveRun {
  readonly execution: Execution;
  readonly sessions: SourceSessionId[];
  /** Resolves with the ended execution once its terminal status is written. */
  readonly ended: Deferred<Execution> = deferred();
  touched: boolean;
  stop: StopReason | null;
  /** Null until the pool's process was told to run it, and for a run of an earlier server. */
  worker: PoolRun | null = null;
  workerGone = false;
  neverOpened = false;
  #change: Deferred<void> = deferred();

  constructor(execution: Execution) {
    this.execution = execution;
    this.sessions = [...execution.sessions];
    this.touched = execution.sourceTouched;
    this.stop = execution.stop?.reason ?? null;
  }

  /** Wakes whoever waits in `changed`. */
  change(): void {
    const due = this.#change;
    this.#change = deferred();
    due.resolve();
  }

  /** Resolves at the next change, or quietly when `signal` aborts. */
  changed({ signal }: { signal: AbortSignal }): Promise<void> {
    const due = this.#change.promise;
    if (signal.aborted) return Promise.resolve();
    const aborted = deferred<void>();
    const onAbort = (): void => {
      aborted.resolve();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    return Promise.race([due, aborted.promise]).finally(() => {
      signal.removeEventListener("abort", onAbort);
    });
  }

  askToStop(reason: StopReason): void {
    this.stop ??= reason;
    this.worker?.abort(this.stop);
    this.change();
  }
}
