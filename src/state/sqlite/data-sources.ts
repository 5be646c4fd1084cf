import type { DataSource, PostgresConfiguration } from "../../model/definitions.ts";
import { UserError } from "../../model/errors.ts";
import type { DefinitionStore } from "../../model/state-store.ts";
import type { Connection } from "./connection.ts";
import { explain, mustExist } from "./refusals.ts";
import type { Refusals } from "./refusals.ts";
import type { Row } from "./row.ts";

type DataSourceStore = Pick<
  DefinitionStore,
  "dataSources" | "dataSource" | "insertDataSource" | "updateDataSource" | "deleteDataSource"
>;

export function dataSourceStore(connection: Connection): DataSourceStore {
  return {
    async dataSources(poolId) {
      const rows = connection.all("SELECT * FROM data_source WHERE pool_id = $poolId ORDER BY sequence", {
        poolId,
      });
      return rows.map(toDataSource);
    },

    async dataSource(id) {
      const row = connection.first("SELECT * FROM data_source WHERE id = $id", { id });
      return row && toDataSource(row);
    },

    async insertDataSource(source) {
      explain(refusals("create a connection", source), () =>
        connection.run(
          `INSERT INTO data_source (id, pool_id, name, type, configuration, sealed_password, created_at)
           VALUES ($id, $poolId, $name, $type, $configuration, $sealedPassword, $createdAt)`,
          { ...source, configuration: JSON.stringify(source.configuration) },
        ),
      );
    },

    async updateDataSource(source) {
      const { id, name, configuration, sealedPassword } = source;
      const changes = explain(refusals("change a connection", source), () =>
        connection.run(
          `UPDATE data_source SET name = $name, configuration = $configuration, sealed_password = $sealedPassword
           WHERE id = $id`,
          { id, name, configuration: JSON.stringify(configuration), sealedPassword },
        ),
      );
      mustExist(changes, "change a connection", `connection ${id}`);
    },

    async deleteDataSource(id) {
      connection.transaction(() => {
        refuseWhileNamed(connection, id);
        connection.run("DELETE FROM data_source WHERE id = $id", { id });
      });
    },
  };
}

/** A running plan counts too: without its connection nobody could look at the source and prove the end. */
function refuseWhileNamed(connection: Connection, id: string): void {
  const user = connection.first(
    `SELECT job.name FROM data_source JOIN job
       ON job.pool_id = data_source.pool_id AND job.data_source_id = data_source.id
     WHERE data_source.id = $id
     UNION ALL
     SELECT execution.job_name FROM execution JOIN run_plan ON run_plan.execution_id = execution.id
     WHERE (status = 'QUEUED' OR status = 'RUNNING') AND json_extract(plan, '$.dataSource.id') = $id
     LIMIT 1`,
    { id },
  );
  if (user === null) return;
  throw new UserError("conflict", `the job "${user.text("name")}" uses it`, {
    operation: "delete a connection",
    next: "delete the job or give it another connection, then try again",
  });
}

function refusals(operation: string, { name, poolId }: DataSource): Refusals {
  return {
    operation,
    taken: {
      message: `the pool has a connection named "${name}" already`,
      attribute: "name",
      next: "choose another name",
    },
    gone: {
      message: `pool ${poolId} does not exist`,
      attribute: "poolId",
      next: "use the id of an existing pool",
    },
  };
}

function toDataSource(row: Row): DataSource {
  return {
    id: row.text("id"),
    poolId: row.text("pool_id"),
    name: row.text("name"),
    type: row.word("type"),
    configuration: row.json<PostgresConfiguration>("configuration"),
    sealedPassword: row.text("sealed_password"),
    createdAt: row.integer("created_at"),
  };
}
