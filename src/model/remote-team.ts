import type { ExecutionType, LogLevel, RemoteProbe } from "../contract/index.ts";
import type { TeamJob, Team, TeamProbeLook } from "./team.ts";

/** A team far away that this server relays to. Its pools are rows of this server that name it. */
export interface RemoteTeam {
  id: string;
  name: string;
  /** Scheme, host and port, nothing else: the only place that its secret is sent to. */
  url: string;
  credentials: RemoteCredentials;
  /** The key, or the client's secret: an envelope bound to the id of the team. */
  sealedSecret: string;
  /** Named looks at the sources of its pools. */
  probes: StoredProbe[];
  createdAt: number;
}

/** A probe as it is kept. */
export interface StoredProbe {
  shown: RemoteProbe;
  /** The whole with its secrets: an envelope, see `boundTo`. */
  sealed: string;
}

/** What the envelope of a probe is bound to: its team and its name. */
export function boundTo(teamId: string, { name }: Pick<RemoteProbe, "name">): string {
  return `${teamId} probe ${name}`;
}

/** How the relay says who it is, without the secret. */
export type RemoteCredentials =
  | { scheme: "AppKey" | "Bearer" }
  | { scheme: "OAuth"; clientId: string; scope: string | null };

/** A stop that was asked for here, of one run of a job there. */
export interface RelayedStop {
  poolId: string;
  jobId: string;
  /** See `runOf`. */
  executionId: string;
  /** Of the first who asked; epoch ms. */
  requestedAt: number;
  keyName: string;
  because: string | null;
  /** How often it was asked for. */
  callers: number;
  /** Since when nothing of it is to be watched any more; null: it is open. */
  closedAt: number | null;
  /** Of the run, by the team's word; null: not told. */
  startedAt: number | null;
  /** The look that says most of its end; null: none was taken since. */
  seen: RelayedEnd | null;
}

/** What a look saw of a run that the team calls over. */
export interface RelayedEnd {
  /** Epoch ms, after the look. */
  at: number;
  jobName: string;
  /** The team's word. */
  status: string;
  /** What each probe that covers the job saw; empty: none covers it. */
  probes: TeamProbeLook[];
}

/** What tells one run of a job from the next: its id or, where the team tells none, its start. */
export function runOf({ executionId, startedAt }: Pick<TeamJob, "executionId" | "startedAt">): string {
  return executionId ?? `started ${String(startedAt)}`;
}

/** What an end remembers of the stops that were asked of it, so that a later look knows of an earlier one. */
export interface StopMemory {
  /** It outlives whoever asks: what it holds is told of a job as long as the team calls it active. */
  readonly lasting: boolean;
  /** Before it is sent. */
  note(poolId: string, jobId: string, executionId: string): Promise<void>;
  /** The open one of a job that was asked for last. */
  open(
    poolId: string,
    jobId: string,
  ): Promise<Pick<RelayedStop, "executionId" | "requestedAt" | "callers"> | null>;
  close(poolId: string, jobId: string, executionId: string): Promise<void>;
}

/** A team far away as this server operates it: the port, and what the wire of the contract answers there. */
export interface RelayEnd extends Team {
  /** As the team has them: fields of the contract, words that may be any. By a fresh read. */
  statusLines(poolId: string, options: { signal: AbortSignal }): Promise<RemoteObject[]>;
  jobObjects(poolId: string, options: { signal: AbortSignal }): Promise<RemoteObject[]>;
  /** Runs of a job, the newest first. */
  runs(
    poolId: string,
    jobId: string,
    page: { limit: number; page: number },
    options: { signal: AbortSignal },
  ): Promise<{ executionItems: RemoteObject[]; numOfPages: number }>;
  /** Items of one run. */
  runItems(poolId: string, query: RunQuery, options: { signal: AbortSignal }): Promise<RemoteObject[]>;
  /** Lines of its log, the newest first. */
  runLog(
    poolId: string,
    query: RunQuery & { type: ExecutionType; logLevels: LogLevel[]; limit: number; page: number },
    options: { signal: AbortSignal },
  ): Promise<{ logMessages: RemoteObject[]; numOfPages: number }>;
}

/** `id`: of a task or table of the run. */
export interface RunQuery {
  executionId: string;
  type?: ExecutionType;
  id?: string;
}

/** An object of JSON as it came; its id is looked at, and nothing else. */
export type RemoteObject = { id: string } & Record<string, unknown>;
