import { isId } from "../base/ids.ts";
import type { JobStatusTransport, JobTransport } from "../contract/index.ts";
import { noDeskSettings } from "../model/desk-settings.ts";
import { runOf, type StopMemory } from "../model/remote-team.ts";
import { TeamError } from "../model/team.ts";
import type { Team, TeamJob } from "../model/team.ts";
import type { Client } from "../sdk/index.ts";
import type { Clock } from "../base/clock.ts";
import { connectionsOf } from "./connections.ts";
import { asTeam } from "./failures.ts";
import { LogWatch } from "./log-watch.ts";
import { ScheduleReads } from "./schedule-reads.ts";
import { isNumberOrNull, isTextOrNull, notUnderstood, orNull } from "./shapes.ts";

/** Status of a job for which the team gave no status it must have; no team uses this word, so it reads as unknown. */
const notTold = "NOT TOLD";

/** Status of a job that one read calls over while the other has it active; as above. */
const notAgreed = "NOT AGREED";

/** How long the log of what was stopped must stay as it is before its end is believed. */
export const usualQuietMs = 2000;

/** What the team's two reads say of one job; null where a read does not list it. */
interface Told {
  job: JobTransport | null;
  line: JobStatusTransport | null;
}

/**
 * Any team that speaks the Celonis wire: jobs with their names, `logs/status`, and cancel by job. What it cannot
 * do it refuses, and says what can be done instead.
 */
export function wireTeam(
  client: Client,
  { clock, memory, quietMs }: { clock: Clock; memory: StopMemory; quietMs: number },
): Team {
  const watch = new LogWatch(client, clock, quietMs);
  const schedules = new ScheduleReads(client, clock);

  /** With what is open of the stops that were asked for: the team itself tells nothing of them. */
  async function withStop(poolId: string, job: TeamJob, options: { signal: AbortSignal }): Promise<TeamJob> {
    const asked = await memory.open(poolId, job.id);
    if (asked === null || job.status === null) return job;
    const { executionId, requestedAt } = asked;
    const open = (why: string): TeamJob => ({
      ...job,
      // The team names only what it calls active; what was asked to stop is what this is about.
      executionId: job.executionId ?? (isId(executionId) ? executionId : null),
      stopping: { requestedAt, level: "requested", why },
    });
    if (isActive(job.status)) {
      return memory.lasting && runOf(job) === executionId ? open(`the team still says ${job.status}`) : job;
    }
    if (!ended.has(job.status)) return job;
    const objection = await watch.objection(poolId, executionId, options);
    if (objection !== null) return open(`the team says ${job.status}, and ${objection}`);
    await memory.close(poolId, job.id, executionId);
    return job;
  }

  const noHolds = (): Promise<never> =>
    unable(
      "keeps no holds",
      "switch off the schedules of the jobs in the team, then look with nightdesk go (REPORTED CLEAR at most)",
    );
  return {
    proves: () => Promise.resolve("word"),
    settings: () => Promise.resolve(noDeskSettings),
    // Rights there are given on a whole pool.
    partial: () => false,
    jobs: (poolId, options) =>
      asTeam(async () => {
        const { jobs } = await readJobs(client, poolId, options);
        return Promise.all(jobs.map((job) => withStop(poolId, job, options)));
      }),
    stop: ({ poolId, jobId, executionId }, options) =>
      asTeam(async () => {
        // This wire cancels jobs, not executions: a new run between these two calls is hit. The gap is one call.
        if (executionId !== null) {
          const current = activeExecution(await client.jobs.get(poolId, jobId, options));
          if (current !== executionId) return "other-execution";
          await memory.note(poolId, jobId, executionId);
        }
        await client.jobs.cancel(poolId, jobId, options);
        return "accepted";
      }),
    stopAll: () => Promise.resolve(false),
    connections: (poolId, options) => connectionsOf(client, poolId, options),
    go: ({ poolId, connectionId }, options) =>
      asTeam(async () => {
        const { jobs, connectionOf } = await readJobs(client, poolId, options);
        // A job of which the team tells no connection may well read this one.
        const inScope = jobs.filter(({ id }) => {
          const of = connectionOf.get(id) ?? null;
          return connectionId === null || of === null || of === connectionId;
        });
        const looked = inScope.map((job) => withStop(poolId, job, options));
        return { jobs: await Promise.all(looked), holds: [], starts: [], sources: [] };
      }),
    schedules: (poolId, options) => schedules.of(poolId, options),
    holds: noHolds,
    hold: noHolds,
    release: noHolds,
    settle: () =>
      unable(
        "settles nothing",
        "stop the job and look with nightdesk go; end what is left at the source itself",
      ),
    receipt: () => unable("writes no receipts", "read the log of the execution in the team"),
  };
}

