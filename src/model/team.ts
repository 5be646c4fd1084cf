import type { DeskSettings } from "./desk-settings.ts";
import type { HoldScope } from "./hold.ts";
import type { ProbeLook } from "./probe.ts";

/**
 * The hinge between the desk and what it operates: a team of data pools, ours or a real Celonis one.
 * The desk is written once over this port. All answers are fresh reads.
 */
export interface Team {
  /** What this end can prove of a pool: `source` if a terminal status means the source was looked at, `word` if it is only said. */
  proves(poolId: string, options: { signal: AbortSignal }): Promise<"source" | "word">;
  /** How the desk speaks to the people of the pool; `noDeskSettings` where the team has none. */
  settings(poolId: string, options: { signal: AbortSignal }): Promise<DeskSettings>;
  /** All jobs of the pool, by a fresh read. */
  jobs(poolId: string, options: { signal: AbortSignal }): Promise<TeamJob[]>;
  /**
   * The latest answer about the pool was of named jobs alone, because the key is for no others: of the rest of the pool
   * it says nothing. Known after a read of `jobs`.
   */
  partial(poolId: string): boolean;
  /** When the read began that the latest answer about a pool rests on, epoch ms; absent: after it was asked for. */
  readAt?(poolId: string): number | null;
  /**
   * Asks for a stop. Resolves when the team accepted it, which proves nothing: read `jobs` after it.
   * `executionId`: that execution or nothing, where the team can tell them apart.
   */
  stop(request: TeamStop, options: { signal: AbortSignal }): Promise<TeamStopAnswer>;
  /**
   * As `stop`, for everything of the pool that runs or waits, in one call. False: this team has no such call, and nothing
   * was asked.
   */
  stopAll(
    request: { poolId: string; reason: string | null },
    options: { signal: AbortSignal },
  ): Promise<boolean>;
  /** Connections of the pool. */
  connections(poolId: string, options: { signal: AbortSignal }): Promise<TeamConnection[]>;
  /** All that bears on a source: what runs, waits and is held, and a fresh look at it where the team takes one. */
  go(scope: TeamScope, options: { signal: AbortSignal }): Promise<TeamGo>;
  /**
   * What starts by the team's schedules, read now or a stated time ago; null: it has none to tell of. It decides nothing,
   * and takes as long as the team does: whoever asks has a limit of their own. Absent: as null.
   */
  schedules?(poolId: string, options: { signal: AbortSignal }): Promise<TeamSchedules | null>;
  /** Holds in force, oldest first. */
  holds(poolId: string, options: { signal: AbortSignal }): Promise<TeamHold[]>;
  hold(order: TeamHoldOrder, options: { signal: AbortSignal }): Promise<TeamHold>;
  /** All of the holds or none; with `dryRun` none. Answers what starts by it, in order. */
  release(order: TeamRelease, options: { signal: AbortSignal }): Promise<TeamStart[]>;
  /** A person's word in the place of a proof. @throws TeamError "conflict" where it is not to be had by that. */
  settle(word: { executionId: string; because: string }, options: { signal: AbortSignal }): Promise<void>;
  /** @throws TeamError "conflict" for an execution that is not over. */
  receipt(executionId: string, options: { signal: AbortSignal }): Promise<TeamReceipt>;
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
  /** Set while an execution of it was declared over and the source has not been read since, or still had a session of it. */
  declared: TeamSettlement | null;
  /**
   * What the probes that cover it saw after the team had called it over, each by two looks; empty: none covers it.
   * Absent where none was looked at: no probe is configured, or something of the scope runs anyway.
   */
  probes?: TeamProbeLook[];
}

/** What a probe's looks came to; of two that are clear the time of the second. */
export interface TeamProbeLook {
  name: string;
  look: ProbeLook;
}

/** A person's word that an execution is over, and what the source said since; "idle" closes the case. */
export interface TeamSettlement {
  executionId: string;
  at: number;
  by: string;
  because: string;
  seen: "unknown" | "busy" | "idle";
  seenNote: string;
}

export interface TeamConnection {
  id: string;
  name: string;
}

