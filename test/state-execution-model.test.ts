import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import type { DataSource, Job } from "../src/model/definitions.ts";
import type { Execution, ExecutionStatus, TerminalStatus } from "../src/model/execution.ts";
import { isTerminal } from "../src/model/execution.ts";
import type { StateStore } from "../src/model/state-store.ts";
import type { Settlement, StopReason } from "../src/model/stop.ts";
import { openStateStore } from "../src/state/index.ts";
import {
  aDataSource,
  aHold,
  aJob,
  anExecution,
  aPool,
  idle,
  operator,
  temporaryHome,
} from "./support/state-fixtures.ts";

/** What an execution must look like, kept as plainly as can be. */
interface Expected {
  id: string;
  job: number;
  status: ExecutionStatus;
  startedAt: number | null;
  endedAt: number | null;
  callers: number;
  everStarted: boolean;
  /** A person's word in the place of a proof, and what the source said since; null: it is proven, or not over. */
  declared: { at: number; seen: Settlement["seen"] } | null;
}

interface ExpectedHold {
  id: string;
  /** A job by its number. */
  on: "pool" | "connection" | number;
  until: number | null;
  endedAt: number | null;
}

interface Model {
  /** In the order of queueing. */
  executions: Expected[];
  /** In the order of declaring. */
  declared: Expected[];
  /** In the order of laying. */
  holds: ExpectedHold[];
  time: number;
}

interface Real {
  file: string;
  store: StateStore;
  jobs: Job[];
  poolId: string;
  connection: DataSource;
}

type Command = fc.AsyncCommand<Model, Real>;

const over = ({ status }: Expected): boolean => isTerminal(status);

/** Jobs before this one read the connection, the others none. */
const globalJob = 2;

const inForce = ({ endedAt, until }: ExpectedHold, time: number): boolean =>
  endedAt === null && (until === null || until > time);

/** Those that keep an execution of the job from starting now. */
function holdsOn(model: Model, job: number): ExpectedHold[] {
  return model.holds.filter(
    (hold) =>
      inForce(hold, model.time) &&
      (hold.on === "pool" || hold.on === job || (hold.on === "connection" && job < globalJob)),
  );
}

const idsOf = (all: readonly { id: string }[]): string[] => all.map(({ id }) => id);

/** Picks any execution so far, over or not. */
function pick(model: Model, which: number): Expected | undefined {
  return model.executions[which % Math.max(model.executions.length, 1)];
}

async function agree(model: Model, { store, jobs, poolId }: Real): Promise<void> {
  for (const expected of model.executions) {
    const stored = await store.execution(expected.id);
    expect(summary(stored)).toEqual(summary(expected));
    const settled = await store.settlement(expected.id);
    expect(settled && { at: settled.at, seen: settled.seen }).toEqual(expected.declared);
    // A declaration never reads as a proof, whatever the source said since.
    if (over(expected)) {
      expect(stored?.proof?.level).toBe(expected.declared === null ? "source idle" : "declared");
    }
    if (stored?.stop !== null && stored?.status === "QUEUED")
      throw new Error("a stopped execution waits to start");
  }
  const active = model.executions.filter((execution) => !over(execution));
  expect((await store.activeExecutions()).map(({ id }) => id)).toEqual(active.map(({ id }) => id));
  const open = model.declared.filter(({ declared }) => declared?.seen !== "idle");
  for (const of of [poolId, null]) {
    expect((await store.openSettlements(of)).map(({ executionId }) => executionId)).toEqual(idsOf(open));
  }
  const holding = model.holds.filter((hold) => inForce(hold, model.time));
  expect(idsOf(await store.holds(poolId, model.time))).toEqual(idsOf(holding));
  const moment = await store.queueAt(poolId, model.time);
  expect([idsOf(moment.active), idsOf(moment.holds)]).toEqual([idsOf(active), idsOf(holding)]);
  const ends = holding.flatMap(({ until }) => (until === null ? [] : [until]));
  expect(await store.nextHoldEnd(model.time)).toBe(ends.length === 0 ? null : Math.min(...ends));
  const status = await store.poolStatus(poolId);
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
  return command(`enqueue(job ${String(job)})`, async (model, { store, jobs, connection }) => {
    const target = jobs[job];
    if (target === undefined) throw new Error("no such job");
    const made = anExecution(target, { id: newId(), queuedAt: model.time });
    const dataSource = job < globalJob ? connection : null;
    const execution = { ...made, plan: { ...made.plan, dataSource } };
    const holding = holdsOn(model, job);
    const active = model.executions.find((other) => other.job === job && !over(other));
    const answer = await store.enqueue(execution);
    if (active !== undefined) {
      expect(answer).toMatchObject({ enqueued: false, active: { id: active.id } });
    } else if (holding.length > 0) {
      const longest = Math.max(...holding.map(({ until }) => until ?? Infinity));
      const told = "hold" in answer ? answer.hold : null;
      expect(idsOf(holding)).toContain(told?.id);
      expect(told?.until ?? Infinity).toBe(longest);
    } else {
      expect(answer).toEqual({ enqueued: true });
      model.executions.push({
        id: execution.id,
        job,
        status: "QUEUED",
        startedAt: null,
        endedAt: null,
        callers: 0,
        everStarted: false,
        declared: null,
      });
    }
  });
}

