import type { Execution } from "../../model/execution.ts";
import type { Hold } from "../../model/hold.ts";
import type { HoldStore } from "../../model/state-store.ts";
import { storable, type Connection } from "./connection.ts";
import { explain } from "./refusals.ts";
import type { Row } from "./row.ts";

/** At $at. */
const inForce = "ended_at IS NULL AND (until IS NULL OR until > $at)";

/** A hold that covers the row of `execution`: asked in the very statement that starts it. */
export const holdsExecution = `SELECT 1 FROM hold
  WHERE object_id IN (execution.pool_id, execution.job_id, execution.data_source_id) AND ${inForce}`;

/** The hold that keeps this execution from being queued now; the one that lasts longest of several. */
export function holdOver(connection: Connection, { poolId, jobId, plan, queuedAt }: Execution): Hold | null {
  const row = connection.first(
    `SELECT * FROM hold WHERE object_id IN ($poolId, $jobId, $dataSourceId) AND ${inForce}
     ORDER BY until IS NOT NULL, until DESC LIMIT 1`,
    { poolId, jobId, dataSourceId: plan.dataSource?.id ?? null, at: queuedAt },
  );
  return row && toHold(row);
}

export function inForceIn(connection: Connection, poolId: string, at: number): Hold[] {
  return connection
    .all(`SELECT * FROM hold WHERE pool_id = $poolId AND ${inForce} ORDER BY sequence`, { poolId, at })
    .map(toHold);
}

/** False if it was not in force. */
export function endHold(connection: Connection, id: string, at: number, by: string): boolean {
  const changes = connection.run(
    `UPDATE hold SET ended_at = $at, ended_by = $by WHERE id = $id AND ${inForce}`,
    { id, at, by },
  );
  return changes === 1;
}

export function holdStore(connection: Connection): Omit<HoldStore, "queueAt" | "endHolds"> {
  return {
    async insertHold(hold, spared = []) {
      const gone = { message: `pool ${hold.poolId} does not exist`, next: "use the id of an existing pool" };
      const insert = (): void => {
        connection.run(
          `INSERT INTO hold (id, pool_id, scope, object_id, key_name, because, created_at, until, ended_at, ended_by)
           VALUES ($id, $poolId, $scope, $objectId, $keyName, $because, $createdAt, $until, $endedAt, $endedBy)`,
          { ...hold, because: hold.because === null ? null : storable(hold.because) },
        );
        for (const executionId of new Set(spared)) {
          connection.run("INSERT INTO relayed_spared (hold_id, execution_id) VALUES ($id, $executionId)", {
            id: hold.id,
            executionId,
          });
        }
      };
      explain({ operation: "lay a hold", gone }, () => connection.transaction(insert));
    },

    async hold(id) {
      const row = connection.first("SELECT * FROM hold WHERE id = $id", { id });
      return row && toHold(row);
    },

    async holds(poolId, at) {
      return inForceIn(connection, poolId, at);
    },

    async holdsOver(at) {
      return connection
        .all("SELECT * FROM hold WHERE ended_at IS NULL AND until <= $at ORDER BY until, sequence", { at })
        .map(toHold);
    },

    async noteHoldOver(id) {
      connection.run(
        "UPDATE hold SET ended_at = until, ended_by = 'its time' WHERE id = $id AND ended_at IS NULL AND until IS NOT NULL",
        { id },
      );
    },

    async nextHoldEnd(at) {
      const row = connection.first(
        "SELECT until FROM hold WHERE ended_at IS NULL AND until > $at ORDER BY until LIMIT 1",
        { at },
      );
      return row && row.integer("until");
    },
  };
}

function toHold(row: Row): Hold {
  return {
    id: row.text("id"),
    poolId: row.text("pool_id"),
    scope: row.word("scope"),
    objectId: row.text("object_id"),
    keyName: row.text("key_name"),
    because: row.textOrNull("because"),
    createdAt: row.integer("created_at"),
    until: row.integerOrNull("until"),
    endedAt: row.integerOrNull("ended_at"),
    endedBy: row.textOrNull("ended_by"),
  };
}