/** A pool, or what of it reads one connection. */
export interface TeamScope {
  poolId: string;
  connectionId: string | null;
  /** Only this job, where the team can; others may be in the answer. */
  jobId?: string;
}

export interface TeamGo {
  jobs: TeamJob[];
  holds: TeamHold[];
  /** Everything of the scope that waits to start, in order. */
  starts: TeamStart[];
  /** Empty where the team looks at none. */
  sources: TeamSourceLook[];
}

export interface TeamHoldOrder {
  poolId: string;
  scope: HoldScope;
  /** Of the pool, connection or job. */
  objectId: string;
  reason: string | null;
  /** Epoch ms; null: until it is released. */
  until: number | null;
}

export interface TeamHold {
  id: string;
  scope: HoldScope;
  objectId: string;
  by: string;
  reason: string | null;
  since: number;
  until: number | null;
  /** What must be known of this kind of hold; absent: nothing starts under it. */
  note?: string;
}

export interface TeamRelease {
  poolId: string;
  holdIds: string[];
  dryRun: boolean;
}

/** An execution that waits to start. */
export interface TeamStart {
  executionId: string;
  jobId: string;
  jobName: string;
  queuedAt: number;
  when: "now" | "when a place is free" | "held";
  /** Ids of holds. */
  heldBy: string[];
}

export interface TeamSchedules {
  /** When the read began that this rests on, epoch ms; null: they cannot be read, or not yet. */
  readAt: number | null;
  /** Why not, in one line; null where they were read. */
  why: string | null;
  /** They are being read: the next answer may have them. */
  pending: boolean;
  /** Of schedules that are switched on and start something: the soonest first, without a time last. */
  starts: TeamScheduledStart[];
}

/** The next start of one schedule. */
export interface TeamScheduledStart {
  id: string;
  name: string;
  /** Epoch ms; null: when is not known. */
  at: number | null;
  /** Why it is not known, in one line; null where it is. */
  why: string | null;
  /** In the order in which they run. */
  jobs: TeamScheduledJob[];
}

export interface TeamScheduledJob {
  id: string;
  name: string;
  /** In force at that time, with what must be known of its kind; null: none. */
  hold: { id: string; note: string | null } | null;
}

export interface TeamSourceLook {
  connectionId: string;
  connectionName: string;
  /** Epoch ms of the read; null: it cannot be read now. */
  readAt: number | null;
  /** Why not; null where it was read. */
  why: string | null;
  /** Executions, of whichever pool or server, that have a session there. */
  executionIds: string[];
  /** Others of the team that lead there too; what leads to several sources of the scope stands at the first. */
  others: TeamOtherConnection[];
}

/**
 * A connection outside of the scope that leads to the same source: a hold on one does not hold the other, and what
 * runs by it touches the source all the same.
 */
export interface TeamOtherConnection {
  /** null, and so are the names: of pools that the key may not see; all of these are one entry. */
  connectionId: string | null;
  connectionName: string | null;
  poolName: string | null;
  /** What of it runs, waits, or was declared over without a proof. */
  executions: TeamOtherExecution[];
}

export interface TeamOtherExecution {
  executionId: string;
  /** null: of a pool that the key may not see. */
  jobName: string | null;
  status: "QUEUED" | "RUNNING" | "DECLARED";
  /** Epoch ms since when its end is waited for; null: it is not. */
  endingSince: number | null;
  /** What the source said since it was declared over; null: it was not. */
  seen: TeamSettlement["seen"] | null;
}

export interface TeamReceipt {
  /** Level of its proof, in the team's word. */
  proof: string;
  settlement: TeamSettlement | null;
  /** For a person. */
  text: string;
  /** The whole, as the team gave it. */
  whole: object;
}

/**
 * Failures of a team by what the caller can do. conflict: not at this moment; unable: this kind of team never
 * does it, the message says what can be done instead.
 */
export type TeamFailure =
  | "denied"
  | "not-found"
  | "unreachable"
  | "invalid"
  | "conflict"
  | "unable"
  | "unknown";

export class TeamError extends Error {
  readonly failure: TeamFailure;

  constructor(failure: TeamFailure, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "TeamError";
    this.failure = failure;
  }
}