function claim(most: number): Command {
  return command(`claimNext(${String(most)})`, async (model, { store }) => {
    const running = model.executions.filter(({ status }) => status === "RUNNING").length;
    const mayStart = ({ status, job }: Expected): boolean =>
      status === "QUEUED" && holdsOn(model, job).length === 0;
    const next = running < most ? model.executions.find(mayStart) : undefined;
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

/** The end by a person's word; that nothing can be known of it was looked at before. */
function settle(which: number): Command {
  return command(`settle(#${String(which)})`, async (model, { store, poolId }) => {
    const target = pick(model, which);
    const executionId = target?.id ?? newId();
    const at = model.time;
    const note = "host down";
    const said = { by: "night", because: note, seen: "unknown", seenAt: at, seenNote: "silent" } as const;
    const done = await store.finish(executionId, "CANCEL", {
      at,
      proof: { level: "declared", at, note },
      failure: null,
      settlement: { executionId, poolId, at, keyName: said.by, ...said },
    });
    expect(done).toBe(target?.status === "RUNNING");
    if (!done || target === undefined) return;
    Object.assign(target, { status: "CANCEL", endedAt: at, declared: { at, seen: "unknown" } });
    model.declared.push(target);
  });
}

/** What the source says of a declared one: until it has said that nothing is there. */
function sourceSays(which: number, seen: Settlement["seen"]): Command {
  return command(`sourceSays(#${String(which)}, ${seen})`, async (model, { store }) => {
    const target = model.declared[which % Math.max(model.declared.length, 1)];
    await store.noteSettlement(target?.id ?? newId(), seen, model.time, seen);
    if (target?.declared && target.declared.seen !== "idle") target.declared.seen = seen;
  });
}

/** `lasts`: null until it is released. */
function hold(on: ExpectedHold["on"], lasts: number | null): Command {
  return command(
    `hold(${String(on)}, ${String(lasts)})`,
    async (model, { store, jobs, poolId, connection }) => {
      const until = lasts === null ? null : model.time + lasts;
      const scope = typeof on === "number" ? "job" : on;
      const objectId = typeof on === "number" ? jobs[on]?.id : on === "pool" ? poolId : connection.id;
      const laid = aHold(poolId, { scope, objectId: objectId ?? "", until, createdAt: model.time });
      await store.insertHold(laid);
      model.holds.push({ id: laid.id, on, until, endedAt: null });
    },
  );
}

/** All of them or none. */
function release(first: number, count: number): Command {
  return command(`release(${String(first)}, ${String(count)})`, async (model, { store, poolId }) => {
    const start = first % Math.max(model.holds.length, 1);
    const chosen = model.holds.slice(start, start + count);
    const all = chosen.length > 0 && chosen.every((one) => inForce(one, model.time));
    const answer = await store.endHolds(poolId, idsOf(chosen), model.time, "night");
    expect(answer && idsOf(answer.ended)).toEqual(all ? idsOf(chosen) : null);
    if (all) for (const one of chosen) one.endedAt = model.time;
  });
}

/** Time goes by; of the holds that end by it one end is noted, which changes nothing but that. */
function wait(time: number): Command {
  return command(`wait(${String(time)})`, async (model, { store }) => {
    model.time += time;
    const due = model.holds
      .filter(({ endedAt, until }) => endedAt === null && until !== null && until <= model.time)
      .toSorted((one, other) => (one.until ?? 0) - (other.until ?? 0));
    expect(idsOf(await store.holdsOver(model.time))).toEqual(idsOf(due));
    const [first] = due;
    if (first === undefined) return;
    await store.noteHoldOver(first.id);
    first.endedAt = first.until;
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
const enqueues = fc.nat(jobCount - 1).map(enqueue);
const claims = fc.integer({ min: 0, max: 3 }).map(claim);
const stops = fc
  .tuple(fc.nat(30), fc.constantFrom(...reasons))
  .map(([which, reason]) => requestStop(which, reason));
const finishes = fc
  .tuple(fc.nat(30), fc.constantFrom<TerminalStatus[]>("SUCCESS", "FAIL", "CANCEL"))
  .map(([which, status]) => finish(which, status));
const settles = fc.nat(30).map(settle);
const says = fc
  .tuple(fc.nat(5), fc.constantFrom<Settlement["seen"][]>("unknown", "busy", "idle"))
  .map(([which, seen]) => sourceSays(which, seen));
const holds = fc
  .tuple(
    fc.constantFrom("pool" as const, "connection" as const, 0, 1, 2),
    fc.option(fc.integer({ min: 1, max: 9 })),
  )
  .map(([on, lasts]) => hold(on, lasts));
const releases = fc.tuple(fc.nat(10), fc.nat(3)).map(([first, count]) => release(first, count));
const waits = fc.integer({ min: 1, max: 4 }).map(wait);
const reopens = fc.constant(reopen());

test.each([
  [
    "all of it, over restarts",
    [enqueues, claims, stops, finishes, settles, says, holds, releases, waits, reopens],
  ],
  [
    "holds, at the start and at the end",
    [enqueues, enqueues, claims, finishes, holds, holds, releases, waits],
  ],
  ["what is declared over", [enqueues, claims, settles, settles, says, says]],
])(
  "any order of commands agrees with the model: %s",
  async (_, commands) => {
    const home = temporaryHome();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { maxCommands: 40, size: "max" }), async (plan) => {
        const file = join(home, `${newId()}.db`);
        const pool = aPool();
        const connection = aDataSource(pool.id);
        const store = await openStateStore(file);
        const real: Real = { file, store, jobs: [], poolId: pool.id, connection };
        await real.store.insertPool(pool);
        await real.store.insertDataSource(connection);
        for (let n = 0; n < jobCount; n++) {
          const job = aJob(pool.id, { name: `job ${String(n)}` });
          await real.store.insertJob(job);
          real.jobs.push(job);
        }
        try {
          await fc.asyncModelRun(
            () => ({ model: { executions: [], declared: [], holds: [], time: 1000 }, real }),
            plan,
          );
        } finally {
          await real.store.close();
        }
        runs += 1;
      }),
      { numRuns: 40 },
    );
    expect(runs).toBe(40);
  },
  60_000,
);
