import type { PoolColumn, TaskVariable } from "../../model/definitions.ts";
import type { DefinitionStore } from "../../model/state-store.ts";
import type { Connection, Parameters } from "./connection.ts";
import { flag } from "./connection.ts";
import { explain, mustExist, type Refusals } from "./refusals.ts";
import type { Row } from "./row.ts";

type VariableStore = Pick<
  DefinitionStore,
  | "variables"
  | "variable"
  | "insertVariable"
  | "updateVariable"
  | "deleteVariable"
  | "extractionConfiguration"
  | "saveExtractionConfiguration"
>;

/** What belongs to a task beside its tables. */
export function variableStore(connection: Connection): VariableStore {
  return {
    async variables(taskId) {
      return connection
        .all("SELECT * FROM task_variable WHERE task_id = $taskId ORDER BY sequence", { taskId })
        .map(toVariable);
    },

    async variable(id) {
      const row = connection.first("SELECT * FROM task_variable WHERE id = $id", { id });
      return row && toVariable(row);
    },

    async insertVariable(variable) {
      explain(refusals("create a variable", variable), () =>
        connection.run(
          `INSERT INTO task_variable (id, task_id, name, placeholder, description, type, data_type, value,
             default_value, greatest_of)
           VALUES ($id, $taskId, $name, $placeholder, $description, $type, $dataType, $value, $defaultValue,
             $greatestOf)`,
          { ...stored(variable), taskId: variable.taskId },
        ),
      );
    },

    async updateVariable(variable) {
      const changes = explain(refusals("change a variable", variable), () =>
        connection.run(
          `UPDATE task_variable SET name = $name, placeholder = $placeholder, description = $description,
             type = $type, data_type = $dataType, value = $value, default_value = $defaultValue,
             greatest_of = $greatestOf
           WHERE id = $id`,
          stored(variable),
        ),
      );
      mustExist(changes, "change a variable", `variable ${variable.id}`);
    },

    async deleteVariable(id) {
      connection.run("DELETE FROM task_variable WHERE id = $id", { id });
    },

    async extractionConfiguration(taskId) {
      const row = connection.first("SELECT * FROM extraction_configuration WHERE task_id = $taskId", {
        taskId,
      });
      return (
        row && {
          ignoreMetadataChanges: row.flag("ignore_metadata_changes"),
          extra: row.json<Record<string, unknown>>("extra"),
        }
      );
    },

    async saveExtractionConfiguration(taskId, { ignoreMetadataChanges, extra }) {
      const gone = { message: `task ${taskId} does not exist`, next: "use the id of an existing extraction" };
      explain({ operation: "configure an extraction", gone }, () =>
        connection.run(
          `INSERT INTO extraction_configuration (task_id, ignore_metadata_changes, extra)
           VALUES ($taskId, $ignoreMetadataChanges, $extra)
           ON CONFLICT (task_id) DO UPDATE SET ignore_metadata_changes = $ignoreMetadataChanges, extra = $extra`,
          { taskId, ignoreMetadataChanges: flag(ignoreMetadataChanges), extra: JSON.stringify(extra) },
        ),
      );
    },
  };
}

function refusals(operation: string, { placeholder, taskId }: TaskVariable): Refusals {
  return {
    operation,
    taken: {
      message: `the task has a variable with the placeholder "${placeholder}" already`,
      attribute: "placeholder",
      next: "choose another placeholder",
    },
    gone: { message: `task ${taskId} does not exist`, next: "use the id of an existing task" },
  };
}

function stored({ taskId: _task, greatestOf, ...variable }: TaskVariable): Parameters {
  return { ...variable, greatestOf: greatestOf === null ? null : JSON.stringify(greatestOf) };
}

function toVariable(row: Row): TaskVariable {
  return {
    id: row.text("id"),
    taskId: row.text("task_id"),
    name: row.text("name"),
    placeholder: row.text("placeholder"),
    description: row.textOrNull("description"),
    type: row.word("type"),
    dataType: row.word("data_type"),
    value: row.textOrNull("value"),
    defaultValue: row.textOrNull("default_value"),
    greatestOf: row.textOrNull("greatest_of") === null ? null : row.json<PoolColumn>("greatest_of"),
  };
}
