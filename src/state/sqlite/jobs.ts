import type { Job } from "../../model/definitions.ts";
import type { DefinitionStore, ExecutionStore, JobStatus } from "../../model/state-store.ts";
import { refuseWhileActive } from "./active.ts";
import type { Connection } from "./connection.ts";
import { explain, mustExist } from "./refusals.ts";
import type { Refusals } from "./refusals.ts";
import type { Row } from "./row.ts";

type JobStore = Pick<DefinitionStore, "jobs" | "job" | "insertJob" | "updateJob" | "deleteJob"> &
  Pick<ExecutionStore, "poolStatus" | "jobStatus">;

const statusColumns = "id, name, latest_status, latest_execution_id, latest_started_at";

export function jobStore(connection: Connection): JobStore {
  return {
    async jobs(poolId) {
      return connection
        .all("SELECT * FROM job WHERE pool_id = $poolId ORDER BY sequence", { poolId })
        .map(toJob);
    },

    async job(id) {
      const row = connection.first("SELECT * FROM job WHERE id = $id", { id });
      return row && toJob(row);
    },

    async insertJob(job) {
      explain(refusals("create a job", job), () =>
        connection.run(
          `INSERT INTO job (id, pool_id, name, data_source_id, created_at)
           VALUES ($id, $poolId, $name, $dataSourceId, $createdAt)`,
          { ...job },
        ),
      );
    },

    async updateJob(job) {
      const { id, name, dataSourceId } = job;
      const changes = explain(refusals("change a job", job), () =>
        connection.run("UPDATE job SET name = $name, data_source_id = $dataSourceId WHERE id = $id", {
          id,
          name,
          dataSourceId,
        }),
      );
      mustExist(changes, "change a job", `job ${id}`);
    },

    async deleteJob(id) {
      connection.transaction(() => {
        refuseWhileActive(connection, "delete a job", "SELECT $id", id);
        connection.run("DELETE FROM job WHERE id = $id", { id });
      });
    },

    async poolStatus(poolId) {
      const rows = connection.all(
        `SELECT ${statusColumns} FROM job WHERE pool_id = $poolId ORDER BY sequence`,
        {
          poolId,
        },
      );
      return rows.map(toStatus);
    },

    async jobStatus(jobId) {
      const row = connection.first(`SELECT ${statusColumns} FROM job WHERE id = $jobId`, { jobId });
      return row && toStatus(row);
    },
  };
}

function refusals(operation: string, { name, poolId, dataSourceId }: Job): Refusals {
  const parents =
    dataSourceId === null ? `pool ${poolId}` : `pool ${poolId} or its connection ${dataSourceId}`;
  return {
    operation,
    taken: {
      message: `the pool has a job named "${name}" already`,
      attribute: "name",
      next: "choose another name",
    },
    gone: {
      message: `${parents} does not exist`,
      ...(dataSourceId === null ? {} : { attribute: "dataSourceId" }),
      next: "use the ids of an existing pool and of one of its connections",
    },
  };
}

function toJob(row: Row): Job {
  return {
    id: row.text("id"),
    poolId: row.text("pool_id"),
    name: row.text("name"),
    dataSourceId: row.textOrNull("data_source_id"),
    createdAt: row.integer("created_at"),
  };
}

function toStatus(row: Row): JobStatus {
  return {
    jobId: row.text("id"),
    jobName: row.text("name"),
    status: row.wordOrNull("latest_status"),
    executionId: row.textOrNull("latest_execution_id"),
    startedAt: row.integerOrNull("latest_started_at"),
  };
}
