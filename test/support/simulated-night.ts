import fc from "fast-check";
import { newId } from "../../src/base/ids.ts";
import { covers } from "../../src/model/hold.ts";
import { isTerminal, sourceTag } from "../../src/model/execution.ts";
import type { Job } from "../../src/model/definitions.ts";
import type { StateStore } from "../../src/model/state-store.ts";
import { Connection } from "../../src/state/sqlite/connection.ts";
import { migrate } from "../../src/state/sqlite/migrations.ts";
import { stateStore } from "../../src/state/sqlite/open.ts";
import { aDataSource, aHold, aJob, aPool, aTable, aTask } from "./state-fixtures.ts";
import { World } from "./simulated-world.ts";

/** What happens in a night, each at a moment that the scheduler chooses. `job` is one of three. */
export type Happening =
  | { kind: "execute" | "stop" | "stop twice" | "hold" | "settle"; job: number }
  | { kind: "crash" | "kill the pool's processes" | "hang the workers" }
  | { kind: "hold the pool" | "release all" | "stop the pool" }
  /** As many other things come first. */
  | { kind: "time passes"; steps: number }
  | { kind: "disk full" | "disk free" }
  | { kind: "source unreadable" | "source readable" | "freeze" | "unfreeze" | "swallow" | "statement ends" };

const job = fc.integer({ min: 0, max: 2 });
const ofJob = fc.record({
  kind: fc.constantFrom(
    "execute" as const,
    "execute" as const,
    "stop" as const,
    "stop" as const,
    "stop twice" as const,
    "hold" as const,
    "settle" as const,
  ),
  job,
});
const ofAll = fc.constantFrom<Happening>(
  { kind: "crash" },
  { kind: "kill the pool's processes" },
  { kind: "hang the workers" },
  { kind: "hold the pool" },
  { kind: "release all" },
  { kind: "stop the pool" },
  { kind: "disk full" },
  { kind: "disk free" },
  { kind: "source unreadable" },
  { kind: "source readable" },
  { kind: "freeze" },
  { kind: "unfreeze" },
  { kind: "swallow" },
  { kind: "statement ends" },
);
const passes = (steps: number): Happening => ({ kind: "time passes", steps });
const time = fc.integer({ min: 1, max: 40 }).map(passes);
/** The host goes dark under a run that was told to stop: the case in which a person has to answer. */
const darkness = fc
  .tuple(job, fc.integer({ min: 5, max: 60 }))
  .map(([one, steps]): Happening[] => [
    { kind: "execute", job: one },
    passes(steps),
    { kind: "source unreadable" },
    { kind: "stop", job: one },
    passes(80),
    { kind: "settle", job: one },
    passes(20),
  ]);
const stopUnderWay = fc
  .tuple(job, fc.integer({ min: 0, max: 50 }))
  .map(([one, steps]): Happening[] => [
    { kind: "execute", job: one },
    passes(steps),
    { kind: "stop", job: one },
  ]);
const alone = (happening: fc.Arbitrary<Happening>): fc.Arbitrary<Happening[]> =>
  happening.map((one) => [one]);
export const anyNight = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: alone(ofJob) },
      { weight: 4, arbitrary: alone(ofAll) },
      { weight: 4, arbitrary: alone(time) },
      { weight: 5, arbitrary: stopUnderWay },
      { weight: 1, arbitrary: darkness },
    ),
    { minLength: 2, maxLength: 18 },
  )
  .map((parts) => parts.flat());

/** What a simulated night came to; figures for the report. */
export interface NightReport {
  ended: Record<string, number>;
  declared: number;
  stops: number;
  /** Longest time from the first request of a stop to its end, in simulated ms; nights without a source are long. */
  longestMs: number;
  steps: number;
}

/** Where the nights take place: one database in memory, a pool and jobs of its own for each night. */
export function openNights(): { store: StateStore; close: () => void } {
  const connection = new Connection(":memory:");
  migrate(connection, "memory");
  return { store: stateStore(connection), close: () => connection.close() };
}

type Deed = Exclude<Happening, { kind: "time passes" }>;

/** One beat each; null where time passes. */
function beats(happening: Happening): (Deed | null)[] {
  return happening.kind === "time passes" ? Array<null>(happening.steps).fill(null) : [happening];
}

