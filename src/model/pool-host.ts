import type { ExecutionItem, LogLine, RunPlan, SourceSessionId } from "./execution.ts";
import type { PoolData } from "./operations.ts";
import type { RunOutcome } from "./pool-protocol.ts";
import type { StopReason } from "./stop.ts";

/** The processes that own pools, one each, seen from the engine. */
export interface PoolHost extends PoolData {
  /** Starts a run in the pool's process, opening it first where needed. Events come one after another, in order. */
  run(plan: RunPlan, password: string | null, events: RunEvents): PoolRun;
  /**
   * Resolves when this server's process for the pool owns the pool's file: by then no process of an
   * earlier server can write to it any more, and staging left behind is dropped. An abort ends only the waiting.
   */
  takeOver(poolId: string, options: { signal?: AbortSignal }): Promise<void>;
  /** Ends all pool processes; those that do not go by themselves within `graceMs` are killed and reaped. */
  close(graceMs: number): Promise<void>;
}

export interface RunEvents {
  /** The run is about to connect for the first time; it waits until this resolves. */
  touching(): Promise<void>;
  session(session: SourceSessionId): Promise<void>;
  /** The run has closed one of its sessions. */
  sessionClosed(): Promise<void>;
  /** A COMMIT in the pool begins, or its outcome is known: it is never interrupted, and gets its time. */
  committing(underWay: boolean): Promise<void>;
  item(item: ExecutionItem): Promise<void>;
  log(line: Omit<LogLine, "sequence">): Promise<void>;
}

export interface PoolRun {
  /**
   * Resolves, never rejects, when nothing of the run is left in the pool's process and all its events
   * were delivered, or when that process is gone and reaped.
   */
  readonly gone: Promise<RunOutcome | ProcessGone>;
  /** Tells the run to end; one that its process has not heard of never begins. Harmless twice. */
  abort(reason: StopReason): void;
  /** The last resort: kills the pool's process, and with it every other run of the pool. False if there is none. */
  kill(): boolean;
}

export interface ProcessGone {
  kind: "process-gone";
  /** One line: how it ended. */
  detail: string;
}
