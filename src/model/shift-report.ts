import type { AuditRecord } from "./audit.ts";
import type { Execution } from "./execution.ts";
import type { RelayedReceipt } from "./receipt.ts";

/** What happened in a pool in a stretch of time, for the shift that comes next. */
export interface ShiftReport {
  poolId: string;
  poolName: string;
  /** Has the runs of the pool, which are then none of this; null: this server itself. */
  team: { id: string; name: string } | null;
  /** Epoch ms, inclusive. */
  from: number;
  /** Epoch ms, exclusive. */
  to: number;
  /** Epoch ms of the read. */
  asOf: number;
  /** Ran or waited in this time, oldest first. */
  ran: Execution[];
  stops: Act[];
  /** Holds and releases. */
  holds: Act[];
  settles: Act[];
  /** Ends that came after the answer to their stop, and what the source said of what was declared over. */
  ends: Act[];
  denied: Act[];
  /** Not over at `asOf`. */
  open: Execution[];
  /** A list was longer than what a report holds. */
  cut: boolean;
}

/** One call, or one act of the server itself: its last record, at the time of its first. */
export interface Act {
  at: number;
  record: AuditRecord;
  /** Those of its record; null: gone with its job, or of another team. `relayed`: what is known of one of those. */
  executions: { id: string; execution: Execution | null; relayed: RelayedReceipt | null }[];
  /** null where it is about no one job, or that is gone. */
  jobName: string | null;
}

/** Most entries of a list of a report. */
export const mostReported = 1000;
