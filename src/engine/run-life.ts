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
import { decideEnd, writeEnd } from "./end-run.ts";
import { jobItem, jobLine } from "./log.ts";
import { endUntilProven } from "./prove.ts";

export interface LifeParts {
  store: StateStore;
  pools: PoolHost;
  source: (type: string) => Source;
  secrets: SecretBox;
  clock: Clock;
  /** Called after anything changed that a reader of the pool's status could see. */
  onChange: (poolId: string) => void;
  /** Starts what watches over a run while it lives; called once a run. */
  watch: (run: ActiveRun) => void;
}

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
    await store.saveItem(jobItem(execution));
    await store.appendLog([jobLine(execution, clock.now(), "INFO", start, "STARTING_RUNNING_JOB_WITH_NAME")]);
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

  /** An execution that an earlier server left RUNNING: nobody runs it, so it is ended. */
  async takeUp(run: ActiveRun): Promise<void> {
    run.stop = run.execution.stop?.reason ?? { by: "server-stopped" };
    // Owning the pool's file shows that the old worker is gone: only one process can.
    await this.#parts.pools.takeOver(run.execution.poolId, { signal: this.#ending });
    run.workerGone = true;
    const proof = await this.#prove(run);
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

  #eventsOf(run: ActiveRun, heldItems: Map<string, ExecutionItem>): RunEvents {
    const { store } = this.#parts;
    const { id } = run.execution;
    return {
      touching: async () => {
        await store.markSourceTouched(id);
        run.touched = true;
        await failpoint("engine.touch-recorded");
      },
      session: async (session) => {
        run.sessions.push(session);
        run.openSessions += 1;
        run.onProgress();
        await store.addSession(id, session);
      },
      sessionClosed: async () => {
        run.openSessions -= 1;
        run.onProgress();
      },
      item: async (item) => {
        run.onProgress();
        // FAIL and CANCEL are claims about the source: held back until that is proven.
        if (item.status === "FAIL" || item.status === "CANCEL") heldItems.set(item.id, item);
        else await store.saveItem(item);
      },
      log: async (line) => {
        run.onProgress();
        await store.appendLog([line]);
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
    const { store, clock, source } = this.#parts;
    const { id, plan } = run.execution;
    return endUntilProven(
      {
        plan,
        sessions: () => run.sessions,
        touched: () => run.touched,
        neverOpened: () => run.neverOpened,
        stopAsked: () => run.stop !== null,
        workerGone: () => run.workerGone,
        declared: run.declared,
        abort: () => {
          if (run.stop !== null) run.worker?.abort(run.stop);
        },
        kill: () => run.worker?.kill(),
        changed: (options) => run.changed(options),
        record: (proof) => store.recordProof(id, proof),
        step: (step) => store.recordStep(id, step),
      },
      {
        clock,
        access: () => this.accessOf(run.execution),
        source: plan.dataSource === null ? null : source(plan.dataSource.type),
      },
      { signal: this.#ending },
    );
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
      outcome.kind === "process-gone" ? await this.#committedTasksOf(execution) : new Set<string>();
    const ended = await writeEnd(store, execution, decideEnd(outcome, run.stop), {
      at: clock.now(),
      proof,
      stop: run.stop,
      settlement: proof.level === "declared" ? run.settlement : null,
      heldItems,
      committedTasks,
    });
    // Who waits for the end must not read an older status after it.
    run.over = true;
    onChange(ended.poolId);
    run.ended.resolve(ended);
    await failpoint("engine.ended");
  }

  /** What the pool itself says was committed, after the process of the run died. */
  async #committedTasksOf({ poolId, id, plan }: Execution): Promise<Set<string>> {
    const taskIds = plan.tasks.map((task) => task.id);
    const answer = await this.#parts.pools.ask(poolId, { kind: "committed", executionId: id, taskIds }, {});
    return new Set(answer.kind === "committed" ? answer.taskIds : []);
  }
}
