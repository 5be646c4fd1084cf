/** A state with a long past, written by SQL into the schema of the server itself. */
import { randomUUID } from "node:crypto";
import { Connection } from "../src/state/sqlite/connection.ts";
import { migrate } from "../src/state/sqlite/migrations.ts";

/** One pool whose jobs have had `executions` runs in all, evenly, each a SUCCESS. Returns the pool's id. */
export async function fillPast(
  file: string,
  { jobs, executions }: { jobs: number; executions: number },
): Promise<string> {
  const connection = new Connection(file);
  const poolId = randomUUID();
  try {
    migrate(connection, file);
    connection.run("INSERT INTO pool (id, name, created_at) VALUES ($poolId, 'SAP ECC', 1)", { poolId });
    for (let number = 1; number <= jobs; number += 1) {
      connection.run("INSERT INTO job (id, pool_id, name, created_at) VALUES ($id, $poolId, $name, 1)", {
        id: randomUUID(),
        poolId,
        name: `Data job ${String(number)}`,
      });
    }
    const slice = 50_000;
    for (let from = 0; from < executions; from += slice) {
      const to = Math.min(from + slice, executions);
      connection.transaction(() => insertPast(connection, { jobs, from, to }));
    }
  } finally {
    connection.close();
  }
  return poolId;
}

/** Ids are unique and in no order, as those of real executions are. */
function insertPast(connection: Connection, slice: { jobs: number; from: number; to: number }): void {
  connection.run(
    `WITH RECURSIVE number (n) AS (SELECT $from UNION ALL SELECT n + 1 FROM number WHERE n + 1 < $to)
     INSERT INTO execution (id, pool_id, job_id, job_name, mode, status, queued_at, started_at, ended_at,
       proof_level, proof_at, proof_note, source_touched)
     SELECT substr(hex, 1, 8) || '-' || substr(hex, 9, 4) || '-' || substr(hex, 13, 4) || '-' || substr(hex, 17, 4)
         || '-' || substr(hex, 21),
       job.pool_id, job.id, job.name, 'FULL', 'SUCCESS', 1750000000000 + n * 1000, 1750000000100 + n * 1000,
       1750000000900 + n * 1000, 'source idle', 1750000000900 + n * 1000, 'the list of sessions holds none', 1
     FROM (SELECT n, lower(hex(randomblob(16))) AS hex FROM number) JOIN job ON job.sequence = 1 + n % $jobs
     ORDER BY n`,
    slice,
  );
  connection.run(
    `INSERT INTO run_plan (execution_id, plan)
     SELECT id, json_object('executionId', id, 'poolId', pool_id, 'jobId', job_id, 'jobName', job_name,
       'mode', mode, 'dataSource', NULL, 'tasks', json_array())
     FROM execution WHERE sequence > $from AND sequence <= $to`,
    { from: slice.from, to: slice.to },
  );
}
