import {
  judgeJob,
  lookAtPool,
  stopLimitMs,
  verdict,
  verdictOfFailedChange,
  verdictOfFailure,
  watchPool,
} from "../desk/index.ts";
import type { JobReport, Verdict } from "../desk/index.ts";
import { asTeam } from "../relay/index.ts";
import { ConflictError } from "../sdk/index.ts";
import type { EndedExecution } from "../sdk/index.ts";
import { connectWithProbes } from "./connect.ts";
import type { Connected } from "./connect.ts";
import { textOption, UsageError } from "./context.ts";
import type { CliContext, Input, Run } from "./context.ts";
import { failedCode, printVerdict } from "./print.ts";
import type { Place, RunAnswer } from "./print.ts";
import { runProgress } from "./run-progress.ts";
import { startedExecution } from "./started-execution.ts";

type Surroundings = Connected & { unprobed: Connected["team"]; place: Place; context: CliContext };

/**
 * `nightdesk run JOB`. Without --wait it answers when the run has begun: 10, for it touches the source. With it the
 * answer is about that execution alone: 0 (a platform's word: 4) for SUCCESS, 8 for any other end. Probes are looked at
 * when it is over; what they still see is 10, however it ended.
 */
export const run: Run = async (input, context) => {
  const mode = modeOption(input);
  const wait = input.options["wait"] === true;
  if (!wait && textOption(input, "probes") !== undefined) {
    throw new UsageError(
      "--probes goes with --wait",
      "wait for the end, or look with nightdesk status JOB --probes FILE",
    );
  }
  const { place, ...connected } = await connectWithProbes(input, context);
  const surroundings = { ...connected, place, context };
  const answer = await started(surroundings, input.argument ?? "", mode, wait);
  return printVerdict(answer, { json: input.options["json"] === true, place }, context.stdout);
};

async function started(
  { client, team, unprobed, place, context }: Surroundings,
  wanted: string,
  mode: "FULL" | "DELTA",
  wait: boolean,
): Promise<RunAnswer> {
  const { clock, signal } = context;
  const { poolId } = place;
  const look = (job: string): Promise<Verdict> => lookAtPool(unprobed, { poolId, job, clock }, { signal });
  const before = await look(wanted);
  const [job] = before.jobs;
  if (job === undefined || before.jobs.length !== 1 || before.word === "USAGE") return before;

  const { settings } = before;
  let executionId: string | null;
  try {
    executionId = await startedExecution(client, poolId, job.id, mode, { signal });
  } catch (error) {
    if (!(error instanceof ConflictError))
      return asTeam(() => Promise.reject(error)).catch(notStarted(signal));
    const now = await look(job.id);
    // What runs is the answer where something does; a refusal alone must not read as done.
    const reason = `NOT STARTED: ${error.message.replace(/^HTTP 409: /, "")}`;
    const clear = now.word === "CLEAR" || now.word === "REPORTED CLEAR";
    return clear ? { ...now, reason, word: "FAILED", code: failedCode } : { ...now, reason };
  }
  // Of this execution alone: what was said of an earlier one of the job is not its.
  const begun: JobReport = {
    ...job,
    status: "QUEUED",
    executionId,
    startedAt: null,
    rows: null,
    stopping: null,
    declared: null,
    word: "RUNNING",
    note: "",
  };
  if (executionId === null) {
    const reason = "STARTED; the team does not say which execution it is";
    const next = "look with nightdesk status";
    return verdict(wait ? "UNKNOWN" : "RUNNING", reason, { jobs: [begun], settings, next });
  }
  if (!wait) return verdict("RUNNING", "STARTED", { jobs: [begun], settings });
  const progress = runProgress(client, poolId, executionId, context);
  let seen = begun;
  try {
    const ended = await client.executions.wait(poolId, executionId, {
      signal,
      onLook: async (item) => {
        seen = { ...begun, status: item.status, startedAt: item.startDate ?? null };
        await progress.onLook(item);
      },
    });
    return await ending(ended, { begun, settings }, { client, team, unprobed, place, context });
  } catch (error) {
    if (signal.aborted) {
      const next = `nightdesk logs --execution ${executionId} --follow`;
      return verdict("RUNNING", "interrupted; the run goes on", { jobs: [seen], settings, next });
    }
    const reason = error instanceof Error ? error.message : String(error);
    const lost = await asTeam(() => Promise.reject(error)).catch(verdictOfFailure);
    // It was started, so a lost connection is not "nobody there": it may well run.
    return lost.word === "DENIED"
      ? { ...lost, jobs: [seen] }
      : verdict("UNKNOWN", `started, and how it goes on is not known: ${reason}`, {
          jobs: [seen],
          settings,
        });
  } finally {
    progress.over();
  }
}

