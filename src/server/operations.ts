import type { Clock } from "../base/clock.ts";
import type { Connections } from "../engine/connections.ts";
import type { Definitions } from "../engine/definitions.ts";
import type { Holds } from "../engine/holds.ts";
import type { Keys } from "../engine/keys.ts";
import type { Queue } from "../engine/queue.ts";
import type { ExtractionTables } from "../engine/tables.ts";
import type { Variables } from "../engine/variables.ts";
import type { Workbench } from "../engine/workbench.ts";
import type { AuditLog } from "../model/audit.ts";
import type { Executions, PoolData } from "../model/operations.ts";
import type { StateStore } from "../model/state-store.ts";
import type { PoolCache } from "./pool-cache.ts";

/** What the routes work with: the rules of the engine and the ports behind them. */
export interface Operations {
  state: StateStore;
  executions: Executions;
  poolData: PoolData;
  definitions: Definitions;
  tables: ExtractionTables;
  variables: Variables;
  connections: Connections;
  holds: Holds;
  queue: Queue;
  keys: Keys;
  workbench: Workbench;
  poolCache: PoolCache;
  auditLog: AuditLog;
  clock: Clock;
  version: string;
}
