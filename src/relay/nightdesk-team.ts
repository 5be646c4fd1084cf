import type { Clock } from "../base/clock.ts";
import type { DeskJob } from "../contract/index.ts";
import type { Team, TeamJob } from "../model/team.ts";
import type { Client } from "../sdk/index.ts";
import { asTeam } from "./failures.ts";
import { isNumberOrNull, isTextOrNull, notUnderstood } from "./shapes.ts";

/** Seconds a stop's answer may wait for the proof: most stops end within it, and then the first look shows it. */
const stopWait = 1;

/** A Nightdesk, through its desk API. */
export function nightdeskTeam(client: Client, clock: Clock): Pick<Team, "jobs" | "stop"> {
  return {
    jobs: (poolId, options) =>
      asTeam(async () => {
        const status = await client.desk.status(poolId, options);
        if (!Array.isArray(status.jobs) || typeof status.asOf !== "number") throw notUnderstood("status");
        const ahead = clock.now() - status.asOf;
        return status.jobs.map((job) => teamJob(job, ahead));
      }),
    stop: ({ poolId, jobId, executionId, reason }, options) =>
      asTeam(async () => {
        const request = { execution: executionId, wait: stopWait, reason };
        const { outcome } = await client.desk.stop(poolId, jobId, request, options);
        return outcome === "OTHER EXECUTION" ? "other-execution" : "accepted";
      }),
  };
}

/** `ahead`: how far our clock is before the server's (ms); ages are counted on ours. */
function teamJob(job: DeskJob, ahead: number): TeamJob {
  const { id, name, status, executionId, startedAt, rows, stopping } = job;
  const understood =
    typeof id === "string" &&
    typeof name === "string" &&
    isTextOrNull(status) &&
    isTextOrNull(executionId) &&
    isNumberOrNull(startedAt) &&
    isNumberOrNull(rows) &&
    (stopping === null || isStopping(stopping));
  if (!understood) throw notUnderstood("status");
  return {
    id,
    name,
    status,
    executionId,
    startedAt,
    rows,
    stopping:
      stopping === null
        ? null
        : { requestedAt: stopping.requestedAt + ahead, level: stopping.level, why: stopping.why },
  };
}

function isStopping(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { requestedAt, level, why } = value as Record<string, unknown>;
  return typeof requestedAt === "number" && typeof level === "string" && typeof why === "string";
}
