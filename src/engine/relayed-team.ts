import { isId } from "../base/ids.ts";
import type { Clock } from "../base/clock.ts";
import type { DataPool, Verb } from "../model/definitions.ts";
import { noDeskSettings } from "../model/desk-settings.ts";
import { UserError, isNightdeskError } from "../model/errors.ts";
import type { TeamProbe } from "../model/probe.ts";
import { runOf, type RelayEnd, type RemoteObject } from "../model/remote-team.ts";
import type { StateStore } from "../model/state-store.ts";
import { TeamError, type Team, type TeamHold, type TeamJob } from "../model/team.ts";
import { notFound } from "./belonging.ts";
import type { Holds } from "./holds.ts";
import { knowsJob, may, onlyNamedJobs } from "./keys.ts";
import type { TeamCaller } from "./local-team.ts";
import type { Relayed, Relays } from "./relays.ts";
import { endingWith, type Shared } from "./shared-reads.ts";
import { schedulesFor } from "./relayed-schedules.ts";
import { teamHold } from "./team-shapes.ts";

export interface RelayedTeamParts {
  state: StateStore;
  holds: Holds;
  relays: Relays;
  clock: Clock;
  report: (line: string) => void;
}

/** A pool of a team far away, for one caller: the port of the desk, and what its wire answers. */
export interface RelayedTeam extends Team {
  statusLines(options: { signal: AbortSignal }): Promise<Shared<RemoteObject[]>>;
  jobObjects(options: { signal: AbortSignal }): Promise<Shared<RemoteObject[]>>;
  /** Another read of the team, with its age. What it may ask for is for the caller to see to. */
  read<T>(
    ask: (end: RelayEnd, options: { signal: AbortSignal }) => Promise<T>,
    options: { signal: AbortSignal },
  ): Promise<Shared<T>>;
  /** That were set for the pool. */
  probes(): Promise<TeamProbe[]>;
}

/** What must be known of every hold there. */
export const watchAndStop =
  "watch and stop: the team itself holds nothing, what starts there is stopped as soon as it is seen";

/**
 * A pool of a team far away as its caller may see it: our keys, holds and settings over the team's own jobs. Each call
 * needs the verb of its route, and what the key does not cover is refused before anything is asked of the team. That
 * the team refuses the relay is no refusal of the caller, who cannot help it: it is "unknown".
 */
