/** Exports of a pool, as a Celonis team gives them: what of them is about schedules, and some of what is not. */
import type { DeskSchedules } from "../../src/contract/index.ts";
import { idle, running } from "./desk-cases.ts";
import { scriptedPool, type Exchange } from "./scripted-team.ts";

/** Its next start by the clock is far away, and the same in every test. */
export const newYear = "0 0 6 1 1 ? 2099";
export const newYearText = "2099-01-01 06:00:00 UTC";

export interface ScheduleDraft {
  name?: string;
  /** Ids. */
  jobs?: string[];
  [field: string]: unknown;
}

export function exported(...drafts: ScheduleDraft[]): Record<string, unknown> {
  const names = new Map([idle(), running()].map(({ id, name }) => [id, name]));
  const schedules = drafts.map(({ jobs, ...draft }, index) => ({
    id: `schedule-${String(index)}`,
    name: "hourly ETL",
    poolId: scriptedPool,
    enabled: true,
    monitored: false,
    mode: "DELTA",
    executionPattern: "HOURLY",
    frequency: newYear,
    customCron: null,
    lastExecutionDate: null,
    nextExecutionDate: null,
    numberOfJobs: (jobs ?? [running().id]).length,
    type: "FREQUENCY_BASED",
    ...draft,
  }));
  return {
    dataPool: { id: scriptedPool, name: "SAP ECC" },
    dataSources: [{ id: "source", configuration: { password: "CANARY-of-a-source" } }],
    jobs: [],
    schedules,
    schedulingTriggers: [],
    jobSchedules: drafts.flatMap(({ jobs = [running().id] }, index) =>
      // Not in their order: that is told by a field.
      jobs
        .map((jobId, executionOrder) => ({
          id: `${String(index)}-${jobId}`,
          scheduleId: `schedule-${String(index)}`,
          jobId,
          jobName: names.get(jobId) ?? null,
          executionOrder,
        }))
        .reverse(),
    ),
    poolVariables: [{ name: "secret", values: [{ value: "CANARY-of-a-variable" }] }],
    versionNumber: 201808281151,
  };
}

/** A script that answers an export with this. */
export const exporting =
  (...drafts: ScheduleDraft[]) =>
  ({ json }: Exchange): void =>
    json(exported(...drafts));

/** Of the text of an answer: the lines that tell of schedules. */
export const scheduleLines = (lines: readonly string[]): string[] =>
  lines.filter((line) => /^ {2}NEXT (?:schedule|when schedule|no schedule)/.test(line));

/** What of the JSON of an answer tells of schedules. */
export const schedulesJson = (stdout: string): { code: number; schedules?: DeskSchedules } =>
  JSON.parse(stdout) as { code: number; schedules?: DeskSchedules };
