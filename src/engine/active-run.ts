import { deferred, type Deferred } from "../base/deferred.ts";
import type { Execution, SourceSessionId } from "../model/execution.ts";
import type { SecondConnection } from "./second-connection.ts";
import type { PoolRun } from "../model/pool-host.ts";
import type { Settlement, StopReason } from "../model/stop.ts";

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
  /** Its worker is in a COMMIT, by its own word. */
  committing = false;
  /** Its terminal status is written. */
  over = false;
  neverOpened = false;
  /** Sessions at the source that the worker has open, by its own word. */
  openSessions = 0;
  /** Called at every row, line or session that the worker tells of. */
  onProgress: () => void = () => undefined;
  /** The server's own connection to its source; the loop that proves its end closes it. */
  second: SecondConnection | null = null;
  settlement: Settlement | null = null;
  /** Stops that work, but could not be written yet. */
  readonly unrecordedStops: { reason: StopReason; at: number }[] = [];
  /** Stops of the server itself whose result is not recorded yet. */
  readonly ownStops: { requestId: string; reason: Exclude<StopReason, { by: "operator" }> }[] = [];
  /** A caller of its stop was answered before its end, or by a server that is gone. */
  answeredBefore = false;
  /** Its failure, where that is a connect that took too long. */
  connectLimit: string | null = null;
  /** Why the run was ended where nobody asked for it: one line. */
  recordingFailure: string | null = null;
  /** The last line that was reported about it. */
  told = "";
  readonly #declared = new AbortController();
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

  /** The first asker decides the reason, but a person's word goes before what the server assumed itself. */
  askToStop(reason: StopReason): void {
    if (this.stop === null || this.stop.by === "server-stopped") this.stop = reason;
    this.worker?.abort(this.stop);
    this.change();
  }

  /** Aborts once a person declared it over; its reason is the line of the proof. */
  get declared(): AbortSignal {
    return this.#declared.signal;
  }

  /** Its end is then written with this word in the place of the proof, unless the proof comes first. */
  declare(settlement: Settlement): void {
    this.settlement ??= settlement;
    const { keyName, because } = this.settlement;
    this.#declared.abort(`declared over by key ${JSON.stringify(keyName)}: ${because}`);
    this.change();
  }
}