export function relayedTeam(
  { state, holds, relays, clock, report }: RelayedTeamParts,
  pool: DataPool,
  { key, lookVerb = "view" }: TeamCaller,
): RelayedTeam {
  const place = `the team ${JSON.stringify(pool.team?.name ?? "")}`;
  let readAt: number | null = null;
  /** The team gives the relay itself no more than named jobs. */
  let endIsPartial = false;

  async function asTeam<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TeamError) throw error;
      if (error instanceof UserError) throw new TeamError(error.kind, error.message, { cause: error });
      if (isNightdeskError(error)) throw new TeamError("unknown", error.line, { cause: error });
      report(`relay: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      throw new TeamError("unknown", "a fault of the server, which its log tells", { cause: error });
    }
  }

  /** Runs the work at the team's end if the key has the verb. A signal's own reason passes through. */
  async function at<T>(
    verb: Verb,
    poolId: string,
    signal: AbortSignal,
    work: (relayed: Relayed) => Promise<T>,
  ): Promise<T> {
    const relayed = await asTeam(async () => {
      if (poolId !== pool.id || !may(key, "any", poolId)) throw notFound("data pool");
      if (!may(key, verb, poolId)) {
        throw new UserError("denied", `the key has no right to ${verb}`, {
          operation: "operate a data pool",
          next: "ask for a key with this right",
        });
      }
      return relays.of(pool);
    });
    try {
      return await work(relayed);
    } catch (error) {
      if (signal.aborted) throw error;
      return asTeam(() => Promise.reject(error));
    }
  }

  /** What the team itself is asked. */
  async function asked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TeamError)) throw error;
      const refused = error.failure === "denied" || error.failure === "not-found";
      const words = `${place}${refused ? " refuses the relay" : ""}: ${error.message}`;
      throw new TeamError(refused ? "unknown" : error.failure, words, { cause: error });
    }
  }

  async function allJobs({ end, reads }: Relayed, signal: AbortSignal): Promise<TeamJob[]> {
    const ask = (options: { signal: AbortSignal }) => end.jobs(pool.id, options);
    const shared = await asked(() => reads.read(`${pool.id} jobs`, ask, { signal }));
    ({ readAt } = shared);
    endIsPartial = end.partial(pool.id);
    return shared.value;
  }

  const known = <T extends { id: string }>(all: T[]): T[] => all.filter(({ id }) => knowsJob(key, id));
  const ours = async (): Promise<TeamHold[]> => (await holds.seenWith(key, pool)).map(relayedHold);

  async function objects(
    what: "statusLines" | "jobObjects",
    signal: AbortSignal,
  ): Promise<Shared<RemoteObject[]>> {
    return at("view", pool.id, signal, async ({ end, reads }) => {
      const ask = (options: { signal: AbortSignal }) => end[what](pool.id, options);
      const shared = await asked(() => reads.read(`${pool.id} ${what}`, ask, { signal }));
      return { ...shared, value: known(shared.value) };
    });
  }

  return {
    proves: (poolId, { signal }) =>
      at(lookVerb, poolId, signal, ({ end }) => asked(() => end.proves(poolId, { signal }))),
    settings: (poolId, { signal }) =>
      at(lookVerb, poolId, signal, async () => (await state.deskSettings(poolId)) ?? noDeskSettings),
    readAt: () => readAt,
    partial: () => key.jobs !== null || endIsPartial,
    jobs: (poolId, { signal }) =>
      at(lookVerb, poolId, signal, async (relayed) => known(await allJobs(relayed, signal))),
    statusLines: ({ signal }) => objects("statusLines", signal),
    jobObjects: ({ signal }) => objects("jobObjects", signal),
    read: (ask, { signal }) =>
      at("view", pool.id, signal, async ({ end }) => {
        const [began, readSince] = [clock.monotonic(), clock.now()];
        const value = await asked(() => ask(end, { signal }));
        return { value, readAt: readSince, ageMs: Math.round(clock.monotonic() - began) };
      }),
    probes: () =>
      asTeam(async () => (await relays.of(pool)).probes.filter(({ poolId }) => poolId === pool.id)),

    stop: ({ poolId, jobId, executionId, reason }, { signal }) =>
      at("cancel", poolId, signal, async (relayed) => {
        if (!knowsJob(key, jobId) || !isId(jobId)) throw notFound("data job");
        const job = (await allJobs(relayed, signal)).find(({ id }) => id === jobId);
        if (job === undefined) throw notFound("data job");
        if (executionId !== null && executionId !== job.executionId) return "other-execution";
        const open = isActive(job) ? null : await state.openRelayedStop(poolId, jobId);
        // Of what the team calls over, and whose stop is open, it is that stop again: not a new one of nothing.
        const run = executionId ?? open?.executionId ?? runOf(job);
        const { startedAt } = job;
        const stop = { poolId, jobId, executionId: run, requestedAt: clock.now(), startedAt };
        await state.noteRelayedStop({ ...stop, keyName: key.name, because: reason });
        // Not with the caller's signal: a request that was sent is not taken back because its caller has left.
        const order = { poolId, jobId, executionId, reason };
        const sent = relayed.end.stop(order, { signal: new AbortController().signal });
        sent.catch(() => undefined);
        return await asked(() => endingWith(sent, signal));
      }),
    // Each stop is remembered with its execution.
    stopAll: () => Promise.resolve(false),
    connections: (poolId, { signal }) =>
      at("view", poolId, signal, ({ end }) => asked(() => end.connections(poolId, { signal }))),
    go: (scope, { signal }) =>
      at("view", scope.poolId, signal, async ({ end }) => {
        // Whether anything touches a source is more than one job can answer.
        if (key.jobs !== null && scope.jobId === undefined) throw onlyNamedJobs();
        const startedAt = clock.now();
        const look = await asked(() => end.go(scope, { signal }));
        readAt = startedAt;
        return {
          jobs: known(look.jobs),
          holds: [...(await ours()), ...look.holds],
          starts: look.starts.filter(({ jobId }) => knowsJob(key, jobId)),
          sources: look.sources,
        };
      }),
    holds: (poolId, { signal }) => at("view", poolId, signal, ours),
    hold: ({ poolId, scope, objectId, reason, until }, { signal }) =>
      at("hold", poolId, signal, async (relayed) => {
        if (key.jobs !== null && scope !== "job") throw onlyNamedJobs();
        const jobs = await allJobs(relayed, signal);
        if (scope === "job" && !known(jobs).some(({ id }) => id === objectId)) throw notFound("data job");
        if (scope === "connection") {
          throw new TeamError("unable", `${place} is not held by connection; hold its pool or a job of it`);
        }
        const hold = await holds.lay(pool, {
          scope,
          objectId,
          because: reason,
          until,
          keyName: key.name,
          spared: jobs.filter(isActive).map(runOf),
        });
        return relayedHold(hold);
      }),
    release: ({ poolId, holdIds, dryRun }, { signal }) =>
      at("hold", poolId, signal, async () => {
        await holds.release(pool, holdIds, { key, dryRun });
        // Nothing waits under a hold that holds nothing: what the team starts next is its own affair.
        return [];
      }),
    schedules: (poolId, { signal }) =>
      at(lookVerb, poolId, signal, async ({ end, closing }) => {
        // Not with the caller's signal: what comes too late for this answer is there for the next one.
        const read = async () => (await end.schedules?.(pool.id, { signal: closing })) ?? null;
        const schedules = await asked(() => endingWith(read(), signal));
        return schedules === null ? null : schedulesFor(schedules, { key, holds: await ours() });
      }),
    settle: () =>
      Promise.reject(
        new TeamError("unable", `${place} has its own executions; end what is left at the source itself`),
      ),
    receipt: (executionId, { signal }) =>
      at("view", pool.id, signal, ({ end }) => asked(() => end.receipt(executionId, { signal }))),
  };
}

/** As its team is told of it. */
export function relayedHold(hold: Parameters<typeof teamHold>[0]): TeamHold {
  return { ...teamHold(hold), note: watchAndStop };
}

export function isActive({ status }: TeamJob): boolean {
  return status === "RUNNING" || status === "QUEUED";
}
