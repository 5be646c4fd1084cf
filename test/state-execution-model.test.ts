import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import type { Job } from "../src/model/definitions.ts";
import type { Execution, ExecutionStatus, TerminalStatus } from "../src/model/execution.ts";
import { isTerminal } from "../src/model/execution.ts";
import type { StateStore } from "../src/model/state-store.ts";
import type { StopReason } from "../src/model/stop.ts";
import { openStateStore } from "../src/state/index.ts";
import { aJob, anExecution, aPool, idle, operator, temporaryHome } from "./support/state-fixtures.ts";

/** What an execution must look like, kept as plainly as can be. */
interface Expected {
  id: string;
  job: number;
  status: ExecutionStatus;
  startedAt: number | null;
  endedAt: number | null;
  callers: number;
  everStarted: boolean;
}

/** In the order of queueing. */
interface Model {
  executions: Expected[];
  time: number;
}

interface Real {
  file: string;
  store: StateStore;
  jobs: Job[];
}

type Command = fc.AsyncCommand<Model, Real>;

const over = ({ status }: Expected): boolean => isTerminal(status);

/** Picks any execution so far, over or not. */
function pick(model: Model, which: number): Expected | undefined {
  return model.executions[which % Math.max(model.executions.length, 1)];
}

async function agree(model: Model, { store, jobs }: Real): Promise<void> {
  for (const expected of model.executions) {
    const stored = await store.execution(expected.id);
    expect(summary(stored)).toEqual(summary(expected));
    if (stored?.stop !== null && stored?.status === "QUEUED")
      throw new Error("a stopped execution waits to start");
  }
  const active = model.executions.filter((execution) => !over(execution));
  expect((await store.activeExecutions()).map(({ id }) => id)).toEqual(active.map(({ id }) => id));
  const status = await store.poolStatus(jobs[0]?.poolId ?? "");
  for (const [index, job] of jobs.entries()) {
    const ofJob = model.executions.filter((execution) => execution.job === index);
    expect(ofJob.filter((execution) => !over(execution)).length).toBeLessThanOrEqual(1);
    const latest = ofJob.at(-1);
    expect(status[index]).toEqual({
      jobId: job.id,
      jobName: job.name,
      status: latest?.status ?? null,
      executionId: latest?.id ?? null,
      startedAt: latest?.startedAt ?? null,
    });
  }
}

function summary(execution: Execution | Expected | null): unknown {
  if (execution === null) return null;
  const { id, status, startedAt, endedAt } = execution;
  return {
    id,
    status,
    startedAt,
    endedAt,
    callers: "callers" in execution ? execution.callers : (execution.stop?.callers ?? 0),
  };
}

function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return {
    check: () => true,
    toString: () => name,
    async run(model, real) {
      model.time += 1;
      await run(model, real);
      await agree(model, real);
    },
  };
}

function enqueue(job: number): Command {
  return command(`enqueue(job ${String(job)})`, async (model, { store, jobs }) => {
    const target = jobs[job];
    if (target === undefined) throw new Error("no such job");
    const execution = anExecution(target, { id: newId(), queuedAt: model.time });
    const active = model.executions.find((other) => other.job === job && !over(other));
    const answer = await store.enqueue(execution);
    if (active === undefined) {
      expect(answer).toEqual({ enqueued: true });
      model.executions.push({
        id: execution.id,
        job,
        status: "QUEUED",
        startedAt: null,
        endedAt: null,
        callers: 0,
        everStarted: false,
      });
    } else {
      expect(answer).toMatchObject({ enqueued: false, active: { id: active.id } });
    }
  });
}

function claim(most: number): Command {
  return command(`claimNext(${String(most)})`, async (model, { store }) => {
    const running = model.executions.filter(({ status }) => status === "RUNNING").length;
    const next = running < most ? model.executions.find(({ status }) => status === "QUEUED") : undefined;
    const claimed = await store.claimNext(most, model.time);
    expect(claimed?.id).toBe(next?.id);
    if (next !== undefined)
      Object.assign(next, { status: "RUNNING", startedAt: model.time, everStarted: true });
  });
}

function requestStop(which: number, reason: StopReason): Command {
  return command(`requestStop(#${String(which)}, ${reason.by})`, async (model, { store }) => {
    const target = pick(model, which);
    const answer = await store.requestStop(target?.id ?? newId(), reason, model.time);
    if (target !== undefined && !over(target)) {
      target.callers += 1;
      if (target.status === "QUEUED") {
        expect(target.everStarted).toBe(false);
        Object.assign(target, { status: reason.by === "operator" ? "CANCEL" : "FAIL", endedAt: model.time });
      }
    }
    expect(summary(answer?.execution ?? null)).toEqual(summary(target ?? null));
  });
}

function finish(which: number, status: TerminalStatus): Command {
  return command(`finish(#${String(which)}, ${status})`, async (model, { store }) => {
    const target = pick(model, which);
    const done = await store.finish(target?.id ?? newId(), status, {
      at: model.time,
      proof: idle,
      failure: null,
    });
    expect(done).toBe(target?.status === "RUNNING");
    if (done && target !== undefined) Object.assign(target, { status, endedAt: model.time });
  });
}

function reopen(): Command {
  return command("reopen", async (_model, real) => {
    await real.store.close();
    real.store = await openStateStore(real.file);
  });
}

const jobCount = 3;
const reasons: StopReason[] = [operator, { by: "shutdown" }];
const commands = [
  fc.nat(jobCount - 1).map(enqueue),
  fc.integer({ min: 0, max: 3 }).map(claim),
  fc.tuple(fc.nat(30), fc.constantFrom(...reasons)).map(([which, reason]) => requestStop(which, reason)),
  fc
    .tuple(fc.nat(30), fc.constantFrom<TerminalStatus[]>("SUCCESS", "FAIL", "CANCEL"))
    .map(([which, status]) => finish(which, status)),
  fc.constant(reopen()),
];

test("any order of enqueue, claim, stop, finish and reopen agrees with the model", async () => {
  const home = temporaryHome();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 30 }), async (plan) => {
      const file = join(home, `${newId()}.db`);
      const real: Real = { file, store: await openStateStore(file), jobs: [] };
      const pool = aPool();
      await real.store.insertPool(pool);
      for (let n = 0; n < jobCount; n++) {
        const job = aJob(pool.id, { name: `job ${String(n)}` });
        await real.store.insertJob(job);
        real.jobs.push(job);
      }
      try {
        await fc.asyncModelRun(() => ({ model: { executions: [], time: 1000 }, real }), plan);
      } finally {
        await real.store.close();
      }
      runs += 1;
    }),
    { numRuns: 40 },
  );
  expect(runs).toBe(40);
}, 60_000);
