import type { Clock } from "../base/clock.ts";
import { newId } from "../base/ids.ts";
import { UserError, errorLine } from "../model/errors.ts";
import type { Execution, ExecutionItem } from "../model/execution.ts";
import type { ExecuteRequest, Executions, SecretBox, StopOutcome } from "../model/operations.ts";
import type { PoolHost, ProcessGone, RunEvents } from "../model/pool-host.ts";
import type { RunOutcome } from "../model/pool-protocol.ts";
import type { Source, SourceAccess } from "../model/source.ts";
import type { StateStore } from "../model/state-store.ts";
import type { StopReason } from "../model/stop.ts";
import { ActiveRun } from "./active-run.ts";
import { decideEnd, writeEnd } from "./end-run.ts";
import { jobItem, jobLine } from "./log.ts";
import { planRun } from "./plan.ts";
import { endUntilProven } from "./prove.ts";

export interface EngineParts {
  store: StateStore;
  pools: PoolHost;
  source: (type: string) => Source;
  secrets: SecretBox;
  clock: Clock;
  /** Executions that run at once; the rest waits in order. */
  mostRunning: number;
  /** Where unexpected failures go; one line each. */
  report: (line: string) => void;
  /** Called after anything changed that a reader of the pool's status could see. */
  onChange: (poolId: string) => void;
}

export interface Engine extends Executions {
  /** Takes up what an earlier server left: ends its RUNNING executions with proof, then starts the queue. */
  start(): Promise<void>;
  /** Takes no new work, stops what runs (reason shutdown), waits for proof up to `graceMs`. Returns how many are unproven. */
  close(graceMs: number): Promise<number>;
}

