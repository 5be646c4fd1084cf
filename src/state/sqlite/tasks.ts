import type { Task } from "../../model/definitions.ts";
import type { DefinitionStore } from "../../model/state-store.ts";
import type { Connection } from "./connection.ts";
import { flag } from "./connection.ts";
import { explain, mustExist } from "./refusals.ts";
import type { Row } from "./row.ts";

type TaskStore = Pick<DefinitionStore, "tasks" | "task" | "insertTask" | "updateTask" | "deleteTask">;

/** Positions in a job are 1..n after every call. A position outside of that means the end. */
export function taskStore(connection: Connection): TaskStore {
  return {
    async tasks(jobId) {
      return connection
        .all("SELECT * FROM task WHERE job_id = $jobId ORDER BY position", { jobId })
        .map(toTask);
    },

    async task(id) {
      const row = find(connection, id);
      return row && toTask(row);
    },

    async insertTask(task) {
      const { jobId } = task;
      const refusals = {
        operation: "create a task",
        taken: { message: `there is a task with the id ${task.id} already`, next: "use another id" },
        gone: {
          message: `job ${jobId} does not exist`,
          attribute: "jobId",
          next: "use the id of an existing job",
        },
      };
      connection.transaction(() => {
        const position = openPosition(connection, jobId, task.position);
        explain(refusals, () =>
          connection.run(
            `INSERT INTO task (id, template_id, pool_id, job_id, type, name, description, disabled, position,
               statement, created_at, edited_at)
             VALUES ($id, $templateId, $poolId, $jobId, $type, $name, $description, $disabled, $position,
               $statement, $createdAt, $editedAt)`,
            { ...task, disabled: flag(task.disabled), position },
          ),
        );
      });
    },

    async updateTask({ id, name, description, disabled, position, statement, editedAt }) {
      connection.transaction(() => {
        const old = find(connection, id);
        if (old === null) return mustExist(0, "change a task", `task ${id}`);
        // Out of the row, then in again where it belongs.
        closePosition(connection, old);
        const free = openPosition(connection, old.text("job_id"), position, id);
        connection.run(
          `UPDATE task SET name = $name, description = $description, disabled = $disabled, position = $position,
             statement = $statement, edited_at = $editedAt WHERE id = $id`,
          { id, name, description, disabled: flag(disabled), position: free, statement, editedAt },
        );
      });
    },

    async deleteTask(id) {
      connection.transaction(() => {
        const old = find(connection, id);
        if (old === null) return;
        connection.run("DELETE FROM task WHERE id = $id", { id });
        closePosition(connection, old);
      });
    },
  };
}

function find(connection: Connection, id: string): Row | null {
  return connection.first("SELECT * FROM task WHERE id = $id", { id });
}

/** Makes room at the wanted position among the tasks of the job other than `without`. */
function openPosition(connection: Connection, jobId: string, wanted: number, without = ""): number {
  const others = connection.first("SELECT count(*) AS n FROM task WHERE job_id = $jobId AND id <> $without", {
    jobId,
    without,
  });
  const end = (others?.integer("n") ?? 0) + 1;
  const position = Number.isInteger(wanted) && wanted >= 1 && wanted < end ? wanted : end;
  connection.run(
    "UPDATE task SET position = position + 1 WHERE job_id = $jobId AND position >= $position AND id <> $without",
    { jobId, position, without },
  );
  return position;
}

function closePosition(connection: Connection, task: Row): void {
  connection.run("UPDATE task SET position = position - 1 WHERE job_id = $jobId AND position > $position", {
    jobId: task.text("job_id"),
    position: task.integer("position"),
  });
}

function toTask(row: Row): Task {
  return {
    id: row.text("id"),
    templateId: row.text("template_id"),
    poolId: row.text("pool_id"),
    jobId: row.text("job_id"),
    type: row.word("type"),
    name: row.text("name"),
    description: row.textOrNull("description"),
    disabled: row.flag("disabled"),
    position: row.integer("position"),
    statement: row.textOrNull("statement"),
    createdAt: row.integer("created_at"),
    editedAt: row.integer("edited_at"),
  };
}
