import type { DeskProof, HoldScope } from "./desk.ts";
import type { ExecutionStatus } from "./enums.ts";

/** Audit log and shift report of a Nightdesk. Only grows: readers ignore fields they do not know. */

/** A point of time in both forms. */
export interface Instant {
  /** Epoch ms. */
  ms: number;
  /** ISO 8601, UTC: `2026-06-18T15:00:00.000Z`. */
  utc: string;
}

/** Whose key it was; only the prefix is known of a key that was not accepted. */
export interface AuditKey {
  id: string | null;
  name: string | null;
  prefix: string;
}

/** "server": nobody called for it. */
export type AuditChannel = "wire" | "desk" | "page" | "text" | "internal" | "server";

/** A hold that a call laid, ended, or would end. */
export interface RecordedHold {
  id: string;
  scope: HoldScope;
  /** Of the pool, connection or job. */
  objectId: string;
  /** Epoch ms; null: until its release. */
  until: number | null;
}

/** One record; what the words mean: docs/audit.md. */
export interface AuditRecordTransport {
  sequence: number;
  at: Instant;
  requestId: string | null;
  phase: "asked" | "done" | "denied" | "event";
  key: AuditKey | null;
  channel: AuditChannel;
  action: string;
  deed: "stop" | "hold" | "release" | "settle" | "end" | null;
  ids: Record<string, string>;
  executions: string[];
  holds: RecordedHold[];
  status: number | null;
  outcome: string | null;
  because: string | null;
  address: string | null;
  /** SHA-256 (hex) of the changed object as it was and as it became; both null where none was changed. */
  before: string | null;
  after: string | null;
  late: boolean;
  times: number;
  hmac: string;
}

/**
 * `GET /desk/v1/audit?from=&to=&page=&limit=`, verb admin on "*": in order of time. `from` and `to` (exclusive)
 * are epoch ms or ISO 8601 with a zone; absent: from the beginning, to now.
 */
export interface AuditPage {
  records: AuditRecordTransport[];
  numOfPages: number;
  /** The newest record of all, for `nightdesk audit verify --head`; 0 and "" where there is none. */
  head: { sequence: number; hmac: string };
}

/** `GET /desk/v1/pools/{poolId}/report?from=&to=&format=&zone=`, verb view: the report of a shift. `format=text`: as text, its
 * times in `zone`, else in that of the pool's desk settings, and in UTC. */
export interface DeskReport {
  poolId: string;
  poolName: string;
  /**
   * Set for a pool of another team: that team has its runs, so `ran` and `open` are empty whatever ran, and this is what
   * was asked for here. Absent from a server of an earlier version.
   */
  team?: { id: string; name: string } | null;
  from: Instant;
  /** Exclusive. */
  to: Instant;
  /** When this was read; what is open is open then. */
  asOf: Instant;
  /** Executions that ran or waited in this time, oldest first. */
  ran: ReportedExecution[];
  /** Every stop that was asked for and allowed, and those of the server itself: the same that the audit log has. */
  stops: ReportedAct[];
  /** Holds and releases, dry runs of releases too, and ends of holds by their time. */
  holds: ReportedAct[];
  settles: ReportedAct[];
  /** Ends that came after the answer to their stop; what the source said since of what was declared over. */
  ends: ReportedAct[];
  /** Attempts of whatever kind that were refused: the key had no right to (401, 403, 404), or not at this moment (409). */
  denied: ReportedAct[];
  /** Of the pool, not over at `asOf`, whenever it began. */
  open: ReportedExecution[];
  /** True where a list was cut at its limit of 1000; ask for a shorter time. */
  cut: boolean;
}

export interface ReportedExecution {
  executionId: string;
  jobId: string;
  jobName: string;
  status: ExecutionStatus;
  queuedAt: Instant;
  startedAt: Instant | null;
  endedAt: Instant | null;
  /** Why it was told to stop, one line with who; null: it was not. */
  stopped: string | null;
  proof: DeskProof | null;
  failure: string | null;
}

/** One call, or one act of the server itself, its `asked` and `done` put together. */
export interface ReportedAct {
  at: Instant;
  requestId: string | null;
  key: AuditKey | null;
  channel: AuditChannel;
  action: string;
  jobId: string | null;
  /** null where it is about none, or it is gone. */
  jobName: string | null;
  /** Those that it started, stopped or settled; of a release those that could start then. */
  executions: TouchedExecution[];
  /** Those that it laid, ended, or would end. */
  holds: RecordedHold[];
  /** null without an outcome: the server ended before it could record the result. */
  status: number | null;
  outcome: string | null;
  because: string | null;
  address: string | null;
  times: number;
}

export interface TouchedExecution {
  executionId: string;
  /** null: it is gone with its job. */
  jobName: string | null;
  /** How far its end is proven at `asOf`; null also of a dry run, which it does not come from. */
  proof: DeskProof | null;
}