/** The queue, the runs and their ends. One instance a server; nothing else writes execution states. */
export function createEngine(parts: EngineParts): Engine {
  const { store, pools, clock, report } = parts;
  const active = new Map<string, ActiveRun>();
  const ending = new AbortController();
  const following = new Set<Promise<void>>();
  let claiming: Promise<void> = Promise.resolve();
  let closed = false;

  const follow = (run: ActiveRun, work: () => Promise<void>): void => {
    active.set(run.execution.id, run);
    const done = work()
      .catch((error: unknown) => {
        // Stays RUNNING: whatever went wrong here, nothing was proven. The next start takes it up.
        if (!ending.signal.aborted) report(`end execution ${run.execution.id}: ${errorLine(error)}`);
      })
      .finally(() => {
        active.delete(run.execution.id);
        following.delete(done);
        parts.onChange(run.execution.poolId);
        startNext();
      });
    following.add(done);
  };

  /** Claims as long as there is room; one claimer at a time keeps the order. */
  const startNext = (): void => {
    claiming = claiming
      .then(async () => {
        while (!closed) {
          const execution = await store.claimNext(parts.mostRunning, clock.now());
          if (execution === null) return;
          const run = new ActiveRun(execution);
          parts.onChange(execution.poolId);
          follow(run, () => runAndEnd(run));
        }
      })
      .catch((error: unknown) => {
        report(`start the next execution: ${errorLine(error)}`);
      });
  };

  /** The place is the plan's, so that a proof is never read elsewhere; the password is the one stored now. */
  const accessOf = async ({ plan }: Execution): Promise<SourceAccess | null> => {
    if (plan.dataSource === null) return null;
    const { id, name, configuration } = plan.dataSource;
    const stored = await store.dataSource(id);
    if (stored === null) {
      throw new UserError("not-found", "its connection is not there any more", {
        operation: "open the password of a connection",
        place: JSON.stringify(name),
      });
    }
    return { name, configuration, password: parts.secrets.open(id, stored.sealedPassword) };
  };

  /** Who waits for the end must not read an older status after it. */
  const tellEnd = (run: ActiveRun, ended: Execution): void => {
    parts.onChange(ended.poolId);
    run.ended.resolve(ended);
  };

  /** The life of a claimed execution in this server. */
  const runAndEnd = async (run: ActiveRun): Promise<void> => {
    const { execution } = run;
    const heldItems = new Map<string, ExecutionItem>();
    await store.saveItem(jobItem(execution));
    await store.appendLog([
      jobLine(
        execution,
        clock.now(),
        "INFO",
        `Starting running job: ${execution.jobName}`,
        "STARTING_RUNNING_JOB_WITH_NAME",
      ),
    ]);
    parts.onChange(execution.poolId);
    const events: RunEvents = {
      touching: async () => {
        await store.markSourceTouched(execution.id);
        run.touched = true;
      },
      session: async (session) => {
        run.sessions.push(session);
        await store.addSession(execution.id, session);
      },
      item: async (item) => {
        // FAIL and CANCEL are claims about the source: held back until that is proven.
        if (item.status === "FAIL" || item.status === "CANCEL") heldItems.set(item.id, item);
        else await store.saveItem(item);
      },
      log: (line) => store.appendLog([line]),
    };
    // A stop may have been recorded between the claim and this server's knowing of the run.
    run.stop ??= (await store.execution(execution.id))?.stop?.reason ?? null;
    let outcome: RunOutcome | ProcessGone | null = null;
    const gone = startWorker(run, events).then((result) => {
      outcome = result;
      run.neverOpened =
        result.kind !== "process-gone" && result.kind !== "succeeded" && result.sessionsOpened === 0;
      run.workerGone = true;
      run.change();
    });
    while (!run.workerGone && run.stop === null) {
      ending.signal.throwIfAborted();
      await run.changed({ signal: ending.signal });
    }
    const proof = await prove(run);
    await gone;
    const final: RunOutcome | ProcessGone = outcome ?? { kind: "process-gone", detail: "no outcome" };
    const committedTasks =
      final.kind === "process-gone" ? await committedTasksOf(execution) : new Set<string>();
    const end = decideEnd(final, run.stop);
    const facts = {
      at: clock.now(),
      proof,
      stop: run.stop,
      heldItems: [...heldItems.values()],
      committedTasks,
    };
    tellEnd(run, await writeEnd(store, execution, end, facts));
  };

  /** Hands the plan to the pool's process. Without a password nothing is started, and the run has failed. */
  const startWorker = async (run: ActiveRun, events: RunEvents): Promise<RunOutcome | ProcessGone> => {
    let access: SourceAccess | null;
    try {
      access = await accessOf(run.execution);
    } catch (error) {
      return { kind: "failed", failure: errorLine(error), sessionsOpened: 0 };
    }
    run.worker = pools.run(run.execution.plan, access?.password ?? null, events);
    if (run.stop !== null) run.worker.abort(run.stop);
    return run.worker.gone;
  };

  const prove = (run: ActiveRun): ReturnType<typeof endUntilProven> =>
    endUntilProven(
      {
        plan: run.execution.plan,
        sessions: () => run.sessions,
        touched: () => run.touched,
        neverOpened: () => run.neverOpened,
        stopAsked: () => run.stop !== null,
        workerGone: () => run.workerGone,
        abort: () => {
          if (run.stop !== null) run.worker?.abort(run.stop);
        },
        kill: () => run.worker?.kill(),
        changed: (options) => run.changed(options),
        record: (proof) => store.recordProof(run.execution.id, proof),
      },
      {
        clock,
        access: () => accessOf(run.execution),
        source:
          run.execution.plan.dataSource === null ? null : parts.source(run.execution.plan.dataSource.type),
      },
      { signal: ending.signal },
    );

  /** What the pool itself says was committed, after the process of the run died. */
  const committedTasksOf = async ({ poolId, id, plan }: Execution): Promise<Set<string>> => {
    const taskIds = plan.tasks.map((task) => task.id);
    const answer = await pools.ask(poolId, { kind: "committed", executionId: id, taskIds }, {});
    return new Set(answer.kind === "committed" ? answer.taskIds : []);
  };

  /** Ends an execution that an earlier server left RUNNING. */
  const endLeftover = async (run: ActiveRun): Promise<void> => {
    const { execution } = run;
    const reason: StopReason = execution.stop?.reason ?? { by: "server-stopped" };
    run.stop = reason;
    // Owning the pool's file shows that the old worker is gone: only one process can.
    await pools.takeOver(execution.poolId, { signal: ending.signal });
    run.workerGone = true;
    const proof = await prove(run);
    const committedTasks = await committedTasksOf(execution);
    const end = decideEnd({ kind: "process-gone", detail: "server stopped" }, reason);
    const facts = { at: clock.now(), proof, stop: reason, heldItems: [], committedTasks };
    tellEnd(run, await writeEnd(store, execution, end, facts));
  };

  const stopActive = async (
    execution: Execution,
    reason: StopReason,
    waitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<StopOutcome> => {
    const recorded = await store.requestStop(execution.id, reason, clock.now());
    if (recorded === null) return { kind: "was-not-running" };
    parts.onChange(recorded.poolId);
    if (recorded.status === "CANCEL" && execution.status === "QUEUED") {
      await store.saveItem(jobItem(recorded));
      await store.appendLog([
        jobLine(
          recorded,
          clock.now(),
          "WARNING",
          "Execution was canceled before it started",
          "EXECUTION_CANCELED_ON_REQUEST",
        ),
      ]);
    }
    await claiming;
    const run = active.get(execution.id);
    if (run === undefined) return outcomeOf((await store.execution(execution.id)) ?? recorded);
    run.askToStop(reason);
    const ended = await endedWithin(run, waitMs, clock, signal);
    if (ended !== null) return outcomeOf(ended);
    const now = (await store.execution(execution.id)) ?? recorded;
    return outcomeOf(now);
  };

  return {
    execute: async (jobId, request: ExecuteRequest) => {
      const job = await store.job(jobId);
      const operation = "execute a job";
      if (job === null) throw new UserError("not-found", "there is no such job", { operation });
      if (closed)
        throw new UserError("conflict", "the server is shutting down", {
          operation,
          next: "ask again later",
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
        throw new UserError("conflict", `execution ${queued.active.id} of it is ${queued.active.status}`, {
          operation: `execute job "${job.name}"`,
          next: "wait for its end, or cancel it",
        });
      }
      await store.saveItem(jobItem(execution));
      parts.onChange(job.poolId);
      startNext();
      await claiming;
      return (await store.execution(id)) ?? execution;
    },

    stop: async (jobId, { executionId, keyName, channel, because, waitMs }, { signal }) => {
      const current = await store.activeExecution(jobId);
      if (executionId !== null && current?.id !== executionId)
        return { kind: "other-execution", active: current };
      if (current === null) return { kind: "was-not-running" };
      return stopActive(current, { by: "operator", keyName, channel, because }, waitMs, signal);
    },

    start: async () => {
      for (const execution of await store.activeExecutions()) {
        if (execution.status !== "RUNNING") continue;
        const run = new ActiveRun(execution);
        follow(run, () => endLeftover(run));
      }
      startNext();
    },

    close: async (graceMs) => {
      closed = true;
      await claiming;
      await Promise.all(
        [...active.values()].map((run) => stopActive(run.execution, { by: "shutdown" }, graceMs, undefined)),
      );
      const unproven = active.size;
      ending.abort();
      await Promise.all(following);
      return unproven;
    },
  };
}

function outcomeOf(execution: Execution): StopOutcome {
  switch (execution.status) {
    case "CANCEL":
      return { kind: "stopped", execution };
    case "SUCCESS":
    case "FAIL":
    case "SKIPPED":
      return { kind: "finished-by-itself", execution };
    case "QUEUED":
    case "RUNNING": {
      const proof = execution.proof ?? {
        level: "recorded",
        at: execution.stop?.requestedAt ?? execution.queuedAt,
        note: "the stop is recorded; its first look at the source is not over",
      };
      return { kind: "not-proven", execution, proof };
    }
  }
}

/** The ended execution, or null if the wait is over first. The run is not touched by that. */
async function endedWithin(
  run: ActiveRun,
  waitMs: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<Execution | null> {
  const done = new AbortController();
  const both = signal === undefined ? done.signal : AbortSignal.any([signal, done.signal]);
  const over = clock.sleep(waitMs, { signal: both }).then(
    () => null,
    () => null,
  );
  const first = await Promise.race([run.ended.promise, over]);
  done.abort();
  await over;
  return first;
}
