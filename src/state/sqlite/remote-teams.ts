import type { DataPool } from "../../model/definitions.ts";
import type { RelayedStop, RemoteTeam } from "../../model/remote-team.ts";
import type { RemoteTeamStore } from "../../model/state-store.ts";
import { storable, type Connection } from "./connection.ts";
import { explain, mustExist } from "./refusals.ts";
import type { Row } from "./row.ts";

export function remoteTeamStore(connection: Connection): RemoteTeamStore {
  return {
    async remoteTeams() {
      return connection.all("SELECT * FROM team ORDER BY sequence").map(toTeam);
    },

    async remoteTeam(id) {
      const row = connection.first("SELECT * FROM team WHERE id = $id", { id });
      return row && toTeam(row);
    },

    async insertRemoteTeam(team, pools) {
      explain({ operation: "add a team", taken }, () =>
        connection.transaction(() => {
          connection.run(
            `INSERT INTO team (id, name, url, credentials, sealed_secret, probes, created_at)
             VALUES ($id, $name, $url, $credentials, $sealedSecret, $probes, $createdAt)`,
            { ...columnsOf(team), createdAt: team.createdAt },
          );
          for (const pool of pools) insertPool(connection, team, pool);
        }),
      );
    },

    async updateRemoteTeam(team, pools) {
      const operation = "change a team";
      explain({ operation, taken }, () =>
        connection.transaction(() => {
          const changes = connection.run(
            `UPDATE team SET name = $name, url = $url, credentials = $credentials, sealed_secret = $sealedSecret,
               probes = $probes WHERE id = $id`,
            columnsOf(team),
          );
          mustExist(changes, operation, `team ${team.id}`);
          const before = connection
            .all("SELECT id FROM pool WHERE team_id = $id", { id: team.id })
            .map((row) => row.text("id"));
          for (const id of before) {
            if (!pools.some((pool) => pool.id === id))
              connection.run("DELETE FROM pool WHERE id = $id", { id });
          }
          for (const pool of pools) {
            const { id, name } = pool;
            if (before.includes(id))
              connection.run("UPDATE pool SET name = $name WHERE id = $id", { id, name });
            else insertPool(connection, team, pool);
          }
        }),
      );
    },

    async deleteRemoteTeam(id) {
      return connection.run("DELETE FROM team WHERE id = $id", { id }) === 1;
    },

    async noteRelayedStop({ poolId, jobId, executionId, requestedAt, keyName, because, startedAt }) {
      const run = { poolId, jobId, executionId };
      return connection.transaction(() => {
        connection.run(
          `INSERT INTO relayed_stop
             (pool_id, job_id, execution_id, requested_at, key_name, because, callers, started_at)
           VALUES ($poolId, $jobId, $executionId, $requestedAt, $keyName, $because, 1, $startedAt)
           ON CONFLICT (pool_id, job_id, execution_id) DO UPDATE SET callers = callers + 1, closed_at = NULL`,
          { ...run, requestedAt, keyName, startedAt, because: because === null ? null : storable(because) },
        );
        const row = connection.first(
          "SELECT * FROM relayed_stop WHERE pool_id = $poolId AND job_id = $jobId AND execution_id = $executionId",
          run,
        );
        if (row === null) throw new Error("a stop that was just noted is not there");
        return toStop(row);
      });
    },

    async openRelayedStop(poolId, jobId) {
      const row = connection.first(
        `SELECT * FROM relayed_stop WHERE pool_id = $poolId AND job_id = $jobId AND closed_at IS NULL
         ORDER BY requested_at DESC, rowid DESC LIMIT 1`,
        { poolId, jobId },
      );
      return row && toStop(row);
    },

    async relayedStop(executionId) {
      const row = connection.first(
        "SELECT * FROM relayed_stop WHERE execution_id = $executionId ORDER BY requested_at LIMIT 1",
        { executionId },
      );
      return row && toStop(row);
    },

    async closeRelayedStop(poolId, jobId, executionId, at) {
      connection.run(
        `UPDATE relayed_stop SET closed_at = $at
         WHERE pool_id = $poolId AND job_id = $jobId AND execution_id = $executionId AND closed_at IS NULL`,
        { poolId, jobId, executionId, at },
      );
    },

    async closedRelayedStop(poolId, jobId) {
      const row = connection.first(
        `SELECT * FROM relayed_stop WHERE pool_id = $poolId AND job_id = $jobId
         ORDER BY requested_at DESC, rowid DESC LIMIT 1`,
        { poolId, jobId },
      );
      const stop = row && toStop(row);
      return stop === null || stop.closedAt === null ? null : stop;
    },

    async noteRelayedEnd({ poolId, jobId, executionId }, seen) {
      connection.run(
        `UPDATE relayed_stop SET seen = $seen
         WHERE pool_id = $poolId AND job_id = $jobId AND execution_id = $executionId`,
        { poolId, jobId, executionId, seen: storable(JSON.stringify(seen)) },
      );
    },

    async spared(holdId) {
      return connection
        .all("SELECT execution_id FROM relayed_spared WHERE hold_id = $holdId", { holdId })
        .map((row) => row.text("execution_id"));
    },
  };
}

const taken = {
  message: "a team of this name, or one of its pools, is there already",
  next: "see the teams and pools there are; take another name, or leave the pool out",
};

function insertPool(connection: Connection, team: RemoteTeam, pool: DataPool): void {
  const { id, name, createdAt } = pool;
  connection.run(
    "INSERT INTO pool (id, name, created_at, team_id) VALUES ($id, $name, $createdAt, $teamId)",
    { id, name, createdAt, teamId: team.id },
  );
}

function columnsOf({ id, name, url, credentials, sealedSecret, probes }: RemoteTeam): Record<string, string> {
  return {
    id,
    name,
    url,
    credentials: JSON.stringify(credentials),
    sealedSecret,
    probes: JSON.stringify(probes),
  };
}

function toTeam(row: Row): RemoteTeam {
  return {
    id: row.text("id"),
    name: row.text("name"),
    url: row.text("url"),
    credentials: row.json("credentials"),
    sealedSecret: row.text("sealed_secret"),
    probes: row.json("probes"),
    createdAt: row.integer("created_at"),
  };
}

function toStop(row: Row): RelayedStop {
  return {
    poolId: row.text("pool_id"),
    jobId: row.text("job_id"),
    executionId: row.text("execution_id"),
    requestedAt: row.integer("requested_at"),
    keyName: row.text("key_name"),
    because: row.textOrNull("because"),
    callers: row.integer("callers"),
    closedAt: row.integerOrNull("closed_at"),
    startedAt: row.integerOrNull("started_at"),
    seen: row.jsonOrNull("seen"),
  };
}
