import { UserError, isNightdeskError } from "../model/errors.ts";
import type { ApiKey, DataPool, Verb } from "../model/definitions.ts";
import { noDeskSettings, type DeskSettings } from "../model/desk-settings.ts";
import type { Hold, Waiting } from "../model/hold.ts";
import type { Executions } from "../model/operations.ts";
import type { Receipt } from "../model/receipt.ts";
import type { StopChannel } from "../model/stop.ts";
import { TeamError, type Team } from "../model/team.ts";
import { executionOf, jobOf, notFound } from "./belonging.ts";
import { knowsJob, may, onlyNamedJobs } from "./keys.ts";
import { receiptOf } from "./receipt.ts";
import { lookAtScope, type ScopeParts } from "./scope-look.ts";
import { seenJobs, teamHold, teamSettlement, teamStart } from "./team-shapes.ts";

export interface LocalTeamParts extends ScopeParts {
  executions: Executions;
  /** One line for the server's log about what the caller is not told. */
  report: (line: string) => void;
  /** Writes a receipt for a person. */
  receiptText: (
    receipt: Receipt,
    facts: { poolName: string; asOf: number; next: Waiting[]; holds: Hold[]; settings: DeskSettings },
  ) => string;
}

/** On whose behalf, and through which door. */
export interface TeamCaller {
  key: ApiKey;
  channel: StopChannel;
  /** The right that looks at a pool of another team need; absent: view. A stop needs only its own. */
  lookVerb?: Verb;
}

/**
 * This server's own pools as a `Team`: the engine itself, with nothing in between, so that its proof counts. Bound to
 * its caller: a pool that the key may not see is not there, and each call needs the verb of its route. A stop
 * resolves as soon as it is recorded.
 */
export function localTeam(parts: LocalTeamParts, { key, channel }: TeamCaller): Team {
  const { state, executions, holds, queue, clock } = parts;

  /** Refusals and failures in the words of the port. What went wrong inside is for the server's log. */
  async function asTeam<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof UserError) throw new TeamError(error.kind, error.message, { cause: error });
      if (isNightdeskError(error)) throw new TeamError("unknown", error.line, { cause: error });
      parts.report(`desk: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      throw new TeamError("unknown", "a fault of the server, which its log tells", { cause: error });
    }
  }

  /** Runs the work on a pool if the key has the verb there. @throws TeamError for refusals; other errors as they are. */
  async function inPool<T>(verb: Verb, poolId: string, work: (pool: DataPool) => Promise<T>): Promise<T> {
    return asTeam(async () => {
      const pool = await state.pool(poolId);
      if (pool === null || !may(key, "any", poolId)) throw notFound("data pool");
      if (!may(key, verb, poolId)) {
        throw new UserError("denied", `the key has no right to ${verb}`, {
          operation: "operate a data pool",
          next: "ask for a key with this right",
        });
      }
      return await work(pool);
    });
  }

  async function inPoolOf<T>(
    verb: Verb,
    executionId: string,
    work: (pool: DataPool) => Promise<T>,
  ): Promise<T> {
    const poolId = await asTeam(async () => {
      const execution = await state.execution(executionId);
      if (execution === null || !may(key, "any", execution.poolId) || !knowsJob(key, execution.jobId))
        throw notFound("execution");
      return execution.poolId;
    });
    return inPool(verb, poolId, work);
  }

  return {
    proves: () => Promise.resolve("source"),
    settings: (poolId) =>
      inPool("view", poolId, async () => (await state.deskSettings(poolId)) ?? noDeskSettings),
    partial: () => key.jobs !== null,
    jobs: (poolId) =>
      inPool("view", poolId, async () =>
        (await seenJobs(state, poolId)).filter(({ id }) => knowsJob(key, id)),
      ),
    stop: ({ poolId, jobId, executionId, reason }, { signal }) =>
      inPool("cancel", poolId, async () => {
        if (!knowsJob(key, jobId)) throw notFound("data job");
        const job = await jobOf(state, poolId, jobId);
        const request = { executionId, keyName: key.name, channel, because: reason, waitMs: 0 };
        const { kind } = await executions.stop(job.id, request, { signal });
        return kind === "other-execution" ? "other-execution" : "accepted";
      }),
    stopAll: ({ poolId, reason }, { signal }) =>
      inPool("cancel", poolId, async (pool) => {
        if (key.jobs !== null) throw onlyNamedJobs();
        const request = { keyName: key.name, channel, because: reason, waitMs: 0 };
        await executions.stopPool(pool.id, request, { signal });
        return true;
      }),
    connections: (poolId) =>
      inPool("view", poolId, async () =>
        (await state.dataSources(poolId)).map(({ id, name }) => ({ id, name })),
      ),
    go: ({ poolId, connectionId, jobId = null }) =>
      inPool("view", poolId, (pool) => lookAtScope(parts, pool, { connectionId, jobId, key })),
    holds: (poolId) =>
      inPool("view", poolId, async (pool) => (await holds.seenWith(key, pool)).map(teamHold)),
    hold: ({ poolId, scope, objectId, reason, until }) =>
      inPool("hold", poolId, async (pool) => {
        if (key.jobs !== null && scope !== "job") throw onlyNamedJobs();
        if (!knowsJob(key, objectId)) throw notFound("data job");
        return teamHold(
          await holds.lay(pool, { scope, objectId, because: reason, until, keyName: key.name }),
        );
      }),
    release: ({ poolId, holdIds, dryRun }) =>
      inPool("hold", poolId, async (pool) => {
        const { starts } = await holds.release(pool, holdIds, { key, dryRun });
        return starts.map(teamStart);
      }),
    settle: ({ executionId, because }, { signal }) =>
      inPoolOf("settle", executionId, async (pool) => {
        const execution = await executionOf(state, pool.id, executionId);
        await executions.settle(execution, { keyName: key.name, because }, { signal });
      }),
    receipt: (executionId) =>
      inPoolOf("view", executionId, async (pool) => {
        const whole = await receiptOf(state, await executionOf(state, pool.id, executionId));
        const settings = (await state.deskSettings(pool.id)) ?? noDeskSettings;
        const facts = { poolName: pool.name, asOf: clock.now(), settings };
        const next = (await queue.of(pool.id)).filter(({ execution }) => knowsJob(key, execution.jobId));
        const now = { next, holds: await holds.seenWith(key, pool) };
        const { proof, settlement } = whole;
        return {
          proof: proof.level,
          settlement: settlement === null ? null : teamSettlement(settlement),
          text: parts.receiptText(whole, { ...facts, ...now }),
          whole,
        };
      }),
  };
}