function unable(what: string, instead: string): Promise<never> {
  return Promise.reject(new TeamError("unable", `this team is no Nightdesk and ${what}; instead ${instead}`));
}

async function readJobs(
  client: Client,
  poolId: string,
  options: { signal: AbortSignal },
): Promise<{ jobs: TeamJob[]; connectionOf: Map<string, string | null> }> {
  const first = await readTwice(client, poolId, options);
  // A run that ended between the two reads is active in one and over in the other: then the next look agrees.
  const told = first.some(disagrees) ? await readTwice(client, poolId, options) : first;
  return {
    jobs: told.map(teamJob),
    connectionOf: new Map(
      told.flatMap(({ job }) => (job === null ? [] : [[job.id, orNull(job.dataSourceId)]])),
    ),
  };
}

/** null: nothing of the job is active. */
function activeExecution(job: JobTransport): string | null {
  const current = orNull(job.currentExecutionId);
  if (current === null && isActive(orNull(job.status))) {
    throw new TeamError(
      "unknown",
      "the team does not say which execution runs, so one alone cannot be stopped",
    );
  }
  return current;
}

/** Every job that one of the two reads knows. */
async function readTwice(client: Client, poolId: string, options: { signal: AbortSignal }): Promise<Told[]> {
  // In this order: the statuses are what counts, so they are the fresher read.
  const jobs = await client.jobs.list(poolId, options);
  const statuses = await client.logs.status(poolId, options);
  const statusOf = new Map(statuses.map((status) => [status.id, status]));
  const listed = new Set(jobs.map((job) => job.id));
  // Two lines for one job could say two things; neither is taken.
  if (statusOf.size !== statuses.length || listed.size !== jobs.length) throw notUnderstood("job list");
  const onlyInStatuses = statuses.filter((status) => !listed.has(status.id));
  return [
    ...jobs.map((job) => ({ job, line: statusOf.get(job.id) ?? null })),
    ...onlyInStatuses.map((line) => ({ job: null, line })),
  ];
}

/** Over says the line, active says the job. The other way round the line's word is the one that claims less. */
function disagrees({ job, line }: Told): boolean {
  const status = orNull(line?.status);
  if (job === null || status === null || isActive(status)) return false;
  return isActive(orNull(job.status)) || orNull(job.currentExecutionId) !== null;
}

const ended: ReadonlySet<string> = new Set(["SUCCESS", "CANCEL", "FAIL", "SKIPPED"]);

function isActive(status: string | null): boolean {
  return status === "RUNNING" || status === "QUEUED";
}

function teamJob({ job, line }: Told): TeamJob {
  const id = job?.id ?? line?.id;
  const name = orNull(job?.name);
  const status = orNull(line?.status);
  const executionId = orNull(job?.currentExecutionId);
  const startedAt = orNull(line?.lastExecutionStartDate);
  if (typeof id !== "string" || !isTextOrNull(name) || !isTextOrNull(status) || !isTextOrNull(executionId)) {
    throw notUnderstood("job list");
  }
  return {
    id,
    name: name ?? id,
    status: disagrees({ job, line }) ? notAgreed : (status ?? (neverRan({ job, line }) ? null : notTold)),
    executionId,
    // Some senders write times as text; then the time is left out, for it decides nothing.
    startedAt: isNumberOrNull(startedAt) ? startedAt : null,
    rows: null,
    stopping: null,
    declared: null,
  };
}

/** "No status" is believed as "never ran" only if the team's two reads agree on it. */
function neverRan({ job, line }: Told): boolean {
  if (line === null) return false;
  return (
    orNull(line.lastExecutionStartDate) === null &&
    orNull(job?.status) === null &&
    orNull(job?.currentExecutionId) === null
  );
}
