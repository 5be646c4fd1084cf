/**
 * The hinge between the desk and what it operates: a team of data pools, ours or a real Celonis one.
 * The desk is written once over this port. All answers are fresh reads.
 */
export interface Team {
  /** What this end can prove: `source` if a terminal status means the source was looked at, `word` if it is only said. */
  proves(options: { signal: AbortSignal }): Promise<"source" | "word">;
  /** All jobs of the pool, by a fresh read. */
  jobs(poolId: string, options: { signal: AbortSignal }): Promise<TeamJob[]>;
  /**
   * Asks for a stop. Resolves when the team accepted it, which proves nothing: read `jobs` after it.
   * `executionId`: that execution or nothing, where the team can tell them apart.
   */
  stop(request: TeamStop, options: { signal: AbortSignal }): Promise<TeamStopAnswer>;
}

export interface TeamStop {
  poolId: string;
  jobId: string;
  executionId: string | null;
  reason: string | null;
}

/** accepted: asked for; other-execution: the named execution is not the one that is active, nothing was asked. */
export type TeamStopAnswer = "accepted" | "other-execution";

export interface TeamJob {
  id: string;
  name: string;
  /** The platform's word; null: never ran. An unknown word is kept as it is. */
  status: string | null;
  executionId: string | null;
  /** Epoch ms. */
  startedAt: number | null;
  /** Rows so far over all tables of the running execution; null if unknown. */
  rows: number | null;
  /** Set while a stop was asked for and its proof is not there, where the team tells. */
  stopping: { requestedAt: number; level: string; why: string } | null;
}

/** Failures of a team by what the caller can do. */
export type TeamFailure = "denied" | "not-found" | "unreachable" | "invalid" | "unknown";

export class TeamError extends Error {
  readonly failure: TeamFailure;

  constructor(failure: TeamFailure, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "TeamError";
    this.failure = failure;
  }
}
