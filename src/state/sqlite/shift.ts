import type { ShiftStore } from "../../model/state-store.ts";
import type { Connection } from "./connection.ts";

/** Which executions belong to a stretch of time. */
export function shiftStore(connection: Connection): ShiftStore {
  return {
    async executionsWithin(poolId, { from, to, limit }) {
      // Two ranges of one index: what ended since, and what has no end.
      const rows = connection.all(
        `SELECT id, queued_at, sequence FROM execution
         WHERE pool_id = $poolId AND ended_at >= $from AND queued_at < $to
         UNION ALL
         SELECT id, queued_at, sequence FROM execution
         WHERE pool_id = $poolId AND ended_at IS NULL AND queued_at < $to
         ORDER BY queued_at, sequence LIMIT $limit`,
        { poolId, from, to, limit },
      );
      return rows.map((row) => row.text("id"));
    },
  };
}
