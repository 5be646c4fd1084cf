import type { Execution, ExecutionMode } from "./execution.ts";
import type { PoolAnswer, PoolQuestion } from "./pool-protocol.ts";
import type { SourceAccess } from "./source.ts";
import type { Proof, StopChannel } from "./stop.ts";

/** What the doors (HTTP today) may ask of the engine. */
export interface Executions {
  /** Something that kept executions waiting may have changed: a hold was laid or released. */
  wake(): void;
  /**
   * Queues a run of a snapshot of the job; it is QUEUED or RUNNING when this resolves.
   * @throws UserError "not-found"; "conflict" while one of the same job is not over; "invalid" for a subset
   *   that names unknown tasks or tables, or a job with nothing to run.
   */
  execute(jobId: string, request: ExecuteRequest): Promise<Execution>;
  /**
   * Asks for a stop, durably, then waits up to `waitMs` for the proof. A wait that ends or an aborted
   * `signal` changes nothing of the stop. Idempotent.
   */
  stop(
    jobId: string,
    request: StopRequestOf & { executionId: string | null },
    options: { signal?: AbortSignal },
  ): Promise<StopOutcome>;
  /** As `stop`, for everything of the pool that runs or waits at this moment. */
  stopPool(
    poolId: string,
    request: StopRequestOf,
    options: { signal?: AbortSignal },
  ): Promise<{ execution: Execution; outcome: StopOutcome }[]>;
  /**
   * Ends an execution whose end cannot be proven, on a person's word. Its proof is then `declared`, unless the
   * real one came first. The source is looked at again until it can be read.
   * @throws UserError "conflict" while it can be proven: see `mayBeSettled`.
   */
  settle(
    execution: Execution,
    word: { keyName: string; because: string },
    options: { signal: AbortSignal },
  ): Promise<Execution>;
}

/** Who wants a stop, through which door, why, and how long the answer may wait for the proof. */
export interface StopRequestOf {
  keyName: string;
  channel: StopChannel;
  because: string | null;
  waitMs: number;
}

export interface ExecuteRequest {
  mode: ExecutionMode;
  /** null: all. Task ids of transformations. */
  transformations: string[] | null;
  /** null: all. */
  extractions:
    | { extractionId: string; /** Table ids or names; null: all. */ tables: string[] | null }[]
    | null;
}

/** What became of a stop request. */
export type StopOutcome =
  /** Proven: nothing of it runs any more. */
  | { kind: "stopped"; execution: Execution }
  /** It reached SUCCESS or FAIL before the stop did. */
  | { kind: "finished-by-itself"; execution: Execution }
  | { kind: "was-not-running" }
  /** The named execution is over or never was; another one may be active and was left alone. */
  | { kind: "other-execution"; active: Execution | null }
  /** Asked for and recorded, the proof is not there yet; it goes on. */
  | { kind: "not-proven"; execution: Execution; proof: Proof };

/** Reads of a pool's data, answered by the process that owns it. @throws UserError for what the asker did wrong. */
export interface PoolData {
  ask(poolId: string, question: PoolQuestion, options: { signal?: AbortSignal }): Promise<PoolAnswer>;
  /** Closes the pool's process and deletes its files. */
  remove(poolId: string): Promise<void>;
}

/** Seals small secrets at rest (AES-256-GCM), each bound to the id of what it belongs to. */
export interface SecretBox {
  seal(boundTo: string, secret: string): string;
  /** @throws Error without content if it was sealed for another id or with another key. */
  open(boundTo: string, sealed: string): string;
}

/** Looks at a source on behalf of a person: test of a connection, search for tables. Errors as Source.control. */
export interface SourceLook {
  test(access: SourceAccess): Promise<void>;
  searchTables(
    access: SourceAccess,
    pattern: string,
    limit: number,
  ): Promise<{ schema: string; name: string }[]>;
  /** Tags of the sessions of executions that are there now, of whichever server. */
  sessionTags(access: SourceAccess): Promise<string[]>;
}
