import type { Hold } from "./hold.ts";
import type { StopChannel } from "./stop.ts";

/**
 * The audit log: who did what, through which door, and what came of it. Records are only ever added, each
 * chained to the one before it (docs/audit.md says what that shows and what it does not).
 */

/**
 * asked: allowed, and about to be done; written before the operation.
 * done: what came of it; the same request id as its `asked`.
 * denied: not allowed or not well-formed, so that nothing was done.
 * event: something of the server itself, e.g. that it started.
 */
export type AuditPhase = "asked" | "done" | "denied" | "event";

/**
 * Acts that operators and shift reports know by a word of their own. A stop is done even if it cannot be recorded.
 * end: what was stopped, or declared over, came to its end after its answer had been given.
 */
export const deeds = ["stop", "hold", "release", "settle", "end"] as const;
export type Deed = (typeof deeds)[number];

/** A hold as it is recorded: with its scope, which ids alone do not tell. */
export type RecordedHold = Pick<Hold, "id" | "scope" | "objectId" | "until">;

export function recordedHold({ id, scope, objectId, until }: Hold): RecordedHold {
  return { id, scope, objectId, until };
}

/** What happened, as it is recorded. The order of the fields is the order in the stored line. */
export interface AuditEntry {
  /** Epoch ms of the happening. */
  at: number;
  /** The id that the caller was told; of a stop of the server itself one of its own; null for events. */
  requestId: string | null;
  phase: AuditPhase;
  /** Whose key it was. Of a key that is not accepted only the prefix is known; null without any. Never the key. */
  key: { id: string | null; name: string | null; prefix: string } | null;
  /** "server": nobody called for it; `action` and `because` say which rule of the server did. */
  channel: StopChannel | "server";
  /** Method and path template, or the words of an event. */
  action: string;
  deed: Deed | null;
  /** Ids of what it was about, by their names in the path template; `poolId` also where the path has none. */
  ids: Record<string, string>;
  /** Ids of the executions that it started, stopped or settled; of a release those that could start then. */
  executions: string[];
  /** Holds that it laid, ended, or would end: what each is laid on, and until when (epoch ms; null: its release). */
  holds: RecordedHold[];
  /** HTTP status of the answer; null before there is one. */
  status: number | null;
  /** What came of it, in the words of the answer, where it has any: `STOPPED`. */
  outcome: string | null;
  /** The reason that the caller gave. */
  because: string | null;
  /** Of the caller: the other end of the connection, or what a trusted proxy says of it. */
  address: string | null;
  /**
   * SHA-256 (hex) of the stored object that was changed, as it was and as it became; `before` is null for one that
   * was made, `after` for one that was deleted. Both null: nothing that is stored was changed by this.
   */
  before: string | null;
  after: string | null;
  /** True when it was written later than it happened, because it could not be written then. */
  late: boolean;
  /** How many happenings this one record stands for; more than 1 only where a flood is summed up. */
  times: number;
}

export interface AuditRecord extends AuditEntry {
  /** 1, 2, 3 ... without a gap. */
  sequence: number;
  /** Lower-case hex of 32 bytes. */
  hmac: string;
}

/** The newest record, enough to see later that nothing was cut off behind or before it. 0 and "": none yet. */
export type AuditHead = Pick<AuditRecord, "sequence" | "hmac">;

export interface AuditQuery {
  /** Absent: all. */
  poolId?: string;
  /** Epoch ms, from inclusive, to exclusive. */
  from: number;
  to: number;
  /** From 0. */
  page: number;
  limit: number;
}

/** Where records are kept. There is no way to change or remove one. */
export interface AuditLog {
  /** One transaction, durable when it resolves. Rejects when it cannot be written; then nothing is. */
  append(entry: AuditEntry): Promise<AuditHead>;
  head(): Promise<AuditHead>;
  /** In order of their times. */
  records(query: AuditQuery): Promise<{ records: AuditRecord[]; total: number }>;
  /** All of one request, in order of their times. */
  recordsOf(requestId: string): Promise<AuditRecord[]>;
  close(): Promise<void>;
}

/** What a look at the whole chain found. */
export type AuditVerdict =
  | { holds: true; records: number; head: AuditHead }
  /** `record`: sequence of the first one that is wrong; null where it is none of them in particular. */
  | { holds: false; record: number | null; reason: string };