/** Steps after which a healed world must have come to rest. */
const mostSteps = 20_000;

/**
 * Lives through one night and checks after every single step what must never be, and at the end, with
 * everything healed, that it comes to rest. Throws with what was broken.
 */
export async function liveThrough(
  scheduler: fc.Scheduler,
  store: StateStore,
  happenings: readonly Happening[],
): Promise<NightReport> {
  const pool = aPool({ id: newId() });
  await store.insertPool(pool);
  const source = aDataSource(pool.id);
  await store.insertDataSource(source);
  const jobs: Job[] = [];
  for (let n = 0; n < 3; n += 1) {
    const made = aJob(pool.id, { name: `Job ${String(n)}`, dataSourceId: source.id });
    await store.insertJob(made);
    const task = aTask(made, { position: 1 });
    await store.insertTask(task);
    await store.insertTables([aTable(task)]);
    jobs.push(made);
  }
  const known = new Set<string>();
  const ends = new Map<string, string>();
  const stopped = new Set<string>();
  const broken: string[] = [];
  let interrupted = false;
  let full = false;

  const world: World = new World(scheduler, store, (executionId) => {
    void (async () => {
      // The store answers in the same tick: this is what held when it was claimed.
      const [execution, holds, active] = await Promise.all([
        store.execution(executionId),
        store.holds(pool.id, world.time),
        store.activeExecutions(),
      ]);
      if (execution === null) return;
      const of = { ...execution, dataSourceId: execution.plan.dataSource?.id ?? null };
      if (holds.some((hold) => covers(hold, of))) broken.push(`${executionId} started under a hold`);
      const running = active.filter(
        ({ status, poolId }) => status === "RUNNING" && poolId === pool.id,
      ).length;
      if (running > 2) broken.push(`${String(running)} run at once`);
    })();
  });

  /** What must never be, at no step. */
  const check = async (): Promise<void> => {
    for (const one of await store.activeExecutions()) if (one.poolId === pool.id) known.add(one.id);
    for (const id of known) {
      const execution = await store.execution(id);
      if (execution === null) throw new Error(`execution ${id} vanished`);
      if (!isTerminal(execution.status)) continue;
      const before = ends.get(id);
      if (before === undefined) ends.set(id, execution.status);
      else if (before !== execution.status) broken.push(`${id} was ${before} and became ${execution.status}`);
      if (execution.proof?.level === "declared") continue;
      const left = [...world.backends].filter(({ tag }) => tag === sourceTag(id));
      if (left.length > 0)
        broken.push(`${id} is ${execution.status}, and session ${String(left[0]?.pid)} is at the source`);
      if ([...world.workers].some(({ executionId }) => executionId === id))
        broken.push(`${id} is ${execution.status}, and its worker lives`);
      if (execution.status === "SUCCESS" && !world.committed.has(id))
        broken.push(`${id} is SUCCESS without a commit`);
      // A server or process that died may have kept a success from being seen to its end; a cancel it never was.
      const failed = execution.status === "FAIL" && !interrupted;
      if ((execution.status === "CANCEL" || failed) && world.committed.has(id))
        broken.push(`${id} is ${execution.status} after its commit`);
    }
    if (broken.length > 0) throw new Error(broken.join("\n"));
  };
  const step = async (): Promise<void> => {
    await scheduler.waitOne();
    await new Promise((resolve) => setImmediate(resolve));
    await check();
  };

  const key = { keyName: "night", channel: "desk" as const, because: null, waitMs: 0 };
  const quietly = (work: Promise<unknown>): void => {
    // Refusals are part of the night; what they promise is tested elsewhere.
    void work.catch(() => undefined);
  };
  const happen = (happening: Deed): void => {
    const { engine } = world;
    const jobId = "job" in happening ? (jobs[happening.job]?.id ?? "") : "";
    const stop = (): void => {
      quietly(
        engine.stop(jobId, { ...key, executionId: null }, {}).then((outcome) => {
          if ("execution" in outcome) stopped.add(outcome.execution.id);
        }),
      );
    };
    switch (happening.kind) {
      case "execute":
        quietly(engine.execute(jobId, { mode: "FULL", transformations: null, extractions: null }));
        break;
      case "stop":
        stop();
        break;
      case "stop twice":
        stop();
        stop();
        break;
      case "stop the pool":
        quietly(engine.stopPool(pool.id, key, {}));
        break;
      case "hold":
        quietly(
          store.insertHold(aHold(pool.id, { scope: "job", objectId: jobId })).then(() => engine.wake()),
        );
        break;
      case "hold the pool":
        quietly(store.insertHold(aHold(pool.id, { until: world.time + 5000 })).then(() => engine.wake()));
        break;
      case "release all":
        quietly(releaseAll());
        break;
      case "settle":
        quietly(
          store.activeExecution(jobId).then(async (execution) => {
            const word = { keyName: "lead", because: "host down" };
            if (execution !== null)
              await engine.settle(execution, word, { signal: new AbortController().signal });
          }),
        );
        break;
      case "crash":
        interrupted = true;
        world.crash();
        quietly(world.boot());
        break;
      case "kill the pool's processes":
        interrupted = true;
        world.killProcesses();
        break;
      case "hang the workers":
        interrupted = true;
        for (const worker of world.workers) worker.hangs = true;
        break;
      case "disk full":
        full = true;
        world.writable = false;
        break;
      case "disk free":
        world.writable = true;
        break;
      case "source unreadable":
        world.readable = false;
        break;
      case "source readable":
        world.readable = true;
        break;
      case "freeze":
        for (const backend of world.backends) backend.frozen = true;
        break;
      case "unfreeze":
        for (const backend of world.backends) world.release(backend);
        break;
      case "swallow":
        for (const backend of world.backends) backend.swallows = true;
        break;
      case "statement ends":
        for (const backend of world.backends) world.finish(backend);
        break;
    }
  };
  const releaseAll = async (): Promise<void> => {
    const inForce = (await store.holds(pool.id, world.time)).map(({ id }) => id);
    await store.endHolds(pool.id, inForce, world.time, "lead");
    world.engine.wake();
  };

  let steps = 0;
  let over = false;
  quietly(world.boot());
  void scheduler
    .scheduleSequence(
      happenings.flatMap(beats).map((happening) => ({
        label: happening?.kind ?? "time passes",
        builder: async () => {
          if (happening !== null) happen(happening);
          return Promise.resolve();
        },
      })),
    )
    .task.then(() => {
      over = true;
    });
  while (!over) {
    steps += 1;
    if (steps > mostSteps) throw new Error("the happenings did not come to their end");
    await step();
  }

  // Morning: the source answers, nothing is frozen, nothing is held. Everything must come to its end.
  world.readable = true;
  world.writable = true;
  for (const backend of world.backends) world.release(backend);
  await releaseAll();
  for (const { jobId } of (await store.activeExecutions()).filter(({ poolId }) => poolId === pool.id))
    quietly(world.engine.stop(jobId, { ...key, executionId: null }, {}));
  const rest = async (): Promise<boolean> => {
    const active = (await store.activeExecutions()).some(({ poolId }) => poolId === pool.id);
    return !active && world.backends.size === 0 && (await store.openSettlements(pool.id)).length === 0;
  };
  for (let left = mostSteps; !(await rest()); left -= 1) {
    if (left === 0 || scheduler.count() === 0) {
      const active = (await store.activeExecutions()).filter(({ poolId }) => poolId === pool.id);
      throw new Error(
        `it does not come to rest: ${JSON.stringify(active.map(({ id, status, proof, stop }) => ({ id, status, proof, stop })))}, ${String(world.backends.size)} sessions at the source`,
      );
    }
    steps += 1;
    await step();
  }
  if (!full && world.reports.length > 0) throw new Error(world.reports.join("\n"));

  const report: NightReport = { ended: {}, declared: 0, stops: stopped.size, longestMs: 0, steps };
  for (const [id, status] of ends) {
    report.ended[status] = (report.ended[status] ?? 0) + 1;
    const execution = await store.execution(id);
    if (execution?.proof?.level === "declared") report.declared += 1;
    const { stop = null, endedAt = null } = execution ?? {};
    if (stop !== null && endedAt !== null)
      report.longestMs = Math.max(report.longestMs, endedAt - stop.requestedAt);
  }
  world.crash();
  await store.deletePool(pool.id);
  return report;
}
