import type { ExecutionStatus } from "./enums.ts";
import type { DeskProbeLook } from "./remote-teams.ts";

/** Our own API under /desk/v1: what the wire of the contract cannot say. Only grows. */

/** `GET /desk/v1/about`, any valid key: tells a Nightdesk from any other team. */
export interface DeskAbout {
  product: "nightdesk";
  version: string;
  /**
   * `source`: a terminal status here is written only after the source was looked at. `per pool`: the key sees pools of
   * other teams too, and each answer about a pool says what its statuses rest on.
   */
  proof: "source" | "per pool";
  /** The server's clock, epoch ms. */
  time: number;
}

/**
 * `GET /desk/v1/pools/{poolId}/status[?job=]`, verb view: a fresh read. `job`, an id or a whole name: in a pool of another
 * team the only one that probes look for; all jobs are in the answer.
 */
export interface DeskStatus {
  poolId: string;
  poolName: string;
  /** Epoch ms of the read. */
  asOf: number;
  /** What its statuses rest on: a look at the source, or the word of the team that has the pool. */
  proof: "source" | "word";
  jobs: DeskJob[];
  /** In force now, oldest first. */
  holds: DeskHold[];
  settings: DeskSettings;
  /** Of a pool of another team; absent where there are none to be told of. */
  schedules?: DeskSchedules;
  /** The key is for named jobs: the pool may have others, about which this says nothing. */
  partial: boolean;
}

/** What starts by the schedules of a team. */
export interface DeskSchedules {
  /** When the read began that this rests on, epoch ms; null: they cannot be read, or not yet. */
  readAt: number | null;
  /** Why not; null where they were read. */
  why: string | null;
  /** They are being read: the next answer may have them. */
  pending: boolean;
  /** Of schedules that are switched on and start a job that the key may know: the soonest first, without a time last. */
  starts: {
    id: string;
    name: string;
    /** Epoch ms; null: when is not known. */
    at: number | null;
    /** Why it is not known; null where it is. */
    why: string | null;
    /** In the order in which they run. */
    jobs: { id: string; name: string; hold: { id: string; note: string | null } | null }[];
  }[];
}

/**
 * The desk as plain text (docs/desk-text.md): `GET /desk/status.txt`, `POST /desk/stop.txt`, `GET /desk/go.txt`,
 * `GET /desk/receipt.txt`. The code of the answer, 0 to 50, is also in this header.
 */
export const codeHeader = "x-nightdesk-code";

/** `GET` and `PUT /desk/v1/pools/{poolId}/settings`, verb admin: how the desk speaks to the people of a pool. */
export interface DeskSettings {
  /** Name of a time zone, e.g. `Asia/Tokyo`: times are given in it and in UTC; null: in UTC alone. */
  zone: string | null;
  /** Times before noon also as hours 24 to 35 of the day before; needs a zone. */
  hours24to47: boolean;
  /** Whom to call where the answer is UNKNOWN; at most 120 characters. */
  contact: string | null;
  /** How long after its request a stop without a proof is waited for before they are called; needs a contact. */
  escalateAfterSeconds: number | null;
}

/** Body of the PUT: sets all of them; what is absent is as if nothing had been set. */
export type NewDeskSettings = Partial<DeskSettings>;

export interface DeskJob {
  id: string;
  name: string;
  /** null: never ran. One of `executionStatuses`; of a pool of another team any word. */
  status: string | null;
  /** The latest execution. */
  executionId: string | null;
  startedAt: number | null;
  /** Rows read so far over all tables of an active execution; null where nothing was read or it is over. */
  rows: number | null;
  /** The source's estimate over all its tables; null unless every started table has one. */
  estimatedRows: number | null;
  /** Set while a stop was asked for, or the run has ended, and the end is not proven. */
  stopping: DeskStopping | null;
  /** Set while an execution of it was declared over and the source has not been read since, or still had a session of it. */
  declared: DeskSettlement | null;
  /**
   * Of a pool of another team that has probes: what those that cover the job saw after the team had called it over;
   * empty: none covers it. Absent where none was looked at.
   */
  probes?: DeskProbeLook[];
}

