import { setMaxListeners } from "node:events";
import { deferred } from "../base/deferred.ts";
import { failpoint } from "../base/failpoint.ts";
import { newId } from "../base/ids.ts";
import { UserError, errorLine } from "../model/errors.ts";
import type { Execution } from "../model/execution.ts";
import { describeHold } from "../model/hold.ts";
import type { Executions, StopOutcome, StopRequestOf } from "../model/operations.ts";
import type { Settlement, StopReason } from "../model/stop.ts";
import { ActiveRun } from "./active-run.ts";
import { HoldEnds } from "./hold-ends.ts";
import { jobItem, jobLine } from "./log.ts";
import { planRun } from "./plan.ts";
import { Queue } from "./queue.ts";
import { RunLife, type LifeParts } from "./run-life.ts";
import { SecondConnection } from "./second-connection.ts";
import { followSettlement, mayBeSettled, type SettledParts } from "./settled.ts";
import { endedWithin, outcomeOf } from "./stop-outcome.ts";
import { watchRun, type RunLimits } from "./watchdog.ts";

export interface EngineParts extends Omit<LifeParts, "watch"> {
  /** Executions that run at once; the rest waits in order. */
  mostRunning: number;
  limits: RunLimits;
}

export interface Engine extends Executions {
  /** Takes up what an earlier server left: ends its RUNNING executions with proof, then starts the queue. */
  start(): Promise<void>;
  /** See `Shutdown`. Returns how many are unproven. */
  close(times: Shutdown): Promise<number>;
}

/** The end of a server in order: no new work; `graceMs` for what runs to end by itself; then stop and proof. */
export interface Shutdown {
  graceMs: number;
  /** For a stop to be proven; then pool processes are killed, and a short last look decides. */
  proofMs: number;
  log: (line: string) => void;
}

/** After a kill only a successor is asked what was committed; it has to be started for that. */
const lastLookMs = 10_000;
/** After a claim that failed, as on a full disk. */
const claimAgainMs = 5000;
/** A wall clock may be set while we sleep: the end of a hold is looked for again at least this often. */
const longestSleepMs = 60_000;
/** For the end that follows a declaration to be written. */
const settleMs = 30_000;

