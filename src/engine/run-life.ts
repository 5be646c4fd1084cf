import type { Clock } from "../base/clock.ts";
import { failpoint } from "../base/failpoint.ts";
import { UserError, errorLine } from "../model/errors.ts";
import type { Execution, ExecutionItem } from "../model/execution.ts";
import type { SecretBox } from "../model/operations.ts";
import type { PoolHost, ProcessGone, RunEvents } from "../model/pool-host.ts";
import type { RunOutcome } from "../model/pool-protocol.ts";
import type { Source, SourceAccess } from "../model/source.ts";
import type { StateStore } from "../model/state-store.ts";
import type { Proof } from "../model/stop.ts";
import type { ActiveRun } from "./active-run.ts";
import { decideEnd, hasCommittedAll, writeEnd } from "./end-run.ts";
import { jobItem, jobLine } from "./log.ts";
import { endUntilProven } from "./prove.ts";
import { SecondConnection } from "./second-connection.ts";
import type { ServerActs } from "./server-acts.ts";

export interface LifeParts {
  store: StateStore;
  pools: PoolHost;
  source: (type: string) => Source;
  secrets: SecretBox;
  clock: Clock;
  acts: ServerActs;
  /** Called after anything changed that a reader of the pool's status could see. */
  onChange: (poolId: string) => void;
  /** Starts what watches over a run while it lives; called once a run. */
  watch: (run: ActiveRun) => void;
  /** Where failures go that nobody else is told of; one line each. */
  report: (line: string) => void;
}

/** Pauses before a write of the state is tried again: first, and at most. */
const retryMs = { first: 250, most: 5000 };

/** For the pool to tell what was committed: longer than one process of it may freeze while it opens. */
const committedLimitMs = 90_000;

/** What one execution lives through in this server, from its claim to its end. */
export class RunLife {
  readonly #parts: LifeParts;
  /** Aborts when the server itself ends; what is unproven then stays RUNNING for the next one. */
  readonly #ending: AbortSignal;

  constructor(parts: LifeParts, ending: AbortSignal) {
    this.#parts = parts;
    this.#ending = ending;
  }