export interface DeskStopping {
  requestedAt: number;
  level: DeskProofLevel;
  /** One line: what is waited for. */
  why: string;
  /** How often a stop was asked for; 0: it ends by itself. */
  callers: number;
}

export type DeskProofLevel = "requested" | "recorded" | "worker gone" | "source idle" | "declared";

export interface DeskProof {
  level: DeskProofLevel;
  /** Epoch ms of the look. */
  at: number;
  note: string;
}

/** Seconds a desk stop waits for the proof when nothing is asked for, and at most. */
export const deskStopWait = { default: 10, most: 50 } as const;

/** Body of `POST /desk/v1/pools/{poolId}/jobs/{jobId}/stop?execution=ID&wait=SECONDS`, verb cancel; may be absent. */
export interface DeskStopRequest {
  reason?: string | null;
}

/** 200: nothing of the asked execution runs. */
export interface DeskStopDone {
  outcome: "STOPPED" | "FINISHED BY ITSELF" | "WAS NOT RUNNING" | "OTHER EXECUTION";
  /** The execution the outcome is about. */
  executionId: string | null;
  /** OTHER EXECUTION only: the one that is active and was left alone. */
  activeExecutionId: string | null;
  proof: DeskProof | null;
}

/** 202: recorded, goes on, not proven yet. */
export interface DeskStopNotProven {
  outcome: "NOT PROVEN";
  executionId: string;
  proof: DeskProof;
}

/** Answer to `POST /desk/v1/pools/{poolId}/stop?wait=SECONDS`, verb cancel: each execution that ran or waited. 202 if one is not proven. */
export interface DeskPoolStop {
  stops: ({ jobId: string; jobName: string } & DeskStopAnswer)[];
}

export type HoldScope = "pool" | "connection" | "job";

/** Body of `POST /desk/v1/pools/{poolId}/holds`, verb hold. */
export interface NewHold {
  scope: HoldScope;
  /** Of the connection or job; not needed for the pool. */
  id?: string | null;
  reason?: string | null;
  /** Epoch ms at which it ends by itself; absent: when it is released. */
  until?: number | null;
}

/** `GET /desk/v1/pools/{poolId}/holds`, verb view, lists those in force. */
export interface DeskHold {
  id: string;
  scope: HoldScope;
  /** Id of the pool, connection or job. */
  objectId: string;
  /** Name of the key that laid it. */
  by: string;
  reason: string | null;
  since: number;
  until: number | null;
  /** What must be known of this kind of hold; absent: nothing starts under it. */
  note?: string;
}

/** Answer to `POST /desk/v1/pools/{poolId}/holds`. */
export interface DeskLaidHold extends DeskHold {
  /** Connections to a source of what is held that this hold does not hold; none for one on a job. */
  notHeld: DeskOtherConnection[];
}

/** Body of `POST /desk/v1/pools/{poolId}/release`, verb hold. */
export interface ReleaseRequest {
  /** Ids of holds that are in force; all of them or nothing. */
  holds: string[];
  /** Only say what would start. */
  dryRun?: boolean | null;
}

export interface DeskRelease {
  dryRun: boolean;
  released: DeskHold[];
  /** What starts by it, in order. */
  starts: DeskStart[];
}

/** An execution that waits to start. */
export interface DeskStart {
  executionId: string;
  jobId: string;
  jobName: string;
  queuedAt: number;
  /** "held": by `heldBy`; "when a place is free": as many run as may. */
  when: "now" | "when a place is free" | "held";
  /** Ids of holds. */
  heldBy: string[];
}

/**
 * `GET /desk/v1/pools/{poolId}/go[?connection=ID][?job=ID]`, verb view: does anything touch the source, and will
 * anything? Of a job: does it, and will it. A key for named jobs can ask only that.
 */
