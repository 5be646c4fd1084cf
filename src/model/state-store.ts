import type {
  ApiKey,
  DataPool,
  DataSource,
  ExtractionConfiguration,
  Job,
  TableExtraction,
  Task,
  TaskVariable,
} from "./definitions.ts";
import type { DeskSettings } from "./desk-settings.ts";
import type {
  Execution,
  ExecutionItem,
  ExecutionStatus,
  LogLevel,
  LogLine,
  SourceSessionId,
  TerminalStatus,
} from "./execution.ts";
import type { Hold } from "./hold.ts";
import type { RelayedEnd, RelayedStop, RemoteTeam } from "./remote-team.ts";
import type { EndStep, Proof, Settlement, StopCaller, StopReason } from "./stop.ts";

/**
 * All durable state of a server. Every method is one transaction and durable when it resolves.
 * Asynchronous, so that a store over a network can take the place of the embedded one.
 */
export interface StateStore
  extends
    DefinitionStore,
    ExecutionStore,
    HoldStore,
    ShiftStore,
    KeyStore,
    PageSessionStore,
    RemoteTeamStore {
  close(): Promise<void>;
}

/** `insert*` of a name that is taken, or of a child whose parent is gone, throws UserError("conflict" | "not-found"). */
export interface DefinitionStore {
  pools(): Promise<DataPool[]>;
  pool(id: string): Promise<DataPool | null>;
  insertPool(pool: DataPool): Promise<void>;
  updatePool(pool: DataPool): Promise<void>;
  /** With all it holds. Throws UserError("conflict") while an execution of it is QUEUED or RUNNING. */
  deletePool(id: string): Promise<void>;

  /** null before the first `saveDeskSettings`. */
  deskSettings(poolId: string): Promise<DeskSettings | null>;
  saveDeskSettings(poolId: string, settings: DeskSettings): Promise<void>;

  dataSources(poolId: string): Promise<DataSource[]>;
  dataSource(id: string): Promise<DataSource | null>;
  insertDataSource(source: DataSource): Promise<void>;
  updateDataSource(source: DataSource): Promise<void>;
  /** Throws UserError("conflict") while a job names it. */
  deleteDataSource(id: string): Promise<void>;

  jobs(poolId: string): Promise<Job[]>;
  job(id: string): Promise<Job | null>;
  insertJob(job: Job): Promise<void>;
  updateJob(job: Job): Promise<void>;
  /** With its tasks, executions and logs. Throws UserError("conflict") while one is QUEUED or RUNNING. */
  deleteJob(id: string): Promise<void>;

  /** In order of position. */
  tasks(jobId: string): Promise<Task[]>;
  task(id: string): Promise<Task | null>;
  /** Given position or the end; others move so that positions stay 1..n. */
  insertTask(task: Task): Promise<void>;
  updateTask(task: Task): Promise<void>;
  deleteTask(id: string): Promise<void>;

  /** In order of position. */
  tables(taskId: string): Promise<TableExtraction[]>;
  table(id: string): Promise<TableExtraction | null>;
  /** All or none. */
  insertTables(tables: TableExtraction[]): Promise<void>;
  updateTables(tables: TableExtraction[]): Promise<void>;
  deleteTable(id: string): Promise<void>;

  /** In order of creation. */
  variables(taskId: string): Promise<TaskVariable[]>;
  variable(id: string): Promise<TaskVariable | null>;
  /** This and `updateVariable` throw UserError("conflict") for a placeholder that the task has already. */
  insertVariable(variable: TaskVariable): Promise<void>;
  updateVariable(variable: TaskVariable): Promise<void>;
  deleteVariable(id: string): Promise<void>;

  /** null before the first `saveExtractionConfiguration`. */
  extractionConfiguration(taskId: string): Promise<ExtractionConfiguration | null>;
  saveExtractionConfiguration(taskId: string, configuration: ExtractionConfiguration): Promise<void>;
}

