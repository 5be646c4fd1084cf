import type { ExecutionItem } from "../../model/execution.ts";
import type { ExecutionStore } from "../../model/state-store.ts";
import type { Connection } from "./connection.ts";
import { explain } from "./refusals.ts";
import type { Row } from "./row.ts";

type ItemStore = Pick<ExecutionStore, "saveItem" | "items" | "item">;

/** The lines of an execution's tree. An item keeps the place of its first save. */
export function itemStore(connection: Connection): ItemStore {
  return {
    async saveItem(item) {
      writeItem(connection, item);
    },

    async items(executionId) {
      const rows = connection.all(
        "SELECT * FROM execution_item WHERE execution_id = $executionId ORDER BY sequence",
        {
          executionId,
        },
      );
      return rows.map(toItem);
    },

    async item(id) {
      const row = connection.first("SELECT * FROM execution_item WHERE id = $id", { id });
      return row && toItem(row);
    },
  };
}

/** For whoever has a transaction of its own. */
export function writeItem(connection: Connection, item: ExecutionItem): void {
  const gone = {
    message: `execution ${item.executionId} does not exist`,
    next: "queue the execution first",
  };
  explain({ operation: "record progress", gone }, () =>
    connection.run(
      `INSERT INTO execution_item (id, execution_id, pool_id, job_id, task_id, step_id, type, name, status, mode,
         position, started_at, ended_at, rows, estimated_rows, bytes, effect)
       VALUES ($id, $executionId, $poolId, $jobId, $taskId, $stepId, $type, $name, $status, $mode,
         $position, $startedAt, $endedAt, $rows, $estimatedRows, $bytes, $effect)
       ON CONFLICT (id) DO UPDATE SET
         name = excluded.name, status = excluded.status, position = excluded.position,
         started_at = excluded.started_at, ended_at = excluded.ended_at, rows = excluded.rows,
         estimated_rows = excluded.estimated_rows, bytes = excluded.bytes, effect = excluded.effect`,
      { ...item },
    ),
  );
}

function toItem(row: Row): ExecutionItem {
  return {
    id: row.text("id"),
    executionId: row.text("execution_id"),
    poolId: row.text("pool_id"),
    jobId: row.text("job_id"),
    taskId: row.textOrNull("task_id"),
    stepId: row.textOrNull("step_id"),
    type: row.word("type"),
    name: row.text("name"),
    status: row.word("status"),
    mode: row.word("mode"),
    position: row.integer("position"),
    startedAt: row.integerOrNull("started_at"),
    endedAt: row.integerOrNull("ended_at"),
    rows: row.integerOrNull("rows"),
    estimatedRows: row.integerOrNull("estimated_rows"),
    bytes: row.integerOrNull("bytes"),
    effect: row.wordOrNull("effect"),
  };
}
