import type { ExecutionItem, LogLine, RunPlan, SourceSessionId } from "./execution.ts";
import type { QueryResult, StoredColumn, StoredTable } from "./pool-store.ts";
import type { StopReason } from "./stop.ts";

/** Messages between the server process and the process of one pool. Plain data; bigint never crosses. */

export type ToPool =
  | { type: "run"; plan: RunPlan; password: string | null }
  | { type: "abort"; executionId: string; reason: StopReason }
  /** Answer to `touching`: it is recorded, the source may be touched now. */
  | { type: "touch-recorded"; executionId: string }
  | { type: "ask"; askId: number; question: PoolQuestion }
  /** Interrupts the work on a question; it is answered all the same, as an error. */
  | { type: "abort-ask"; askId: number }
  | { type: "close" };

export type PoolQuestion =
  | { kind: "tables" }
  | { kind: "columns"; schema: string; table: string }
  | { kind: "query"; statement: string; searchPath: string[]; limit: number }
  /** Which tasks of an execution committed: asked after its process died. */
  | { kind: "committed"; executionId: string; taskIds: string[] };

export type PoolAnswer =
  | { kind: "tables"; tables: StoredTable[] }
  | { kind: "columns"; columns: StoredColumn[] }
  | { kind: "query"; result: QueryResult }
  | { kind: "committed"; taskIds: string[] };

export type FromPool =
  /** Every second until `ready` or `failed-to-open`: it may take long, and is not frozen. */
  | { type: "opening" }
  | { type: "ready"; stagingDropped: number }
  | { type: "failed-to-open"; message: string }
  /** Before the first connect of an execution; the run waits for `touch-recorded`. */
  | { type: "touching"; executionId: string }
  | { type: "session"; executionId: string; session: SourceSessionId }
  | { type: "session-closed"; executionId: string }
  | { type: "committing"; executionId: string; underWay: boolean }
  | { type: "item"; item: ExecutionItem }
  | { type: "log"; line: Omit<LogLine, "sequence"> }
  /** The pool's file has to be opened anew, by another process; this one takes no more work and ends. */
  | { type: "unusable"; why: string }
  /** Nothing of the run is left in this process: sessions closed, staging dropped, pool statement over. */
  | { type: "ended"; executionId: string; outcome: RunOutcome }
  /** The work on a question begins now: without this message of it, nothing of it ever ran. */
  | { type: "asked"; askId: number }
  | { type: "answer"; askId: number; answer: PoolAnswer | { kind: "error"; message: string; user: boolean } };

/** How a run ended in its own process; the status is written later, by the engine, after proof. */
export type RunOutcome =
  | { kind: "succeeded" }
  /** `connectLimit`: it was given up because a connect to the source took too long. */
  | { kind: "failed"; failure: string; sessionsOpened: number; connectLimit?: boolean }
  | { kind: "stopped"; sessionsOpened: number };
