import type { ExecutionStatus, KeyVerb } from "./enums.ts";

/** Our own API under /desk/v1: what the wire of the contract cannot say. Only grows. */

/** `GET /desk/v1/about`, any valid key: tells a Nightdesk from any other team. */
export interface DeskAbout {
  product: "nightdesk";
  version: string;
  /** A terminal status here is written only after the source was looked at. */
  proof: "source";
  /** The server's clock, epoch ms. */
  time: number;
}

/** `GET /desk/v1/pools/{poolId}/status`, verb view: a fresh read. */
export interface DeskStatus {
  poolId: string;
  poolName: string;
  /** Epoch ms of the read. */
  asOf: number;
  jobs: DeskJob[];
}

export interface DeskJob {
  id: string;
  name: string;
  /** null: never ran. */
  status: ExecutionStatus | null;
  /** The latest execution. */
  executionId: string | null;
  startedAt: number | null;
  /** Rows read so far over all tables of an active execution; null where nothing was read or it is over. */
  rows: number | null;
  /** The source's estimate over all its tables; null unless every started table has one. */
  estimatedRows: number | null;
  /** Set while a stop was asked for and is not proven. */
  stopping: DeskStopping | null;
}

export interface DeskStopping {
  requestedAt: number;
  level: DeskProofLevel;
  /** One line: what is waited for. */
  why: string;
  /** How often a stop was asked for. */
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

export type DeskStopAnswer = DeskStopDone | DeskStopNotProven;

export interface KeyGrant {
  /** A pool id, or "*": every pool and what belongs to no pool. */
  poolId: string;
  verbs: KeyVerb[];
}

/** Body of `POST /desk/v1/keys`, verb admin on "*". */
export interface NewKey {
  name: string;
  grants: KeyGrant[];
  /** Epoch ms; absent: never. */
  expiresAt?: number | null;
}

export interface KeyTransport {
  id: string;
  name: string;
  /** First characters of the key: enough to recognise it. */
  prefix: string;
  grants: KeyGrant[];
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
}

/** Answer to the POST: the only time the key itself is shown. */
export interface CreatedKey extends KeyTransport {
  key: string;
}