export interface ExecutionStore {
  /** Puts it at the end of the queue, or returns what is in the way: a hold, or the execution of the same job that is not over yet. */
  enqueue(
    execution: Execution,
  ): Promise<{ enqueued: true } | { enqueued: false; active: Execution } | { enqueued: false; hold: Hold }>;
  /** Oldest QUEUED that no hold covers -> RUNNING if fewer than `most` are RUNNING; one statement decides. */
  claimNext(most: number, at: number): Promise<Execution | null>;
  /**
   * Records that a stop was asked for, and by whom. QUEUED becomes CANCEL (or FAIL) in the same transaction, which
   * is then `ended`; RUNNING keeps its status and the reason of the first asker; a terminal execution is returned
   * unchanged, but who asks for the end of one that a stop ended before it began is on record too.
   */
  requestStop(
    id: string,
    reason: StopReason,
    at: number,
  ): Promise<{ execution: Execution; ended: boolean } | null>;
  markSourceTouched(id: string): Promise<void>;
  addSession(id: string, session: SourceSessionId): Promise<void>;
  recordProof(id: string, proof: Proof): Promise<void>;
  recordStep(id: string, step: EndStep): Promise<void>;
  /** RUNNING -> terminal by compare-and-set, with all that tells of it in the same transaction; false if it was not RUNNING. */
  finish(
    id: string,
    status: TerminalStatus,
    facts: {
      at: number;
      proof: Proof;
      failure: string | null;
      /** With proof `declared` alone. */
      settlement?: Settlement;
      items?: readonly ExecutionItem[];
      lines?: readonly Omit<LogLine, "sequence">[];
    },
  ): Promise<boolean>;

  execution(id: string): Promise<Execution | null>;
  /** QUEUED and RUNNING, oldest first. */
  activeExecutions(): Promise<Execution[]>;
  activeExecution(jobId: string): Promise<Execution | null>;
  /** Who asked for its stop, in order. */
  stopCallers(id: string): Promise<StopCaller[]>;
  /** In order. */
  endSteps(id: string): Promise<EndStep[]>;
  settlement(id: string): Promise<Settlement | null>;
  /** Those that the source has not closed yet; null: of all pools. */
  openSettlements(poolId: string | null): Promise<Settlement[]>;
  /** What the source said since; the declaration itself never changes. */
  noteSettlement(id: string, seen: Settlement["seen"], at: number, note: string): Promise<void>;
  /** Newest first, without plans of other jobs; `page` from 0. */
  executions(jobId: string, page: number, limit: number): Promise<{ executions: Execution[]; total: number }>;
  /** Latest execution of every job of the pool, one row a job, in order of creation. Constant in the number of past executions. */
  poolStatus(poolId: string): Promise<JobStatus[]>;
  jobStatus(jobId: string): Promise<JobStatus | null>;

  saveItem(item: ExecutionItem): Promise<void>;
  items(executionId: string): Promise<ExecutionItem[]>;
  item(id: string): Promise<ExecutionItem | null>;
  appendLog(lines: Omit<LogLine, "sequence">[]): Promise<void>;
  /** Newest first; levels empty = all. */
  log(query: {
    executionId: string;
    itemIds: string[] | null;
    levels: LogLevel[];
    page: number;
    limit: number;
  }): Promise<{ lines: LogLine[]; total: number }>;
}

export interface HoldStore {
  /** `spared`: runs of a relayed pool that it leaves alone. */
  insertHold(hold: Hold, spared?: string[]): Promise<void>;
  hold(id: string): Promise<Hold | null>;
  /** In force at this moment, oldest first. */
  holds(poolId: string, at: number): Promise<Hold[]>;
  /** What waits in the queue and what is held, as a person of this pool asks for it. */
  queueAt(poolId: string, at: number): Promise<QueueMoment>;
  /**
   * Ends these holds of the pool, all of them or none: null if one of them is not in force. The queue that it answers
   * with is that of the same transaction: what these holds kept waiting is all that their end lets start.
   */
  endHolds(poolId: string, ids: readonly string[], at: number, by: string): Promise<EndedHolds | null>;
  /** Those of any pool whose time was over at `at` and whose end is not noted yet, in order of their ends. */
  holdsOver(at: number): Promise<Hold[]>;
  /** Notes that it ended by its time: `endedAt` is its `until`. It is in force no longer, noted or not. */
  noteHoldOver(id: string): Promise<void>;
  /** When the next hold of any pool ends by itself, after `at`; null if none does. */
  nextHoldEnd(at: number): Promise<number | null>;
}

