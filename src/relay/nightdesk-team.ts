import type { Clock } from "../base/clock.ts";
import type { DeskSchedules } from "../contract/index.ts";
import { noDeskSettings, type DeskSettings } from "../model/desk-settings.ts";
import { TeamError } from "../model/team.ts";
import type { Team, TeamSchedules } from "../model/team.ts";
import { NotFoundError } from "../sdk/index.ts";
import type { Client } from "../sdk/index.ts";
import { connectionsOf } from "./connections.ts";
import {
  deskSettings,
  each,
  settlementOrNull,
  teamHold,
  teamJob,
  teamSchedules,
  teamSourceLook,
  teamStart,
} from "./desk-shapes.ts";
import { asTeam } from "./failures.ts";
import { notUnderstood } from "./shapes.ts";

/** Seconds a stop's answer may wait for the proof: most stops end within it, and then the first look shows it. */
const stopWait = 1;

/** How long after an answer that had no schedules yet the next one is asked for, ms. */
const pendingMs = 500;

/** How much older than the server's clock an answer may be (ms): a clock that is set back a little is no lie. */
const stalestMs = 60_000;

/** What every answer about a pool says of itself. */
interface Answered {
  poolId: string;
  asOf: number;
  proof?: "source" | "word";
  settings?: DeskSettings;
  schedules?: DeskSchedules;
}

/**
 * A Nightdesk, through its desk API.
 * @param identity its time is what its clock said just now. Each later answer must have been made after that, by the same
 *   clock and the time that has gone by here since: one that something on the way had kept is not taken. A
 *   server whose clock is set back by more than a minute reads as unknown until it is asked anew.
 * @param job the only one that answers are about, by id or whole name: a relay has its probes look for it. null: all.
 */
export function nightdeskTeam(
  client: Client,
  clock: Clock,
  { time: serverTime, everywhere }: { time: number; everywhere: boolean },
  job: string | null = null,
): Team {
  const since = clock.monotonic();
  // Where every pool is proven no probe looks.
  const about = everywhere || job === null ? {} : { job };
  /** By pool, as the latest answer had them: every look brings them along. */
  const settings = new Map<string, DeskSettings>();
  const proofs = new Map<string, "source" | "word">();
  const partials = new Map<string, boolean>();
  const schedules = new Map<string, TeamSchedules | null>();
  /** Asks for a read of the pool that is made now; with how far our clock is before the server's. */
  async function fresh<T extends Answered>(
    poolId: string,
    what: string,
    ask: () => Promise<T>,
  ): Promise<T & { ahead: number }> {
    const least = serverTime + (clock.monotonic() - since) - stalestMs;
    const answer = await ask();
    if (typeof answer.asOf !== "number") throw notUnderstood(what);
    if (answer.poolId !== poolId) throw new TeamError("unknown", `the ${what} is that of another pool`);
    if (answer.asOf < least)
      throw new TeamError("unknown", `the ${what} is an old one: something on the way keeps answers`);
    settings.set(poolId, deskSettings(answer.settings));
    schedules.set(poolId, teamSchedules(answer.schedules, clock.now() - answer.asOf));
    // One that says nothing of it has no pools of other teams.
    proofs.set(poolId, (answer.proof ?? "source") === "source" ? "source" : "word");
    return { ...answer, ahead: clock.now() - answer.asOf };
  }
  return {
    proves: (poolId, options) =>
      asTeam(async () => {
        if (!proofs.has(poolId) && !everywhere)
          await fresh(poolId, "status", () => client.desk.status(poolId, options));
        return proofs.get(poolId) ?? (everywhere ? "source" : "word");
      }),
    settings: (poolId, options) =>
      asTeam(async () => {
        if (!settings.has(poolId)) await fresh(poolId, "status", () => client.desk.status(poolId, options));
        return settings.get(poolId) ?? noDeskSettings;
      }),
    partial: (poolId) => partials.get(poolId) ?? false,
    jobs: (poolId, options) =>
      asTeam(async () => {
        const ask = () => client.desk.status(poolId, { ...options, ...about });
        const { jobs, ahead, partial } = await fresh(poolId, "status", ask);
        partials.set(poolId, partial);
        return each(jobs, "status", (one) => teamJob(one, ahead));
      }),
    stop: ({ poolId, jobId, executionId, reason }, options) =>
      asTeam(async () => {
        const request = { execution: executionId, wait: stopWait, reason };
        const { outcome } = await client.desk.stop(poolId, jobId, request, options);
        return outcome === "OTHER EXECUTION" ? "other-execution" : "accepted";
      }),
    stopAll: ({ poolId, reason }, options) =>
      asTeam(async () => {
        try {
          await client.desk.stopPool(poolId, { wait: stopWait, reason }, options);
          return true;
        } catch (error) {
          // A server that does not have the call yet; a pool that is not there is told by each of its jobs.
          if (error instanceof NotFoundError) return false;
          throw error;
        }
      }),
    connections: (poolId, options) => connectionsOf(client, poolId, options),
    go: ({ poolId, connectionId, jobId }, options) =>
      asTeam(async () => {
        const ask = () => client.desk.go(poolId, { connection: connectionId, job: jobId }, options);
        const go = await fresh(poolId, "go", ask);
        return {
          jobs: each(go.jobs, "go", (one) => teamJob(one, go.ahead)),
          holds: each(go.holds, "go", teamHold),
          starts: each(go.next, "go", teamStart),
          sources: each(go.sources, "go", (look) => teamSourceLook(look, go.ahead)),
        };
      }),
    // Every look brings them along, so only those that were not read yet are asked for.
    schedules: (poolId, options) =>
      asTeam(async () => {
        while (schedules.get(poolId)?.pending === true) {
          await clock.sleep(pendingMs, options);
          await fresh(poolId, "status", () => client.desk.status(poolId, options));
        }
        return schedules.get(poolId) ?? null;
      }),
    holds: (poolId, options) =>
      asTeam(async () => each(await client.desk.holds(poolId, options), "holds", teamHold)),
    hold: ({ poolId, scope, objectId, reason, until }, options) =>
      asTeam(async () =>
        teamHold(await client.desk.hold(poolId, { scope, id: objectId, reason, until }, options)),
      ),
    release: ({ poolId, holdIds, dryRun }, options) =>
      asTeam(async () => {
        const { starts } = await client.desk.release(poolId, { holds: holdIds, dryRun }, options);
        return each(starts, "release", teamStart);
      }),
    settle: ({ executionId, because }, options) =>
      asTeam(async () => {
        await client.desk.settle(executionId, because, options);
      }),
    receipt: (executionId, options) =>
      asTeam(async () => {
        const whole = await client.desk.receipt(executionId, options);
        const text = await client.desk.receiptText(executionId, options);
        if (typeof whole.proof?.level !== "string") throw notUnderstood("receipt");
        return { proof: whole.proof.level, settlement: settlementOrNull(whole.settlement), text, whole };
      }),
  };
}
