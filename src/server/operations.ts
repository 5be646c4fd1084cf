import type { Clock } from "../base/clock.ts";
import type { Connections } from "../engine/connections.ts";
import type { DeskSettingsRules } from "../engine/desk-settings.ts";
import type { Definitions } from "../engine/definitions.ts";
import type { Holds } from "../engine/holds.ts";
import type { Keys } from "../engine/keys.ts";
import type { TeamCaller } from "../engine/local-team.ts";
import type { PageSessions } from "../engine/page-sessions.ts";
import type { Queue } from "../engine/queue.ts";
import type { RelayedTeam } from "../engine/relayed-team.ts";
import type { RemoteTeams } from "../engine/remote-teams.ts";
import type { ExtractionTables } from "../engine/tables.ts";
import type { Variables } from "../engine/variables.ts";
import type { Workbench } from "../engine/workbench.ts";
import type { AuditLog } from "../model/audit.ts";
import type { DataPool } from "../model/definitions.ts";
import type { Executions, PoolData } from "../model/operations.ts";
import type { StateStore } from "../model/state-store.ts";
import type { Team } from "../model/team.ts";
import type { NightStreams } from "./night-streams.ts";
import type { PageFiles } from "./page-files.ts";
import type { KeyPlaces } from "./places.ts";
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
  deskSettings: DeskSettingsRules;
  /**
   * The team that a pool of this server belongs to, as the caller may see it, for an answer about one job (id or whole
   * name) or all (null): the probes of another team look when all of these are over.
   */
  teamFor: (pool: DataPool, caller: TeamCaller, job: string | null) => Team;
  /** Of a pool of another team. */
  relayedTeam: (pool: DataPool, caller: TeamCaller, job: string | null) => RelayedTeam;
  remoteTeams: RemoteTeams;
  keys: Keys;
  sessions: PageSessions;
  streams: NightStreams;
  places: KeyPlaces;
  page: PageFiles;
  workbench: Workbench;
  poolCache: PoolCache;
  auditLog: AuditLog;
  clock: Clock;
  version: string;
}
