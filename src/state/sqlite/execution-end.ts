import type { ExecutionStore } from "../../model/state-store.ts";
import type { EndStep, Settlement } from "../../model/stop.ts";
import { storable, type Connection } from "./connection.ts";
import type { Row } from "./row.ts";

type EndStore = Pick<
  ExecutionStore,
  "recordStep" | "endSteps" | "settlement" | "openSettlements" | "noteSettlement"
>;

/** How executions ended: the steps that led there, and where a person's word stands in for the proof. */
export function endStore(connection: Connection): EndStore {
  return {
    async recordStep(id, { at, step, note }) {
      connection.run("INSERT INTO end_step (execution_id, at, step, note) VALUES ($id, $at, $step, $note)", {
        id,
        at,
        step,
        note: storable(note),
      });
    },

    async endSteps(id) {
      return connection
        .all("SELECT at, step, note FROM end_step WHERE execution_id = $id ORDER BY sequence", { id })
        .map((row): EndStep => ({
          at: row.integer("at"),
          step: row.word("step"),
          note: row.text("note"),
        }));
    },

    async settlement(id) {
      const row = connection.first("SELECT * FROM settlement WHERE execution_id = $id", { id });
      return row && toSettlement(row);
    },

    async openSettlements(poolId) {
      const all = "SELECT * FROM settlement WHERE seen <> 'idle'";
      const rows =
        poolId === null
          ? connection.all(`${all} ORDER BY pool_id, sequence`)
          : connection.all(`${all} AND pool_id = $poolId ORDER BY sequence`, { poolId });
      return rows.map(toSettlement);
    },

    async noteSettlement(id, seen, at, note) {
      connection.run(
        "UPDATE settlement SET seen = $seen, seen_at = $at, seen_note = $note WHERE execution_id = $id AND seen <> 'idle'",
        { id, seen, at, note: storable(note) },
      );
    },
  };
}

/** In the transaction that ends the execution. */
export function insertSettlement(connection: Connection, settlement: Settlement): void {
  const { because, seenNote } = settlement;
  connection.run(
    `INSERT INTO settlement (execution_id, pool_id, at, key_name, because, seen, seen_at, seen_note)
     VALUES ($executionId, $poolId, $at, $keyName, $because, $seen, $seenAt, $seenNote)`,
    { ...settlement, because: storable(because), seenNote: storable(seenNote) },
  );
}

function toSettlement(row: Row): Settlement {
  return {
    executionId: row.text("execution_id"),
    poolId: row.text("pool_id"),
    at: row.integer("at"),
    keyName: row.text("key_name"),
    because: row.text("because"),
    seen: row.word("seen"),
    seenAt: row.integer("seen_at"),
    seenNote: row.text("seen_note"),
  };
}
