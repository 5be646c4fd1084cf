import type { DeskSettings } from "../../model/desk-settings.ts";
import type { DataPool } from "../../model/definitions.ts";
import type { DefinitionStore } from "../../model/state-store.ts";
import { refuseWhileActive } from "./active.ts";
import { flag, type Connection } from "./connection.ts";
import { explain, mustExist } from "./refusals.ts";
import type { Row } from "./row.ts";

type PoolStore = Pick<
  DefinitionStore,
  "pools" | "pool" | "insertPool" | "updatePool" | "deletePool" | "deskSettings" | "saveDeskSettings"
>;

/** Pool names need not be unique: clients tell pools apart by id. */
export function poolStore(connection: Connection): PoolStore {
  return {
    async pools() {
      return connection.all(`${selectPool} ORDER BY pool.sequence`).map(toPool);
    },

    async pool(id) {
      const row = connection.first(`${selectPool} WHERE pool.id = $id`, { id });
      return row && toPool(row);
    },

    async insertPool({ id, name, description, createdAt }) {
      const taken = { message: `there is a pool with the id ${id} already`, next: "use another id" };
      explain({ operation: "create a pool", taken }, () =>
        connection.run(
          "INSERT INTO pool (id, name, description, created_at) VALUES ($id, $name, $description, $createdAt)",
          { id, name, description, createdAt },
        ),
      );
    },

    async updatePool({ id, name, description }) {
      const changes = connection.run(
        "UPDATE pool SET name = $name, description = $description WHERE id = $id",
        {
          id,
          name,
          description,
        },
      );
      mustExist(changes, "change a pool", `pool ${id}`);
    },

    async deletePool(id) {
      connection.transaction(() => {
        refuseWhileActive(connection, "delete a pool", "SELECT id FROM job WHERE pool_id = $id", id);
        connection.run("DELETE FROM pool WHERE id = $id", { id });
      });
    },

    async deskSettings(poolId) {
      const row = connection.first("SELECT * FROM desk_settings WHERE pool_id = $poolId", { poolId });
      return row && toSettings(row);
    },

    async saveDeskSettings(poolId, { zone, hours24to47, contact, escalateAfterSeconds }) {
      const gone = { message: `pool ${poolId} does not exist`, next: "use the id of an existing pool" };
      explain({ operation: "set the desk of a pool", gone }, () =>
        connection.run(
          `INSERT INTO desk_settings (pool_id, zone, hours_24_to_47, contact, escalate_after_seconds)
           VALUES ($poolId, $zone, $hours24to47, $contact, $escalateAfterSeconds)
           ON CONFLICT (pool_id) DO UPDATE SET zone = $zone, hours_24_to_47 = $hours24to47, contact = $contact,
             escalate_after_seconds = $escalateAfterSeconds`,
          { poolId, zone, hours24to47: flag(hours24to47), contact, escalateAfterSeconds },
        ),
      );
    },
  };
}

const selectPool = "SELECT pool.*, team.name AS team_name FROM pool LEFT JOIN team ON team.id = pool.team_id";

function toPool(row: Row): DataPool {
  const teamId = row.textOrNull("team_id");
  return {
    id: row.text("id"),
    name: row.text("name"),
    description: row.textOrNull("description"),
    createdAt: row.integer("created_at"),
    ...(teamId === null ? {} : { team: { id: teamId, name: row.text("team_name") } }),
  };
}

function toSettings(row: Row): DeskSettings {
  return {
    zone: row.textOrNull("zone"),
    hours24to47: row.flag("hours_24_to_47"),
    contact: row.textOrNull("contact"),
    escalateAfterSeconds: row.integerOrNull("escalate_after_seconds"),
  };
}
