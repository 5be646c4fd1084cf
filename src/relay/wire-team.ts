import type { JobStatusTransport, JobTransport } from "../contract/index.ts";
import { noDeskSettings } from "../model/desk-settings.ts";
import { TeamError } from "../model/team.ts";
import type { Team, TeamJob } from "../model/team.ts";
import type { Client } from "../sdk/index.ts";
import { connectionsOf } from "./connections.ts";
import { asTeam } from "./failures.ts";
import { isNumberOrNull, isTextOrNull, notUnderstood, orNull } from "./shapes.ts";

/** Status of a job for which the team gave no status it must have; no team uses this word, so it reads as unknown. */
const notTold = "NOT TOLD";

/** Status of a job that one read calls over while the other has it active; as above. */
const notAgreed = "NOT AGREED";

/** What the team's two reads say of one job; null where a read does not list it. */
interface Told {
  job: JobTransport | null;
  line: JobStatusTransport | null;
}

/**
 * Any team that speaks the Celonis wire: jobs with their names, `logs/status`, and cancel by job. What it cannot
 * do it refuses, and says what can be done instead.
 */
export function wireTeam(client: Client): Omit<Team, "proves"> {
  const noHolds = (): Promise<never> =>
    unable(
      "keeps no holds",
      "switch off the schedules of the jobs in the team, then look with nightdesk go (REPORTED CLEAR at most)",
    );
  return {
    settings: () => Promise.resolve(noDeskSettings),
    jobs: (poolId, options) => asTeam(async () => (await readJobs(client, poolId, options)).jobs),
    stop: ({ poolId, jobId, executionId }, options) =>
      asTeam(async () => {
        // This wire cancels jobs, not executions: a new run between these two calls is hit. The gap is one call.
        if (executionId !== null) {
          const current = activeExecution(await client.jobs.get(poolId, jobId, options));
          if (current !== executionId) return "other-execution";
        }
        await client.jobs.cancel(poolId, jobId, options);
        return "accepted";
      }),
    connections: (poolId, options) => connectionsOf(client, poolId, options),
    go: ({ poolId, connectionId }, options) =>
      asTeam(async () => {
        const { jobs, connectionOf } = await readJobs(client, poolId, options);
        // A job of which the team tells no connection may well read this one.
        const inScope = jobs.filter(({ id }) => {
          const of = connectionOf.get(id) ?? null;
          return connectionId === null || of === null || of === connectionId;
        });
        return { jobs: inScope, holds: [], starts: [], sources: [] };
      }),
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