/** One moment of the queue. */
export interface QueueMoment {
  /** QUEUED and RUNNING executions of every pool, oldest first. */
  active: Execution[];
  /** In force, of the pool that was asked for and of each that has an active execution; of a pool oldest first. */
  holds: Hold[];
}

export interface EndedHolds {
  /** As they are now, in the order in which they were laid. */
  ended: Hold[];
  /** Just before: they are still in force in it. */
  before: QueueMoment;
}

/** Teams far away, their pools, and what was asked of them. */
export interface RemoteTeamStore {
  /** In order of creation. */
  remoteTeams(): Promise<RemoteTeam[]>;
  remoteTeam(id: string): Promise<RemoteTeam | null>;
  /** With its pools. Throws UserError("conflict") for a name or a pool that is there already; then nothing is kept. */
  insertRemoteTeam(team: RemoteTeam, pools: DataPool[]): Promise<void>;
  /** `pools` are all of its pools from then on; one that is not among them goes with its holds and settings. */
  updateRemoteTeam(team: RemoteTeam, pools: DataPool[]): Promise<void>;
  /** With its pools; false if there was none. */
  deleteRemoteTeam(id: string): Promise<boolean>;

  /** Remembers who asks for a stop; of an open one of the same run the first asker stays, and it is counted. */
  noteRelayedStop(stop: Omit<RelayedStop, "callers" | "closedAt" | "seen">): Promise<RelayedStop>;
  /** The open one of a job that was asked for last. */
  openRelayedStop(poolId: string, jobId: string): Promise<RelayedStop | null>;
  /** Of an execution of any relayed pool, open or not; null: none was asked for here. */
  relayedStop(executionId: string): Promise<RelayedStop | null>;
  closeRelayedStop(poolId: string, jobId: string, executionId: string, at: number): Promise<void>;
  /** The one of a job that was asked for last, if it is closed. */
  closedRelayedStop(poolId: string, jobId: string): Promise<RelayedStop | null>;
  /** Takes the place of what was noted before. */
  noteRelayedEnd(
    stop: Pick<RelayedStop, "poolId" | "jobId" | "executionId">,
    seen: RelayedEnd,
  ): Promise<void>;

  /** What `insertHold` was given. */
  spared(holdId: string): Promise<string[]>;
}

/** What the report of a shift asks for. */
export interface ShiftStore {
  /** Ids of the executions of a pool that ran or waited between `from` and `to` (exclusive, epoch ms), oldest first. */
  executionsWithin(poolId: string, range: { from: number; to: number; limit: number }): Promise<string[]>;
}

export interface JobStatus {
  jobId: string;
  jobName: string;
  /** null: never ran. */
  status: ExecutionStatus | null;
  executionId: string | null;
  startedAt: number | null;
}

export interface KeyStore {
  insertKey(key: ApiKey, hash: Uint8Array): Promise<void>;
  /** By index, not by scan; `hash` is what was stored, for a constant-time comparison by the caller. */
  keyByHash(hash: Uint8Array): Promise<{ key: ApiKey; hash: Uint8Array } | null>;
  keyById(id: string): Promise<ApiKey | null>;
  keys(): Promise<ApiKey[]>;
  /** False if there is no such key. */
  revokeKey(id: string, at: number): Promise<boolean>;
  keyUsed(id: string, at: number): Promise<void>;
}

/** Sign-ins at the page, by the hash of the session's id; the id itself never gets here. */
export interface PageSessionStore {
  insertPageSession(session: PageSession, hash: Uint8Array): Promise<void>;
  pageSession(hash: Uint8Array): Promise<PageSession | null>;
  pageSessionUsed(hash: Uint8Array, at: number): Promise<void>;
  /** Harmless where there is none. */
  deletePageSession(hash: Uint8Array): Promise<void>;
  /** Deletes what was not used since `usedBefore` (epoch ms). */
  deleteIdlePageSessions(usedBefore: number): Promise<void>;
}

export interface PageSession {
  keyId: string;
  /** Epoch ms, as the next. */
  openedAt: number;
  usedAt: number;
}