export interface DeskGo {
  poolId: string;
  poolName: string;
  asOf: number;
  /** As in the status. */
  proof: "source" | "word";
  /** null: every connection of the pool, or those of the job. */
  connection: { id: string; name: string } | null;
  /** Jobs of the scope. */
  jobs: DeskJob[];
  holds: DeskHold[];
  /** Everything of the scope that waits to start. */
  next: DeskStart[];
  /** A fresh look at each source of the scope. */
  sources: DeskSourceLook[];
  settings: DeskSettings;
  /** As in the status. */
  schedules?: DeskSchedules;
}

export interface DeskSourceLook {
  connectionId: string;
  connectionName: string;
  /** Epoch ms of the read; null: it cannot be read now. */
  readAt: number | null;
  /** Why not; null where it was read. */
  why: string | null;
  /** Executions, of whichever pool or server, that have a session there; `(not shown)`: of a pool that the key may not see, `(of another pool)`: one of `others` there. */
  executionIds: string[];
  /**
   * Connections outside of the scope that lead to the same source (host, port, database): a hold on one does not hold
   * the other. What leads to several sources of the answer stands at the first.
   */
  others: DeskOtherConnection[];
}

export interface DeskOtherConnection {
  /** null, and so are the names: of pools that the key may not see; all of these are one entry. */
  connectionId: string | null;
  connectionName: string | null;
  poolName: string | null;
  /** What of it runs, waits, or was declared over without a proof. */
  executions: {
    /** `(of another pool)`: of a pool that the key may not see. */
    executionId: string;
    jobName: string | null;
    status: "QUEUED" | "RUNNING" | "DECLARED";
    /** Epoch ms since when its end is waited for; null: it is not. */
    endingSince: number | null;
    /** What the source said since it was declared over; null: it was not. */
    seen: DeskSettlement["seen"] | null;
  }[];
}

/** Body of `POST /desk/v1/executions/{executionId}/settle`, verb settle. */
export interface SettleRequest {
  because: string;
}

/** A person's word in the place of a proof. */
export interface DeskSettlement {
  executionId: string;
  at: number;
  by: string;
  because: string;
  /** What the source said since; "idle" closes the case. */
  seen: "unknown" | "busy" | "idle";
  seenAt: number;
  seenNote: string;
}

export interface DeskSettled {
  executionId: string;
  status: ExecutionStatus;
  /** `source idle` where the proof came before the declaration. */
  proof: DeskProof | null;
  settlement: DeskSettlement | null;
}

/** `GET /desk/v1/executions/{executionId}/receipt[?format=text]`, verb view: of an execution that is over. */
export interface DeskReceipt {
  executionId: string;
  poolId: string;
  poolName: string;
  jobId: string;
  jobName: string;
  mode: "FULL" | "DELTA";
  status: ExecutionStatus;
  failure: string | null;
  queuedAt: number;
  startedAt: number | null;
  endedAt: number;
  /** Who asked for the stop, in order; the first one's reason decided. Empty: nobody did. */
  callers: DeskCaller[];
  /** On the way to the end, in order. */
  steps: { at: number; step: string; note: string }[];
  proof: DeskProof;
  settlement: DeskSettlement | null;
  tables: DeskTableEffect[];
  /** What waits in the pool at the time of asking, and what holds it. */
  next: DeskStart[];
  holds: DeskHold[];
  asOf: number;
}

export interface DeskCaller {
  at: number;
  /** operator, guard, timeout, no-progress, shutdown or server-stopped. */
  by: string;
  keyName: string | null;
  channel: string | null;
  reason: string | null;
}

/** What the execution did to one table of the pool. */
export interface DeskTableEffect {
  task: string;
  table: string;
  /** Its name in the pool. */
  target: string;
  /** loaded: committed; discarded: read and thrown away; untouched: never begun; unknown: the pool could not be asked. */
  effect: "loaded" | "discarded" | "untouched" | "unknown";
  rows: number | null;
  bytes: number | null;
}

export type DeskStopAnswer = DeskStopDone | DeskStopNotProven;
