import type { Clock } from "../base/clock.ts";
import type { Team } from "../model/team.ts";
import type { Client } from "../sdk/index.ts";
import { connectionsOf } from "./connections.ts";
import { each, settlementOrNull, teamHold, teamJob, teamSourceLook, teamStart } from "./desk-shapes.ts";
import { asTeam } from "./failures.ts";
import { notUnderstood } from "./shapes.ts";

/** Seconds a stop's answer may wait for the proof: most stops end within it, and then the first look shows it. */
const stopWait = 1;

/** A Nightdesk, through its desk API. */
export function nightdeskTeam(client: Client, clock: Clock): Omit<Team, "proves"> {
  const aheadOf = (asOf: number, what: string): number => {
    if (typeof asOf !== "number") throw notUnderstood(what);
    return clock.now() - asOf;
  };
  return {
    jobs: (poolId, options) =>
      asTeam(async () => {
        const { jobs, asOf } = await client.desk.status(poolId, options);
        const ahead = aheadOf(asOf, "status");
        return each(jobs, "status", (job) => teamJob(job, ahead));
      }),
    stop: ({ poolId, jobId, executionId, reason }, options) =>
      asTeam(async () => {
        const request = { execution: executionId, wait: stopWait, reason };
        const { outcome } = await client.desk.stop(poolId, jobId, request, options);
        return outcome === "OTHER EXECUTION" ? "other-execution" : "accepted";
      }),
    connections: (poolId, options) => connectionsOf(client, poolId, options),
    go: ({ poolId, connectionId }, options) =>
      asTeam(async () => {
        const go = await client.desk.go(poolId, { connection: connectionId }, options);
        const ahead = aheadOf(go.asOf, "go");
        return {
          jobs: each(go.jobs, "go", (job) => teamJob(job, ahead)),
          holds: each(go.holds, "go", teamHold),
          starts: each(go.next, "go", teamStart),
          sources: each(go.sources, "go", teamSourceLook),
        };
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