/** The queue, the runs and their ends. One instance a server; nothing else writes execution states. */
export function createEngine(parts: EngineParts): Engine {
  const { store, clock, report, acts } = parts;
  const holdEnds = new HoldEnds(store, clock, new Queue(store, clock, parts.mostRunning), acts);
  const active = new Map<string, ActiveRun>();
  const ending = new AbortController();
  // One listener or two for each run, and for each declared execution that is looked for: no leak.
  setMaxListeners(0, ending.signal);
  const following = new Set<Promise<void>>();
  // Nothing is claimed before what an earlier server left is known: both would take it for theirs.
  const started = deferred<void>();
  let claiming: Promise<void> = started.promise;
  let closed = false;
  let alarm = new AbortController();

  const life = new RunLife(
    {
      ...parts,
      watch: (run) => {
        const over = new AbortController();
        void run.ended.promise.then(() => {
          over.abort();
        });
        const signal = AbortSignal.any([ending.signal, over.signal]);
        inBackground(`watch execution ${run.execution.id}`, () =>
          watchRun(run, parts.limits, { clock, look, stop: stopRun }, { signal }),
        );
      },
    },
    ending.signal,
  );

  const inBackground = (what: string, work: () => Promise<void>): void => {
    const done = work()
      .catch((error: unknown) => {
        if (!ending.signal.aborted) report(`${what}: ${errorLine(error)}`);
      })
      .finally(() => following.delete(done));
    following.add(done);
  };

  /** A failure leaves it RUNNING: whatever went wrong here, nothing was proven. The next start takes it up. */
  const follow = (run: ActiveRun, work: () => Promise<void>): void => {
    active.set(run.execution.id, run);
    inBackground(`end execution ${run.execution.id}`, async () => {
      try {
        await work();
      } finally {
        await run.second?.close();
        active.delete(run.execution.id);
        parts.onChange(run.execution.poolId);
        startNext();
      }
    });
  };

  /** Claims as long as there is room; one claimer at a time keeps the order. */
  const startNext = (): void => {
    claiming = claiming
      .then(async () => {
        if (!closed) await holdEnds.record();
        let asked = clock.now();
        while (!closed) {
          asked = clock.now();
          const execution = await store.claimNext(parts.mostRunning, asked);
          if (execution === null) break;
          const run = new ActiveRun(execution);
          parts.onChange(execution.poolId);
          follow(run, () => life.live(run));
        }
        // As of the last claim: a hold that ended since would else wake nobody.
        await setAlarm(asked);
      })
      .catch((error: unknown) => {
        report(`start the next execution: ${errorLine(error)}`);
        inBackground("start the next execution", () =>
          clock.sleep(claimAgainMs, { signal: ending.signal }).then(startNext, () => undefined),
        );
      });
  };

  /** Wakes the queue when the next hold ends by itself. */
  const setAlarm = async (asked: number): Promise<void> => {
    alarm.abort();
    const until = closed ? null : await store.nextHoldEnd(asked);
    if (until === null) return;
    alarm = new AbortController();
    const signal = AbortSignal.any([alarm.signal, ending.signal]);
    const ms = Math.min(Math.max(0, until - clock.now()), longestSleepMs);
    inBackground("wait for the end of a hold", () =>
      clock.sleep(ms, { signal }).then(startNext, () => undefined),
    );
  };

  const look = async (run: ActiveRun, options: { signal: AbortSignal }) => {
    const { plan, id } = run.execution;
    const second = new SecondConnection(parts.source(plan.dataSource?.type ?? ""), () =>
      life.accessOf(run.execution),
    );
    try {
      const seen = await second.look(id, run.sessions, options);
      if ("unknown" in seen) throw new Error(seen.unknown);
      return seen.list;
    } finally {
      await second.close();
    }
  };

  const settled: SettledParts = {
    ...parts,
    access: async (executionId) => {
      const execution = active.get(executionId)?.execution ?? (await store.execution(executionId));
      return execution === null ? null : await life.accessOf(execution);
    },
  };
  const followDeclared = (settlement: Settlement): void => {
    inBackground(`look for what is left of execution ${settlement.executionId}`, () =>
      followSettlement(settlement, settled, { signal: ending.signal }),
    );
  };

  /** Durable first. */
  const stopRun = async ({ execution }: ActiveRun, reason: StopReason): Promise<void> => {
    await recordStop(execution, reason);
  };

  /** Null if there is no such execution. */
  const recordStop = async (execution: Execution, reason: StopReason): Promise<Execution | null> => {
    const stopped = active.get(execution.id);
    if (stopped?.over === false && reason.by !== "operator") await acts.stopping(stopped, reason);
    const answer = await store.requestStop(execution.id, reason, clock.now()).catch((error: unknown) => {
      const run = active.get(execution.id);
      if (run === undefined) throw error;
      // The stop counts more than its record, which is written as soon as it can be.
      report(`record the stop of execution ${execution.id}, which goes on: ${errorLine(error)}`);
      run.unrecordedStops.push({ reason, at: clock.now() });
      return { execution, ended: false };
    });
    await failpoint("engine.stop-recorded");
    if (answer === null) return null;
    const { execution: recorded, ended } = answer;
    parts.onChange(recorded.poolId);
    if (ended) {
      await store.saveItem(jobItem(recorded));
      const line = "Execution was canceled before it started";
      await store.appendLog([
        jobLine(recorded, clock.now(), "WARNING", line, "EXECUTION_CANCELED_ON_REQUEST"),
      ]);
    }
    // Whatever is being claimed now is in `active` after this.
    await claiming;
    active.get(execution.id)?.askToStop(reason);
    return recorded;
  };

  const stopActive = async (
    execution: Execution,
    reason: StopReason,
    waitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<StopOutcome> => {
    const recorded = await recordStop(execution, reason);
    if (recorded === null) return { kind: "was-not-running" };
    const run = active.get(execution.id);
    const ended = run === undefined ? null : await endedWithin(run, waitMs, clock, signal);
    // Its own stops have their own answer.
    if (run !== undefined && ended === null && reason.by === "operator") run.answeredBefore = true;
    return outcomeOf(ended ?? (await store.execution(execution.id)) ?? recorded);
  };

  const reasonOf = ({ keyName, channel, because }: StopRequestOf): StopReason => ({
    by: "operator",
    keyName,
    channel,
    because,
  });

  return {
    execute: async (jobId, request) => {
      const job = await store.job(jobId);
      const operation = "execute a job";
      if (job === null) throw new UserError("not-found", "there is no such job", { operation });
      if (closed)
        throw new UserError("conflict", "the server is shutting down", {
          operation,
          next: "ask again later",
          code: "SERVER_SHUTTING_DOWN",
        });
      const id = newId();
      const plan = await planRun(store, job, request, id);
      const execution: Execution = {
        id,
        poolId: job.poolId,
        jobId,
        jobName: job.name,
        mode: request.mode,
        status: "QUEUED",
        plan,
        queuedAt: clock.now(),
        startedAt: null,
        endedAt: null,
        stop: null,
        proof: null,
        sourceTouched: false,
        sessions: [],
        failure: null,
      };
      const queued = await store.enqueue(execution);
      if (!queued.enqueued) {
        const facts =
          "hold" in queued
            ? {
                why: describeHold(queued.hold),
                next: "wait for its end, or have the hold released",
                code: "JOB_HELD",
              }
            : {
                why: `execution ${queued.active.id} of it is ${queued.active.status}`,
                next: "wait for its end, or cancel it",
                code: "JOB_ALREADY_RUNNING",
              };
        throw new UserError("conflict", facts.why, {
          operation: `execute job "${job.name}"`,
          next: facts.next,
          code: facts.code,
        });
      }
      await failpoint("engine.queued");
      await store.saveItem(jobItem(execution));
      parts.onChange(job.poolId);
      startNext();
      await claiming;
      return (await store.execution(id)) ?? execution;
    },

    stop: async (jobId, request, { signal }) => {
      const current = await store.activeExecution(jobId);
      if (request.executionId !== null && current?.id !== request.executionId)
        return { kind: "other-execution", active: current };
      if (current === null) return { kind: "was-not-running" };
      return stopActive(current, reasonOf(request), request.waitMs, signal);
    },

    stopPool: async (poolId, request, { signal }) => {
      const current = (await store.activeExecutions()).filter((execution) => execution.poolId === poolId);
      return await Promise.all(
        current.map(async (execution) => ({
          execution,
          outcome: await stopActive(execution, reasonOf(request), request.waitMs, signal),
        })),
      );
    },

    settle: async (execution, { keyName, because }, { signal }) => {
      const run = active.get(execution.id);
      if (run === undefined) {
        const now = await store.execution(execution.id);
        throw new UserError("conflict", `it is ${now?.status ?? "gone"}`, {
          operation: `settle execution ${execution.id}`,
          next:
            now?.status === "QUEUED"
              ? "cancel it: it has not begun"
              : "nothing: only a run without an end is settled",
        });
      }
      await mayBeSettled(run, settled, { signal: AbortSignal.any([ending.signal, signal]) });
      const settlement: Settlement = {
        executionId: execution.id,
        poolId: execution.poolId,
        at: clock.now(),
        keyName,
        because,
        seen: "unknown",
        seenAt: clock.now(),
        seenNote: "the source could not be read",
      };
      if (run.settlement === null) {
        // By the end itself, not by this call, which may be given up before it.
        void run.ended.promise.then(({ proof }) => {
          if (proof?.level === "declared") followDeclared(settlement);
        });
      }
      run.declare(settlement);
      const ended = await endedWithin(run, settleMs, clock, undefined);
      if (ended === null) {
        throw new UserError("conflict", "its end could not be written in time", {
          operation: `settle execution ${execution.id}`,
          next: "read its status again",
        });
      }
      return ended;
    },

    start: async () => {
      for (const settlement of await store.openSettlements(null)) followDeclared(settlement);
      for (const execution of await store.activeExecutions()) {
        if (execution.status !== "RUNNING") continue;
        const run = new ActiveRun(execution);
        follow(run, () => life.takeUp(run));
      }
      started.resolve();
      startNext();
    },

    wake: startNext,

    close: async ({ graceMs, proofMs, log }) => {
      closed = true;
      await claiming;
      alarm.abort();
      const runs = (): ActiveRun[] => [...active.values()].filter(({ over }) => !over);
      const allEnded = async (waitMs: number): Promise<void> => {
        await Promise.all(runs().map((run) => endedWithin(run, waitMs, clock, undefined)));
      };
      if (runs().length > 0 && graceMs > 0) {
        log(
          `${String(runs().length)} execution(s) run; they have ${String(graceMs / 1000)} s to end by themselves`,
        );
        await allEnded(graceMs);
      }
      if (runs().length > 0) {
        log(`stopping ${String(runs().length)} execution(s), reason shutdown`);
        await Promise.all(
          runs().map((run) => stopActive(run.execution, { by: "shutdown" }, proofMs, undefined)),
        );
      }
      const left = runs().filter(({ workerGone }) => !workerGone);
      if (left.length > 0) {
        const killed = left.filter(({ worker }) => worker?.kill() === true);
        if (killed.length > 0)
          log(`killed the process of the pool of ${String(killed.length)} execution(s) that did not end`);
        await allEnded(lastLookMs);
      }
      const unproven = runs();
      ending.abort();
      while (following.size > 0) await Promise.all(following);
      for (const run of unproven) {
        await acts.leftUnproven(run, (await store.execution(run.execution.id)) ?? run.execution);
      }
      return unproven.length;
    },
  };
}
