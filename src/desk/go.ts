import type { Clock } from "../base/clock.ts";
import type { DeskSettings } from "../model/desk-settings.ts";
import type { Team, TeamGo, TeamHold, TeamStart } from "../model/team.ts";
import { verdictOfFailure } from "./failure.ts";
import { clearWord, judgeJob, judgeOther } from "./judge.ts";
import type { Ground } from "./judge.ts";
import { jobsReason, settingsOf } from "./look.ts";
import { partOf } from "./scope.ts";
import type { Part } from "./scope.ts";
import { heldWords, otherWords } from "./text.ts";
import type { TimesRead } from "./times.ts";
import { verdict, worstWord } from "./verdict.ts";
import type { HoldReport, JobReport, SourceReport, Verdict } from "./verdict.ts";

/** What a look at a scope needs of a team. */
export type GoTeam = Pick<Team, "proves" | "settings" | "jobs" | "connections" | "go">;

/**
 * Does anything of the pool, or of one connection (by id or whole name), touch a source, and will anything?
 * Never rejects: failures and an aborted signal are verdicts too.
 */
export async function goOrNot(
  team: GoTeam,
  scope: { poolId: string; connection: string | null; clock: Clock },
  { signal }: { signal: AbortSignal },
): Promise<Verdict> {
  try {
    const part = await partOf(team, { ...scope, job: null }, { signal });
    if ("usage" in part) return verdict("USAGE", part.usage, { next: "name it by its id or whole name" });
    return await lookAtPart(team, { ...scope, part }, { signal });
  } catch (error) {
    if (signal.aborted) return verdict("UNKNOWN", "interrupted before the answer was known");
    return verdictOfFailure(error);
  }
}

/** The one question about a part of a pool, by a fresh read. @throws TeamError, or the reason of the signal. */
export async function lookAtPart(
  team: Pick<Team, "proves" | "settings" | "go">,
  { poolId, part, clock }: { poolId: string; part: Part; clock: Clock },
  { signal }: { signal: AbortSignal },
): Promise<Verdict> {
  const connectionId = part.scope === "connection" ? part.objectId : null;
  const read = async (): Promise<Verdict> => {
    const asOf = clock.now();
    const oneJob = part.scope === "job";
    const job = oneJob ? { jobId: part.objectId } : {};
    const whole = await team.go({ poolId, connectionId, ...job }, { signal });
    const now = clock.now();
    const proves = await team.proves(poolId, { signal });
    const settings = await settingsOf(team, poolId, { signal });
    const go = oneJob ? ofJob(whole, part.objectId) : whole;
    return goVerdict(go, { proves, now }, { asOf, oneJob, settings });
  };
  const first = await read();
  // The team looks at its sources before its jobs: what ended in between looks like a stranger, once.
  return first.sources?.some(({ strangers }) => strangers.length > 0) === true ? await read() : first;
}

/** What of a pool's answer is about one job. */
function ofJob(go: TeamGo, jobId: string): TeamGo {
  const jobs = go.jobs.filter(({ id }) => id === jobId);
  const starts = go.starts.filter((start) => start.jobId === jobId);
  const holding = new Set(starts.flatMap(({ heldBy }) => heldBy));
  const own = new Set(jobs.map(({ executionId }) => executionId));
  return {
    jobs,
    starts,
    holds: go.holds.filter(
      ({ id, scope, objectId }) => scope === "pool" || objectId === jobId || holding.has(id),
    ),
    sources: go.sources
      .map((look) => ({ ...look, executionIds: look.executionIds.filter((id) => own.has(id)), others: [] }))
      .filter(({ executionIds }) => executionIds.length > 0),
  };
}

function goVerdict(
  go: TeamGo,
  ground: Ground,
  { asOf, oneJob, settings }: { asOf: number; oneJob: boolean; settings: DeskSettings | null },
): Verdict {
  const jobs = go.jobs.map((job) => withStart(judgeJob(job, ground), go, settings));
  const others = go.sources.flatMap((look) => look.others.map((other) => ({ ...other, look })));
  const elsewhere = others.flatMap(({ executions }) => executions);
  const running = new Set(
    [...go.jobs, ...elsewhere].flatMap(({ status, executionId }) =>
      status === "RUNNING" ? [executionId] : [],
    ),
  );
  const sources = go.sources.map((look) => ({
    ...look,
    strangers: look.executionIds.filter((id) => !running.has(id)),
  }));
  const stranger = sources.some(({ strangers }) => strangers.length > 0);
  const judged = [...jobs, ...elsewhere.map((one) => ({ word: judgeOther(one, ground) }))];
  const word = stranger ? "UNKNOWN" : worstWord(judged, clearWord(ground.proves));
  const reason = [
    jobsReason(jobs, oneJob),
    ...(oneJob
      ? []
      : go.starts
          .filter(({ when }) => when === "held")
          .map((start) => `${JSON.stringify(start.jobName)} ${waitWords(start, go, settings).join(", ")}`)),
    ...others.flatMap(({ look, ...other }) =>
      other.executions.length === 0 ? [] : [otherWords(other, look.connectionName)],
    ),
    ...sources.flatMap((source) => sourceWords(source, jobs, word === "CLEAR")),
  ].join("; ");
  const names = new Map([
    ...go.jobs.map(({ id, name }) => [id, name] as const),
    ...go.sources.map(({ connectionId, connectionName }) => [connectionId, connectionName] as const),
  ]);
  const holds = named(go.holds, names);
  return verdict(word, reason, { asOf, jobs, holds, starts: go.starts, sources, settings });
}

/** A queued job says what it waits for. */
function withStart(report: JobReport, go: TeamGo, times: TimesRead): JobReport {
  const start = go.starts.find(({ executionId }) => executionId === report.executionId);
  if (report.status !== "QUEUED" || start === undefined) return report;
  return {
    ...report,
    note: [report.note, ...waitWords(start, go, times)].filter((words) => words !== "").join("; "),
  };
}

function waitWords({ when, heldBy }: TeamStart, { holds }: TeamGo, times: TimesRead): string[] {
  if (when !== "held") return [`starts ${when}`];
  const known = holds.map(({ id }) => id);
  const unknown = heldBy.filter((id) => !known.includes(id)).map((id) => `held by hold ${id}`);
  const words = holds.filter(({ id }) => heldBy.includes(id)).map((hold) => heldWords(hold, times));
  return [...words, ...unknown];
}

/** A source that cannot be read is no reason against CLEAR: it may be down for its maintenance already. */
function sourceWords(
  { connectionName, why, readAt, strangers }: SourceReport,
  jobs: readonly JobReport[],
  clear: boolean,
): string[] {
  const source = `source ${JSON.stringify(connectionName)}`;
  if (readAt === null) {
    const proven = clear ? ", but all that ran here ended with proof" : "";
    return [`${source} cannot be read now${proven}: ${why ?? "no reason told"}`];
  }
  return strangers.map((id) => {
    const job = jobs.find(({ executionId }) => executionId === id);
    const whose =
      job === undefined
        ? "which is not of this scope: another pool, another server or a leftover"
        : `of job ${JSON.stringify(job.name)}, which is ${job.status ?? "never run"}`;
    return `${source} has a session of execution ${id}, ${whose}`;
  });
}

export function named(holds: readonly TeamHold[], names: ReadonlyMap<string, string>): HoldReport[] {
  return holds.map((hold) => ({ ...hold, name: names.get(hold.objectId) ?? null }));
}
