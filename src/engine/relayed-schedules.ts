import type { ApiKey } from "../model/definitions.ts";
import type { TeamHold, TeamScheduledJob, TeamSchedules } from "../model/team.ts";
import { knowsJob } from "./keys.ts";

/** The schedules of a team far away as a key of ours may know them, with the holds of this server that are in force then. */
export function schedulesFor(
  schedules: TeamSchedules,
  { key, holds }: { key: ApiKey; holds: readonly TeamHold[] },
): TeamSchedules {
  const starts = schedules.starts.flatMap((start) => {
    const jobs = start.jobs
      .filter(({ id }) => knowsJob(key, id))
      .map((job) => ({ ...job, hold: holdOn(job, start.at, holds) ?? job.hold }));
    return jobs.length === 0 ? [] : [{ ...start, jobs }];
  });
  return { ...schedules, starts };
}

/** `at`: epoch ms; null: nobody knows when, so only a hold without an end is sure to be in force. */
function holdOn(
  { id }: TeamScheduledJob,
  at: number | null,
  holds: readonly TeamHold[],
): TeamScheduledJob["hold"] {
  const hold = holds.find(
    ({ scope, objectId, until }) =>
      (scope === "pool" || (scope === "job" && objectId === id)) &&
      (until === null || (at !== null && at < until)),
  );
  return hold === undefined ? null : { id: hold.id, note: hold.note ?? null };
}
