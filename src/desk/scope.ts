import type { TeamJob } from "../model/team.ts";

/** Which jobs of a pool are meant, or why that cannot be told. */
export type Scope = { kind: "jobs"; jobs: TeamJob[] } | { kind: "usage"; reason: string };

/** `wanted`: a job's id or its whole name; null: all jobs. */
export function jobsInScope(jobs: readonly TeamJob[], wanted: string | null): Scope {
  if (wanted === null) return { kind: "jobs", jobs: [...jobs] };
  const found = jobs.filter((job) => job.id === wanted || job.name === wanted);
  if (found.length === 1) return { kind: "jobs", jobs: found };
  return {
    kind: "usage",
    reason:
      found.length === 0
        ? `no job of this pool has the name or id ${JSON.stringify(wanted)}`
        : `${String(found.length)} jobs are meant by ${JSON.stringify(wanted)}: name one by its id`,
  };
}
