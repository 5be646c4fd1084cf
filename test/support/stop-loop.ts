/** Real stops in random states, and whether any terminal status was a lie when it was first seen. */
import type { TestServer } from "./nightdesk.ts";

/** Where it happens: a server that runs one execution at once, and a source with BSEG as the scene makes it. */
export interface StopStage {
  server: Pick<TestServer, "ok" | "call">;
  /** The third connection: neither the run's nor the one that the server looks over. */
  source: { sql: (text: string, params?: unknown[]) => Promise<Record<string, unknown>[]> };
  poolId: string;
  jobs: Record<State, StopJob>;
}

export interface StopJob {
  jobId: string;
  path: string;
}

/** What the execution is doing when the stop comes; at what moment of it is left to chance. */
export const stopStates = [
  "connecting",
  "first row not sent",
  "streaming",
  "blocked on a full socket",
  "swapping",
  "transforming",
  "queued",
] as const;
export type State = (typeof stopStates)[number];

export interface StopReport {
  stops: number;
  /** One line each; must be empty. */
  lies: string[];
  /** From the request to the terminal status seen, in ms. */
  took: { state: State; ms: number }[];
  /** How often the source and the log, asked right before the stop, showed the state that was meant. */
  hits: Record<State, number>;
  /** How often each status was the end. */
  ended: Record<string, number>;
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Stops one execution after the other until `goOn` says no; the states in turn. */
export async function stopLoop(
  stage: StopStage,
  {
    random,
    goOn,
    states = stopStates,
  }: { random: () => number; goOn: (stops: number) => boolean; states?: readonly State[] },
): Promise<StopReport> {
  const hits = Object.fromEntries(stopStates.map((state) => [state, 0])) as Record<State, number>;
  const report: StopReport = { stops: 0, lies: [], took: [], hits, ended: {} };
  while (goOn(report.stops)) {
    const state = states[report.stops % states.length] ?? "connecting";
    const job = stage.jobs[state];
    // The queue is full as long as this one sleeps.
    const before = state === "queued" ? stage.jobs["first row not sent"] : null;
    if (before !== null) await start(stage, before, "first row not sent", () => 0);
    const executionId = await start(stage, job, state, random);
    if (await isIn(stage, job, executionId, state)) hits[state] += 1;
    const asked = performance.now();
    const stopping = stage.server.ok(
      "POST",
      `/desk/v1/pools/${stage.poolId}/jobs/${job.jobId}/stop?wait=60`,
      {},
    );
    const status = await firstTerminal(stage, job);
    const left = await sessionsOf(stage, executionId);
    report.took.push({ state, ms: performance.now() - asked });
    if (left.length > 0)
      report.lies.push(`${status} while ${state}, execution ${executionId}: ${left.join(", ")}`);
    const { outcome } = await stopping;
    const said = outcome === "STOPPED" ? "CANCEL" : status;
    if (outcome === "NOT PROVEN" || said !== status || (await statusOf(stage, job)) !== status)
      report.lies.push(
        `${status} while ${state}, execution ${executionId}: the answer was ${String(outcome)}`,
      );
    report.ended[status] = (report.ended[status] ?? 0) + 1;
    report.stops += 1;
    if (before !== null) {
      await stage.server.ok("POST", `/desk/v1/pools/${stage.poolId}/jobs/${before.jobId}/stop?wait=60`, {});
      await firstTerminal(stage, before);
    }
  }
  return report;
}

/** Starts it and returns its id when it is in that state. */
async function start(
  stage: StopStage,
  { jobId, path }: StopJob,
  state: State,
  random: () => number,
): Promise<string> {
  const { server, poolId } = stage;
  await server.ok("POST", `${path}/execute`, state === "transforming" ? {} : { mode: "FULL" });
  const { jobs } = await server.ok("GET", `/desk/v1/pools/${poolId}/status`);
  const executionId = jobs.find(({ id }: { id: string }) => id === jobId).executionId as string;
  const sessionIn = async (...waits: string[]): Promise<void> => {
    for (;;) {
      const seen = await sessionsOf(stage, executionId);
      if (seen.some((session) => waits.some((one) => session.includes(one)))) return;
      await sleep(3);
    }
  };
  const upTo = (ms: number): Promise<void> => sleep(random() * ms);
  switch (state) {
    case "queued":
      await upTo(5);
      break;
    case "connecting":
    case "swapping":
      await upTo(state === "connecting" ? 25 : 200);
      break;
    case "first row not sent":
      await sessionIn("PgSleep");
      await upTo(20);
      break;
    case "streaming":
      await sessionIn("active");
      await upTo(150);
      break;
    case "blocked on a full socket":
      await sessionIn("ClientWrite");
      await upTo(20);
      break;
    case "transforming":
      while ((await statusOf(stage, { jobId })) === "QUEUED") await sleep(3);
      await upTo(150);
      break;
  }
  return executionId;
}

/** Whether it is doing just that now, as far as the source and the log of its task show. */
async function isIn(
  stage: StopStage,
  { jobId }: StopJob,
  executionId: string,
  state: State,
): Promise<boolean> {
  const status = await statusOf(stage, { jobId });
  if (state === "queued") return status === "QUEUED";
  const sessions = await sessionsOf(stage, executionId);
  const last = await lastCode(stage, jobId, executionId);
  const shows = (word: string): boolean => sessions.some((session) => session.includes(word));
  switch (state) {
    case "connecting":
      return status === "RUNNING" && !shows("active") && last !== "WAITING_FOR_SUCCESS_STATE";
    case "first row not sent":
      return shows("PgSleep");
    case "streaming":
      return sessions.some((session) => session.includes("active") && !session.includes("ClientWrite"));
    case "blocked on a full socket":
      return shows("ClientWrite");
    case "swapping":
      return status === "RUNNING" && last === "WAITING_FOR_SUCCESS_STATE";
    case "transforming":
      return status === "RUNNING";
  }
}

/** Of the newest line of its task; "" if there is none yet. */
async function lastCode({ server, poolId }: StopStage, jobId: string, executionId: string): Promise<string> {
  const base = `/integration/api/pools/${poolId}/logs/executions`;
  const [task] = (await server.ok("GET", `${base}?executionId=${executionId}&type=TASK&id=${jobId}`)) as {
    taskId: string;
  }[];
  if (task === undefined) return "";
  const { logMessages } = await server.ok(
    "GET",
    `${base}/detail?executionId=${executionId}&id=${task.taskId}&type=TASK&limit=1&page=0`,
  );
  return String(logMessages[0]?.logTranslationCode ?? "");
}

/** The wire's word, asked for without a pause until it is an end. */
async function firstTerminal(stage: StopStage, job: Pick<StopJob, "jobId">): Promise<string> {
  for (;;) {
    const status = await statusOf(stage, job);
    if (status !== "RUNNING" && status !== "QUEUED") return status;
    await sleep(2);
  }
}

async function statusOf({ server, poolId }: StopStage, { jobId }: Pick<StopJob, "jobId">): Promise<string> {
  const list = (await server.ok("GET", `/integration/api/pools/${poolId}/logs/status`)) as {
    id: string;
    status: string;
  }[];
  return list.find(({ id }) => id === jobId)?.status ?? "";
}

async function sessionsOf({ source }: StopStage, executionId: string): Promise<string[]> {
  const rows = await source.sql(
    `select concat_ws(' ', pid, state, wait_event) as session from pg_stat_activity where application_name = $1`,
    [`nd:${executionId}`],
  );
  return rows.map(({ session }) => String(session));
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The figure of a report in one line. */
export function describeStops({ stops, lies, took, ended }: StopReport): string {
  const sorted = took.toSorted((a, b) => a.ms - b.ms);
  const at = (share: number): string =>
    String(Math.round(sorted[Math.floor(share * (sorted.length - 1))]?.ms ?? 0));
  const worst = sorted.at(-1);
  const ends = Object.entries(ended).map(([status, count]) => `${String(count)} ${status}`);
  return (
    `${String(stops)} stops, ${String(lies.length)} false terminal statuses; request to proof p50 ${at(0.5)} ms, ` +
    `p95 ${at(0.95)} ms, worst ${at(1)} ms (${worst?.state ?? "none"}); ${ends.join(", ")}`
  );
}
