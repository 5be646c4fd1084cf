import type { HoldStore, QueueMoment } from "../../model/state-store.ts";
import type { Connection } from "./connection.ts";
import { activeExecutions } from "./executions.ts";
import { endHold, inForceIn } from "./holds.ts";

/** Holds and the queue as one: what is read is still true when it is written. */
export function releaseStore(connection: Connection): Pick<HoldStore, "queueAt" | "endHolds"> {
  const queueAt = (poolId: string, at: number): QueueMoment => {
    const active = activeExecutions(connection);
    const pools = new Set([poolId, ...active.map((execution) => execution.poolId)]);
    return { active, holds: [...pools].flatMap((pool) => inForceIn(connection, pool, at)) };
  };

  return {
    async queueAt(poolId, at) {
      return connection.transaction(() => queueAt(poolId, at));
    },

    async endHolds(poolId, ids, at, by) {
      return connection.transaction(() => {
        const before = queueAt(poolId, at);
        const chosen = before.holds.filter((hold) => hold.poolId === poolId && ids.includes(hold.id));
        if (ids.length === 0 || chosen.length !== new Set(ids).size) return null;
        for (const { id } of chosen) endHold(connection, id, at, by);
        return { ended: chosen.map((hold) => ({ ...hold, endedAt: at, endedBy: by })), before };
      });
    },
  };
}
