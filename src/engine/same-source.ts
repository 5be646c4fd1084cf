import type { ApiKey, DataPool, DataSource, PostgresConfiguration } from "../model/definitions.ts";
import { isTerminal, type Execution } from "../model/execution.ts";
import type { Hold } from "../model/hold.ts";
import type { StateStore } from "../model/state-store.ts";
import type { Settlement } from "../model/stop.ts";
import type { TeamOtherConnection, TeamOtherExecution } from "../model/team.ts";
import { may } from "./keys.ts";

/** Stands where the id of an execution would that runs or waits in a pool which the key may not see. */
export const ofAnotherPool = "(of another pool)";

/** What is asked about: connections of a pool, and the jobs that count for them anyway. */
export interface OwnPart {
  pool: DataPool;
  connections: readonly DataSource[];
  jobIds: ReadonlySet<string>;
}

/**
 * Connections of this server, of whichever pool, that lead to the same sources as these, by the id of these; each
 * once. The same host (upper or lower case), port and database are the same source. Also one that leads elsewhere by
 * now, as long as an execution of it is open there. What the key may not see is one entry without names: that
 * something is there has to be known by whoever asks whether the source is quiet.
 */
export async function otherConnections(
  state: StateStore,
  key: ApiKey,
  { pool, connections, jobIds }: OwnPart,
): Promise<Map<string, TeamOtherConnection[]>> {
  const own = new Set(connections.map(({ id }) => id));
  const named = new Map((await state.pools()).map(({ id, name }) => [id, name]));
  const known: Leading[] = [];
  for (const poolId of named.keys()) {
    for (const { id, name, configuration } of await state.dataSources(poolId)) {
      known.push({ id, name, poolId, place: placeOf(configuration) });
    }
  }
  const open = (await openExecutions(state)).filter(({ jobId }) => !jobIds.has(jobId));
  const planned = open.map(({ dataSource, poolId }) => ({
    id: dataSource.id,
    name: dataSource.name,
    poolId,
    place: placeOf(dataSource.configuration),
  }));
  const taken = new Set(own);
  const found = new Map<string, TeamOtherConnection[]>();
  for (const { id, configuration } of connections) {
    const place = placeOf(configuration);
    const others: TeamOtherConnection[] = [];
    const hidden: TeamOtherExecution[] = [];
    let anyHidden = false;
    for (const other of [...known, ...planned]) {
      if (other.place !== place || taken.has(other.id)) continue;
      taken.add(other.id);
      const executions = open
        .filter(({ dataSource }) => dataSource.id === other.id && placeOf(dataSource.configuration) === place)
        .map(({ shown }) => shown);
      if (other.poolId === pool.id || may(key, "view", other.poolId)) {
        const poolName = named.get(other.poolId) ?? null;
        others.push({ connectionId: other.id, connectionName: other.name, poolName, executions });
      } else {
        anyHidden = true;
        hidden.push(...executions.map((one) => ({ ...one, executionId: ofAnotherPool, jobName: null })));
      }
    }
    if (anyHidden) {
      others.push({ connectionId: null, connectionName: null, poolName: null, executions: hidden });
    }
    found.set(id, others);
  }
  return found;
}

/** Whose sources a hold is about; none of one on a job, which says nothing of a source. */
export async function heldConnections(
  state: StateStore,
  { scope, poolId, objectId }: Hold,
): Promise<DataSource[]> {
  if (scope === "job") return [];
  const all = await state.dataSources(poolId);
  return scope === "pool" ? all : all.filter(({ id }) => id === objectId);
}

interface Leading {
  id: string;
  name: string;
  poolId: string;
  place: string;
}

interface Open {
  poolId: string;
  jobId: string;
  dataSource: NonNullable<Execution["plan"]["dataSource"]>;
  shown: TeamOtherExecution;
}

/** Of every pool: what runs, what waits, and what a person declared over and the source has not confirmed. */
async function openExecutions(state: StateStore): Promise<Open[]> {
  const open: Open[] = [];
  for (const execution of await state.activeExecutions()) open.push(...opened(execution, null));
  for (const settlement of await state.openSettlements(null)) {
    const execution = await state.execution(settlement.executionId);
    if (execution !== null && isTerminal(execution.status)) open.push(...opened(execution, settlement));
  }
  return open;
}

/** None for an execution that reads no source. */
function opened(execution: Execution, settlement: Settlement | null): Open[] {
  const { id, poolId, jobId, jobName, status, stop, proof, plan } = execution;
  if (plan.dataSource === null) return [];
  const ending = settlement === null && (stop !== null || proof !== null);
  const shown: TeamOtherExecution = {
    executionId: id,
    jobName,
    status: settlement !== null ? "DECLARED" : status === "QUEUED" ? "QUEUED" : "RUNNING",
    endingSince: ending ? (stop?.requestedAt ?? proof?.at ?? null) : null,
    seen: settlement?.seen ?? null,
  };
  return [{ poolId, jobId, dataSource: plan.dataSource, shown }];
}

function placeOf({ host, port, database }: PostgresConfiguration): string {
  return `${host.toLowerCase()}:${String(port)}/${database}`;
}
