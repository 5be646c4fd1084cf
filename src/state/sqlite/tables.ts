import type { ColumnSelection, TableExtraction } from "../../model/definitions.ts";
import type { DefinitionStore } from "../../model/state-store.ts";
import type { Connection, Parameters } from "./connection.ts";
import { flag } from "./connection.ts";
import { explain, mustExist } from "./refusals.ts";
import type { Row } from "./row.ts";

type TableStore = Pick<DefinitionStore, "tables" | "table" | "insertTables" | "updateTables" | "deleteTable">;

export function tableStore(connection: Connection): TableStore {
  return {
    async tables(taskId) {
      const rows = connection.all(
        "SELECT * FROM table_extraction WHERE task_id = $taskId ORDER BY position, sequence",
        { taskId },
      );
      return rows.map(toTable);
    },

    async table(id) {
      const row = connection.first("SELECT * FROM table_extraction WHERE id = $id", { id });
      return row && toTable(row);
    },

    async insertTables(tables) {
      connection.transaction(() => {
        for (const table of tables) insert(connection, table);
      });
    },

    async updateTables(tables) {
      connection.transaction(() => {
        for (const table of tables) update(connection, table);
      });
    },

    async deleteTable(id) {
      connection.run("DELETE FROM table_extraction WHERE id = $id", { id });
    },
  };
}

function insert(connection: Connection, table: TableExtraction): void {
  const refusals = {
    operation: "add a table to an extraction",
    taken: { message: `there is a table with the id ${table.id} already`, next: "use another id" },
    gone: {
      message: `task ${table.taskId} does not exist`,
      attribute: "taskId",
      next: "use the id of an existing extraction task",
    },
  };
  explain(refusals, () =>
    connection.run(
      `INSERT INTO table_extraction (id, task_id, job_id, table_name, schema_name, target_table_name, filter,
         delta_filter, columns, use_manual_primary_keys, disabled, position, extra)
       VALUES ($id, $taskId, $jobId, $tableName, $schemaName, $targetTableName, $filter, $deltaFilter, $columns,
         $useManualPrimaryKeys, $disabled, $position, $extra)`,
      { ...stored(table), taskId: table.taskId, jobId: table.jobId },
    ),
  );
}

function update(connection: Connection, table: TableExtraction): void {
  const changes = connection.run(
    `UPDATE table_extraction SET table_name = $tableName, schema_name = $schemaName,
       target_table_name = $targetTableName, filter = $filter, delta_filter = $deltaFilter, columns = $columns,
       use_manual_primary_keys = $useManualPrimaryKeys, disabled = $disabled, position = $position, extra = $extra
     WHERE id = $id`,
    stored(table),
  );
  mustExist(changes, "change a table of an extraction", `table ${table.id}`);
}

function stored({ taskId: _task, jobId: _job, ...table }: TableExtraction): Parameters {
  return {
    ...table,
    columns: JSON.stringify(table.columns),
    useManualPrimaryKeys: flag(table.useManualPrimaryKeys),
    disabled: flag(table.disabled),
    extra: JSON.stringify(table.extra),
  };
}

function toTable(row: Row): TableExtraction {
  return {
    id: row.text("id"),
    taskId: row.text("task_id"),
    jobId: row.text("job_id"),
    tableName: row.text("table_name"),
    schemaName: row.textOrNull("schema_name"),
    targetTableName: row.textOrNull("target_table_name"),
    filter: row.textOrNull("filter"),
    deltaFilter: row.textOrNull("delta_filter"),
    columns: row.json<ColumnSelection[]>("columns"),
    useManualPrimaryKeys: row.flag("use_manual_primary_keys"),
    disabled: row.flag("disabled"),
    position: row.integer("position"),
    extra: row.json<Record<string, unknown>>("extra"),
  };
}