/** What is said of an execution that is over. Its own failure is read from its log, if that can be read. */
async function ending(
  { executionId, status, item }: EndedExecution,
  { begun, settings }: { begun: JobReport; settings: Verdict["settings"] },
  { client, team, unprobed, place, context: { clock, signal } }: Surroundings,
): Promise<RunAnswer> {
  const proves = await team.proves(place.poolId, { signal });
  const { poolId } = place;
  const items = await client.logs.items(poolId, { executionId, type: "STEP" }, { signal }).catch(() => []);
  const counts = items.flatMap(({ type, rows }) =>
    type === "STEP" && typeof rows === "number" ? [rows] : [],
  );
  const rows = counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
  const over = { ...begun, status, startedAt: item.startDate ?? null, rows };
  const looked = team === unprobed ? {} : await looksOf(team, begun.id, place, { clock, signal });
  const judged = judgeJob({ ...over, ...looked.probed }, { proves, now: clock.now() });
  const report = looked.none === undefined ? judged : { ...judged, note: looked.none };
  const facts = { jobs: [report], asOf: clock.now(), settings };
  const seen = report.note === "" ? "" : `; ${report.note}`;
  if (report.word === "RUNNING") {
    const next = "look again with nightdesk status JOB --probes FILE";
    return verdict("RUNNING", `${status}${seen}`, { ...facts, next });
  }
  if (status === "SUCCESS") return verdict(report.word, `SUCCESS${seen}`, facts);
  const query = { executionId, type: "JOB", logLevels: ["ERROR"], limit: 1 } as const;
  const page = await client.logs.detail(poolId, query, { signal }).catch(() => null);
  const why = page?.logMessages?.[0]?.logMessage;
  const reason = typeof why === "string" ? `${status}: ${why}` : status;
  const next = `nightdesk receipt ${executionId}`;
  return { ...verdict(report.word, reason + seen, { ...facts, next }), word: "FAILED", code: failedCode };
}

/**
 * What the probes see of the job now that the run is over, again for a minute while they find something: an extractor
 * may be a moment behind its platform. `none`: why none was looked at, e.g. because it runs again.
 */
async function looksOf(
  team: Connected["team"],
  jobId: string,
  { poolId }: Place,
  { clock, signal }: Pick<CliContext, "clock" | "signal">,
): Promise<{ probed?: Pick<JobReport, "probes">; none?: string }> {
  const { jobs, reason } = await watchPool(
    team,
    { poolId, job: jobId, waitMs: stopLimitMs, clock },
    { signal },
  );
  const probes = jobs[0]?.probes;
  return probes === undefined ? { none: `no probe was looked at: ${reason}` } : { probed: { probes } };
}

/** The start itself went wrong: whether it arrived may not be known. */
function notStarted(signal: AbortSignal): (error: unknown) => Verdict {
  return (error) => verdictOfFailedChange(error, "the start", signal);
}

function modeOption(input: Input): "FULL" | "DELTA" {
  switch (textOption(input, "mode")?.toLowerCase()) {
    case undefined:
    case "delta":
      return "DELTA";
    case "full":
      return "FULL";
    default:
      throw new UsageError("--mode takes full or delta");
  }
}