  /** A claimed execution: run by the pool's process, ended with proof. */
  async live(run: ActiveRun): Promise<void> {
    const { store, clock, onChange, watch } = this.#parts;
    const { execution } = run;
    await failpoint("engine.claimed");
    const start = `Starting running job: ${execution.jobName}`;
    await this.#insist(run, async () => {
      await store.saveItem(jobItem(execution));
      await store.appendLog([
        jobLine(execution, clock.now(), "INFO", start, "STARTING_RUNNING_JOB_WITH_NAME"),
      ]);
    });
    onChange(execution.poolId);
    // A stop may have been recorded between the claim and this server's knowing of the run.
    run.stop ??= (await store.execution(execution.id))?.stop?.reason ?? null;
    const heldItems = new Map<string, ExecutionItem>();
    let outcome: RunOutcome | ProcessGone | null = null;
    watch(run);
    const gone = this.#startWorker(run, this.#eventsOf(run, heldItems)).then((result) => {
      outcome = result;
      run.neverOpened =
        result.kind !== "process-gone" && result.kind !== "succeeded" && result.sessionsOpened === 0;
      run.workerGone = true;
      run.change();
    });
    while (!run.workerGone && run.stop === null) {
      this.#ending.throwIfAborted();
      await run.changed({ signal: this.#ending });
    }
    const proof = await this.#prove(run);
    await gone;
    const final: RunOutcome | ProcessGone = outcome ?? { kind: "process-gone", detail: "no outcome" };
    await this.#end(run, final, proof, [...heldItems.values()]);
  }

  /**
   * An execution that an earlier server left RUNNING: nobody runs it, so it is ended. What is left of it at the
   * source is looked for at once, whether or not its old worker is gone yet.
   */
  async takeUp(run: ActiveRun): Promise<void> {
    const restart = { by: "server-stopped" } as const;
    run.askToStop(run.execution.stop?.reason ?? restart);
    if (run.execution.stop === null) await this.#parts.acts.stopping(run, restart);
    else run.answeredBefore = true;
    const takenOver = this.#insist(run, () =>
      this.#parts.pools.takeOver(run.execution.poolId, { signal: this.#ending }),
    ).then(() => {
      run.workerGone = true;
      run.change();
    });
    const [proof] = await Promise.all([this.#prove(run), takenOver]);
    await this.#end(run, { kind: "process-gone", detail: "server stopped" }, proof, []);
  }

  /** How to look at its source. The place is the plan's, so that a proof is never read elsewhere; the password is the one stored now. */
  async accessOf({ plan }: Execution): Promise<SourceAccess | null> {
    if (plan.dataSource === null) return null;
    const { id, name, configuration } = plan.dataSource;
    const stored = await this.#parts.store.dataSource(id);
    if (stored === null) {
      throw new UserError("not-found", "its connection is not there any more", {
        operation: "open the password of a connection",
        place: JSON.stringify(name),
      });
    }
    return { name, configuration, password: this.#parts.secrets.open(id, stored.sealedPassword) };
  }

  /** An event that cannot be recorded ends the run: its failure is then this one. */
  #eventsOf(run: ActiveRun, heldItems: Map<string, ExecutionItem>): RunEvents {
    const { store } = this.#parts;
    const { id } = run.execution;
    const recorded = async (write: Promise<void>): Promise<void> => {
      try {
        await write;
      } catch (error) {
        run.recordingFailure ??= `its progress could not be recorded: ${errorLine(error)}`;
        throw error;
      }
    };
    return {
      touching: async () => {
        await recorded(store.markSourceTouched(id));
        run.touched = true;
        await failpoint("engine.touch-recorded");
      },
      session: async (session) => {
        run.sessions.push(session);
        run.openSessions += 1;
        this.#secondOf(run)?.openAhead({ signal: this.#ending });
        run.onProgress();
        await recorded(store.addSession(id, session));
      },
      sessionClosed: async () => {
        run.openSessions -= 1;
        run.onProgress();
      },
      committing: async (underWay) => {
        run.committing = underWay;
      },
      item: async (item) => {
        run.onProgress();
        // FAIL and CANCEL are claims about the source: held back until that is proven.
        if (item.status === "FAIL" || item.status === "CANCEL") heldItems.set(item.id, item);
        else await recorded(store.saveItem(item));
      },
      log: async (line) => {
        run.onProgress();
        await recorded(store.appendLog([line]));
      },
    };
  }

  /** Hands the plan to the pool's process. Without a password nothing is started, and the run has failed. */
  async #startWorker(run: ActiveRun, events: RunEvents): Promise<RunOutcome | ProcessGone> {
    let access: SourceAccess | null;
    try {
      access = await this.accessOf(run.execution);
    } catch (error) {
      return { kind: "failed", failure: errorLine(error), sessionsOpened: 0 };
    }
    run.worker = this.#parts.pools.run(run.execution.plan, access?.password ?? null, events);
    if (run.stop !== null) run.worker.abort(run.stop);
    return run.worker.gone;
  }

  #prove(run: ActiveRun): Promise<Proof> {
    const { store, clock } = this.#parts;
    const { id, plan } = run.execution;
    return endUntilProven(
      {
        plan,
        sessions: () => run.sessions,
        touched: () => run.touched,
        neverOpened: () => run.neverOpened,
        stopAsked: () => run.stop !== null,
        workerGone: () => run.workerGone,
        committing: () => run.committing,
        declared: run.declared,
        abort: () => {
          if (run.stop !== null) run.worker?.abort(run.stop);
          return run.worker !== null;
        },
        kill: () => run.worker?.kill() ?? false,
        changed: (options) => run.changed(options),
        // A state that cannot be written must not keep the stop from going on: these only tell of it.
        record: (proof) => store.recordProof(id, proof).catch((error: unknown) => this.#tell(run, error)),
        step: (step) => store.recordStep(id, step).catch((error: unknown) => this.#tell(run, error)),
      },
      { clock, second: this.#secondOf(run) },
      { signal: this.#ending },
    );
  }

  /** The one over which the end of this run is proven; null for a job without a connection. */
  #secondOf(run: ActiveRun): SecondConnection | null {
    const { dataSource } = run.execution.plan;
    if (dataSource === null) return null;
    run.second ??= new SecondConnection(this.#parts.source(dataSource.type), () =>
      this.accessOf(run.execution),
    );
    return run.second;
  }

  async #end(
    run: ActiveRun,
    outcome: RunOutcome | ProcessGone,
    proof: Proof,
    heldItems: ExecutionItem[],
  ): Promise<void> {
    const { store, clock, onChange } = this.#parts;
    const { execution } = run;
    await failpoint("engine.proven");
    const committedTasks =
      outcome.kind === "process-gone" ? await this.#committedTasksOf(run) : new Set<string>();
    const facts = {
      at: clock.now(),
      proof,
      stop: run.stop,
      settlement: proof.level === "declared" ? run.settlement : null,
      heldItems,
      committedTasks,
    };
    const ended = await this.#insist(run, async () => {
      for (let [next] = run.unrecordedStops; next !== undefined; [next] = run.unrecordedStops) {
        await store.requestStop(execution.id, next.reason, next.at);
        // Only now: a write that fails must find it again.
        run.unrecordedStops.shift();
      }
      return writeEnd(
        store,
        execution,
        decideEnd(outcome, run.stop, run.recordingFailure, hasCommittedAll(execution.plan, committedTasks)),
        facts,
      );
    });
    // Who waits for the end must not read an older status after it.
    run.over = true;
    onChange(ended.poolId);
    run.ended.resolve(ended);
    if (outcome.kind === "failed" && outcome.connectLimit === true) run.connectLimit = outcome.failure;
    await this.#parts.acts.ended(run, ended);
    await failpoint("engine.ended");
  }

  /** Tried until it succeeds: an end must not be lost to a disk that is full for an hour, or a pool that cannot be opened. */
  async #insist<T>(run: ActiveRun, work: () => Promise<T>): Promise<T> {
    for (let pauseMs = retryMs.first; ; pauseMs = Math.min(pauseMs * 2, retryMs.most)) {
      try {
        return await work();
      } catch (error) {
        this.#ending.throwIfAborted();
        this.#tell(run, error);
        await this.#parts.clock.sleep(pauseMs, { signal: this.#ending });
      }
    }
  }

  /** Once in the same words: it is tried again, and again. */
  #tell(run: ActiveRun, error: unknown): void {
    const line = `the end of execution ${run.execution.id} waits, trying again: ${errorLine(error)}`;
    if (run.told !== line) this.#parts.report(line);
    run.told = line;
  }

  /**
   * What the pool itself says was committed, after the process of the run died; null if it cannot be asked: a
   * pool that does not open must not keep the execution, and its place in the queue, for ever.
   */
  async #committedTasksOf(run: ActiveRun): Promise<Set<string> | null> {
    const { id, poolId, plan } = run.execution;
    const taskIds = plan.tasks.map((task) => task.id);
    const limit = AbortSignal.timeout(committedLimitMs);
    const signal = AbortSignal.any([this.#ending, limit]);
    for (const pauseMs of [500, 1000, 2000, 4000, null]) {
      try {
        const question = { kind: "committed", executionId: id, taskIds } as const;
        const answer = await this.#parts.pools.ask(poolId, question, { signal });
        return new Set(answer.kind === "committed" ? answer.taskIds : []);
      } catch (error) {
        this.#ending.throwIfAborted();
        this.#tell(run, error);
        if (limit.aborted) break;
        if (pauseMs !== null) await this.#parts.clock.sleep(pauseMs, { signal: this.#ending });
      }
    }
    return null;
  }
}
