import type { Clock } from "../base/clock.ts";
import type { DeskJob } from "../contract/index.ts";
import type { Client } from "../sdk/index.ts";
import { DemoError, diskFull, saysDiskFull } from "./demo-error.ts";
import { type DemoState, saveDemoState } from "./facts.ts";
import { type FirstPool, type PoolJob, limitRows } from "./first-pool.ts";
import type { SampleSize } from "./sample-data.ts";
import type { Screen } from "./terminal.ts";

/** How long "Finance documents" takes under the connection's limit: long enough to be seen and stopped. */
const financeSeconds = 20 * 60;

export interface Surroundings {
  client: Client;
  pool: FirstPool;
  clock: Clock;
  signal: AbortSignal;
}

/** Both jobs once to SUCCESS, on the first start; then the long one under the connection's limit, and left running. */
export async function runFirstJobs(
  around: Surroundings,
  { home, state, size, screen }: { home: string; state: DemoState; size: SampleSize; screen: Screen },
): Promise<void> {
  const { client, pool, signal } = around;
  const { jobs } = await client.desk.status(pool.poolId, { signal });
  if (jobs.find(({ id }) => id === pool.orderToCash.id)?.status !== "SUCCESS") {
    screen.line("Running the job Order to cash ...");
    await runToSuccess(around, pool.orderToCash, size.orders * 4.9, (done, what) => {
      screen.progress(done, what);
    });
    screen.progressEnds();
  }
  if (!state.financeLoaded.includes(pool.dataSourceId)) {
    screen.line("Loading the job Finance documents once, at full speed ...");
    await limitRows(client, pool, 0, { signal });
    await runToSuccess(around, pool.finance, size.documents * 6, (done, what) => {
      screen.progress(done, what);
    });
    screen.progressEnds();
    const rows = await financeRows(client, pool, { signal });
    await limitRows(client, pool, Math.max(1, Math.ceil(rows / financeSeconds)), { signal });
    state.financeLoaded.push(pool.dataSourceId);
    await saveDemoState(home, state);
  }
  await startJob(around, pool.finance);
}

/** Rows that the latest run of "Finance documents" loaded, over all its tables. */
async function financeRows(
  client: Client,
  { poolId, finance }: FirstPool,
  { signal }: { signal: AbortSignal },
): Promise<number> {
  const { executionItems } = await client.logs.executions(
    poolId,
    finance.id,
    { limit: 1, page: 0 },
    { signal },
  );
  const executionId = executionItems[0]?.executionId;
  if (executionId === undefined || executionId === null) return 0;
  const tables = await client.logs.items(poolId, { executionId, type: "STEP" }, { signal });
  return tables.reduce((sum, { rows }) => sum + (rows ?? 0), 0);
}

/** The job as the desk shows it right now. */
async function look({ client, pool, signal }: Surroundings, job: PoolJob): Promise<DeskJob> {
  const { jobs } = await client.desk.status(pool.poolId, { signal });
  const found = jobs.find(({ id }) => id === job.id);
  if (found === undefined)
    throw new DemoError(`The job "${job.name}" has vanished.`, "Start again: it is made anew.");
  return found;
}

function isActive({ status }: DeskJob): boolean {
  return status === "QUEUED" || status === "RUNNING";
}

/** Waits until nothing of the job runs, and returns how it ended. `onRows`: rows read so far, when they changed. */
async function untilIdle(
  around: Surroundings,
  job: PoolJob,
  onRows: (now: DeskJob) => void,
): Promise<DeskJob> {
  for (;;) {
    const now = await look(around, job);
    if (!isActive(now)) return now;
    onRows(now);
    await around.clock.sleep(250, { signal: around.signal });
  }
}

/** Starts the job in full mode. What an earlier, killed server left of it is being ended by this one: that comes first. */
async function startJob(around: Surroundings, job: PoolJob): Promise<void> {
  await untilIdle(around, job, () => {});
  const { client, pool, signal } = around;
  await client.jobs.execute(pool.poolId, job.id, { mode: "FULL" }, { signal });
}

/**
 * Starts the job and waits for SUCCESS.
 * @param expectedRows about how many it reads; the server's own estimate knows only the tables it has begun.
 * @throws DemoError with the job's own words if it ends otherwise.
 */
async function runToSuccess(
  around: Surroundings,
  job: PoolJob,
  expectedRows: number,
  onProgress: (done: number, what: string) => void,
): Promise<void> {
  await startJob(around, job);
  const ended = await untilIdle(around, job, ({ rows }) => {
    if (rows !== null)
      onProgress(Math.min(0.99, rows / expectedRows), `${job.name}: ${rows.toLocaleString("en")} rows`);
  });
  if (ended.status === "SUCCESS") return;
  const why = await whyFailed(around, ended);
  if (saysDiskFull(why)) throw diskFull("the pool");
  throw new DemoError(
    `The job "${job.name}" ended as ${String(ended.status)}: ${why}`,
    "Start again; if it repeats, move the home away for a fresh one.",
  );
}

async function whyFailed(
  { client, pool, signal }: Surroundings,
  { executionId, id }: DeskJob,
): Promise<string> {
  if (executionId === null) return "no execution.";
  const page = { executionId, type: "JOB", id, limit: 1, logLevels: ["ERROR"] } as const;
  const { logMessages } = await client.logs.detail(pool.poolId, page, { signal });
  return logMessages[0]?.logMessage ?? "its log says no more.";
}
