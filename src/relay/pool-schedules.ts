import type { JobScheduleTransport, PoolExport, ScheduleTransport } from "../contract/index.ts";
import type { TeamScheduledStart } from "../model/team.ts";
import { readCron } from "./quartz.ts";
import { isNumberOrNull, isTextOrNull, notUnderstood, orNull } from "./shapes.ts";

/** More than any pool has: an export that lists more is not gone through. */
const mostSchedules = 1000;
const mostJobs = 10_000;

/** Schedules of a pool that are switched on; `startsAfter` names the next start of each, as the port has them. */
export interface PoolSchedules {
  /** @param now epoch ms. */
  startsAfter(now: number): TeamScheduledStart[];
}

/** When one of them starts next. */
type Next = (now: number) => Pick<TeamScheduledStart, "at" | "why">;

/**
 * The schedules in the export of a pool. Of the export nothing else is kept: it may hold more than anybody should see.
 * What starts no job, is switched off or is of another pool is left out.
 * @throws TeamError "unknown" for what is not of this pool or does not have the form of the contract.
 */
export function schedulesIn(exported: PoolExport, poolId: string): PoolSchedules {
  const of = orNull(exported.dataPool?.id);
  if (of !== null && of !== poolId) throw notUnderstood("export (it is that of another pool)");
  const schedules = listOf<ScheduleTransport>(exported.schedules, mostSchedules);
  const jobs = jobsOf(listOf<JobScheduleTransport>(exported.jobSchedules, mostJobs));
  const planned = schedules
    .filter((one) => one.enabled !== false && (orNull(one.poolId) ?? poolId) === poolId)
    .flatMap((one) => {
      const { id } = one;
      const name = orNull(one.name);
      if (typeof id !== "string" || !isTextOrNull(name)) throw notUnderstood("list of schedules");
      const starts = jobs.get(id) ?? [];
      return starts.length === 0 ? [] : [{ id, name: name ?? id, jobs: starts, next: nextOf(one) }];
    });
  return {
    startsAfter: (now) =>
      planned
        .map(({ next, ...schedule }) => ({ ...schedule, ...next(now) }))
        // One that never comes again starts nothing.
        .filter(({ at, why }) => at !== null || why !== null)
        .sort(
          (one, other) => (one.at ?? Infinity) - (other.at ?? Infinity) || (one.name < other.name ? -1 : 1),
        ),
  };
}

function listOf<T>(list: T[] | null | undefined, most: number): T[] {
  const given = orNull(list) ?? [];
  const objects = Array.isArray(given) && given.every((one) => typeof one === "object" && one !== null);
  if (!objects || given.length > most) throw notUnderstood("list of schedules");
  return given;
}

/** By the id of the schedule, in their order. */
function jobsOf(listed: readonly JobScheduleTransport[]): Map<string, TeamScheduledStart["jobs"]> {
  const jobs = new Map<string, TeamScheduledStart["jobs"]>();
  const order = (one: JobScheduleTransport): number => orNull(one.executionOrder) ?? 0;
  for (const one of listed.toSorted((a, b) => order(a) - order(b))) {
    const { scheduleId, jobId } = one;
    const name = orNull(one.jobName);
    const understood = typeof scheduleId === "string" && typeof jobId === "string" && isTextOrNull(name);
    if (!understood || !isNumberOrNull(orNull(one.executionOrder))) throw notUnderstood("list of schedules");
    jobs.set(scheduleId, [...(jobs.get(scheduleId) ?? []), { id: jobId, name: name ?? jobId, hold: null }]);
  }
  return jobs;
}

/** By its cron and by the team's own word, where it gives one: the sooner of the two. */
function nextOf(schedule: ScheduleTransport): Next {
  const cron = cronOf(schedule);
  const reading = typeof cron === "string" ? cron : readCron(cron.text, cron.zone);
  const word = orNull(schedule.nextExecutionDate);
  let found: number | null | undefined;
  return (now) => {
    const told = typeof word === "number" && word > now ? word : null;
    if (typeof reading === "string")
      return told === null ? { at: null, why: reading } : { at: told, why: null };
    // The search through the calendar is done once for each start.
    if (found === undefined || (found !== null && found <= now)) found = reading.next(now);
    const at = found === null || told === null ? (found ?? told) : Math.min(found, told);
    return { at, why: null };
  };
}

/** Text and zone, or why there are none. */
function cronOf(schedule: ScheduleTransport): { text: string; zone: string } | string {
  const [enabled, type, pattern] = [schedule.enabled, schedule.type, schedule.executionPattern].map(orNull);
  const [frequency, custom] = [schedule.frequency, schedule.customCron].map(orNull);
  const zone = orNull(schedule.timeZone) ?? orNull(schedule.timezone) ?? "UTC";
  if (enabled !== true) return "the team does not say whether it is switched on";
  if (type !== null && type !== "FREQUENCY_BASED") return "it starts by a trigger, not by the clock";
  const text =
    typeof pattern === "string" && /custom/i.test(pattern) ? (custom ?? frequency) : (frequency ?? custom);
  if (typeof text !== "string" || typeof zone !== "string") return "it has no cron";
  return { text, zone };
}
