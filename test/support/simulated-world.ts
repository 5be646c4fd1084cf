/**
 * A world in which the real engine runs over the real state store, and everything slow is simulated: the source,
 * the processes of pools, the clock. A scheduler decides at every step which of the things under way comes next,
 * so that a run with one seed is one interleaving, and many seeds are many nights.
 */
import type { Scheduler } from "fast-check";
import type { Clock } from "../../src/base/clock.ts";
import { deferred, type Deferred } from "../../src/base/deferred.ts";
import { createEngine, type Engine } from "../../src/engine/executions.ts";
import { ServerActs } from "../../src/engine/server-acts.ts";
import { RetryableSourceError, StoppedError } from "../../src/model/errors.ts";
import { sourceTag, type RunPlan, type SourceSessionId } from "../../src/model/execution.ts";
import type { PoolHost, PoolRun, ProcessGone, RunEvents } from "../../src/model/pool-host.ts";
import type { RunOutcome } from "../../src/model/pool-protocol.ts";
import type { Source, SourceControl } from "../../src/model/source.ts";
import type { StateStore } from "../../src/model/state-store.ts";

/** Methods of the store that write nothing. */
const reads =
  /^(pools?|dataSources?|jobs?|tasks?|tables?|items?|execution|executions|activeExecutions?|poolStatus|jobStatus|stopCallers|endSteps|settlement|openSettlements|holds?|holdsOver|nextHoldEnd|log)$/;
const never = <T>(): Promise<T> => new Promise(() => undefined);

/** A backend of the source: lives on after its client is gone, until it is cancelled, terminated or done. */
export interface Backend extends SourceSessionId {
  tag: string;
  /** Runs a statement; a cancel that finds none is lost. */
  busy: boolean;
  clientGone: boolean;
  /** Stopped by the operating system: sees no signal until it is released. */
  frozen: boolean;
  /** Its SQL catches cancels. */
  swallows: boolean;
  pending: ("cancel" | "terminate")[];
  /** Resolves when its client would see it gone or its statement cancelled. */
  broken: Deferred<void>;
}

interface Worker {
  executionId: string;
  poolId: string;
  epoch: number;
  aborted: boolean;
  dead: boolean;
  hangs: boolean;
  backend: Backend | null;
  gone: Deferred<RunOutcome | ProcessGone>;
  wake: Deferred<void>;
}

/** One server's life; a crash ends it without a word. */
interface Epoch {
  number: number;
  alive: boolean;
}

export class World {
  readonly backends = new Set<Backend>();
  readonly workers = new Set<Worker>();
  /** What pools hold: executions whose one task was committed. */
  readonly committed = new Set<string>();
  readonly reports: string[] = [];
  readonly claims: string[] = [];
  /** Executions of the server's own stops whose result is not recorded, by request id. */
  readonly ownStops = new Map<string, string>();
  readable = true;
  /** False while the disk of the state is full: reads go on. */
  writable = true;
  engine!: Engine;
  time = 1_000_000;
  readonly #scheduler: Scheduler;
  readonly #store: StateStore;
  /** Called with each execution at the moment it is claimed. */
  readonly #onClaim: (executionId: string) => void;
  #epoch: Epoch = { number: 0, alive: false };
  #nextPid = 100;

  constructor(scheduler: Scheduler, store: StateStore, onClaim: (executionId: string) => void) {
    this.#scheduler = scheduler;
    this.#store = store;
    this.#onClaim = onClaim;
  }

  /** Lets whatever is under way come first, or not. */
  async hop(label: string, epoch: Epoch | null = null): Promise<void> {
    await this.#scheduler.schedule(Promise.resolve(), label);
    if (epoch !== null && !epoch.alive) await never();
  }

  /** A new server on the same home. */
  async boot(): Promise<void> {
    const epoch = { number: this.#epoch.number + 1, alive: true };
    this.#epoch = epoch;
    this.engine = createEngine({
      store: this.#storeOf(epoch),
      pools: this.#poolsOf(epoch),
      source: () => this.#sourceOf(epoch),
      secrets: { seal: () => "", open: () => "CANARY-simulated" },
      clock: this.#clockOf(epoch),
      acts: new ServerActs({
        asked: async ({ requestId, executions }) =>
          void this.ownStops.set(requestId ?? "", executions[0] ?? ""),
        done: async ({ requestId }) => void this.ownStops.delete(requestId ?? ""),
        event: async () => undefined,
      }),
      mostRunning: 2,
      limits: { noProgressMs: null, executionMs: null },
      report: (line) => {
        if (epoch.alive) this.reports.push(line);
      },
      onChange: () => undefined,
    });
    await this.engine.start();
  }

  /** kill -9 of the server: its pool processes see their channel close and end in their own time. */
  crash(): void {
    this.#epoch.alive = false;
    for (const worker of this.workers) {
      if (worker.dead) continue;
      worker.aborted = true;
      worker.wake.resolve();
      // After its grace it leaves, whatever hangs in it.
      void this.hop("orphan leaves").then(() => {
        this.#die(worker);
      });
    }
  }

  /** kill -9 of every process of a pool. */
  killProcesses(): void {
    for (const worker of this.workers) this.#die(worker);
  }

  release(backend: Backend): void {
    backend.frozen = false;
    for (const signal of backend.pending.splice(0)) this.#signal(backend, signal);
  }

  /** Its statement comes to its own end; without a client the backend then leaves. */
  finish(backend: Backend): void {
    if (backend.frozen) return;
    backend.busy = false;
    if (backend.clientGone) this.#leave(backend);
  }

  #die(worker: Worker): void {
    if (worker.dead) return;
    worker.dead = true;
    this.workers.delete(worker);
    if (worker.backend !== null) this.#loseClient(worker.backend);
    worker.gone.resolve({ kind: "process-gone", detail: "the pool's process ended (signal SIGKILL)" });
  }

  #loseClient(backend: Backend): void {
    backend.clientGone = true;
    if (!backend.busy && !backend.frozen) this.#leave(backend);
  }

  #leave(backend: Backend): void {
    this.backends.delete(backend);
    backend.broken.resolve();
  }

  #signal(backend: Backend, signal: "cancel" | "terminate"): void {
    if (backend.frozen) backend.pending.push(signal);
    else if (signal === "terminate") this.#leave(backend);
    else if (backend.busy && !backend.swallows) {
      backend.busy = false;
      backend.broken.resolve();
      if (backend.clientGone) this.#leave(backend);
    }
  }

  #storeOf(epoch: Epoch): StateStore {
    const call = async (name: keyof StateStore, effect: () => Promise<unknown>): Promise<unknown> => {
      if (!epoch.alive) return never();
      if (!this.writable && !reads.test(name)) {
        await this.hop(`store.${name} fails`, epoch);
        throw new Error("database or disk is full");
      }
      // The store is synchronous behind its promise: the effect is there before anybody else runs.
      const result = await effect();
      if (name === "claimNext" && result !== null) this.#onClaim((result as { id: string }).id);
      await this.hop(`store.${name}`, epoch);
      return result;
    };
    return new Proxy(this.#store, {
      get: (target, name: keyof StateStore) => {
        const method = target[name] as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => call(name, () => method.apply(target, args));
      },
    });
  }

  #clockOf(epoch: Epoch): Clock {
    return {
      now: () => this.time,
      monotonic: () => this.time,
      sleep: (ms, { signal } = {}) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted === true) return reject(signal.reason);
          const due = this.time + ms;
          const onAbort = (): void => reject(signal?.reason);
          signal?.addEventListener("abort", onAbort, { once: true });
          void this.hop(`sleep ${String(ms)}`, epoch).then(() => {
            signal?.removeEventListener("abort", onAbort);
            if (signal?.aborted === true) return;
            this.time = Math.max(this.time, due);
            resolve();
          });
        }),
    };
  }

  #sourceOf(epoch: Epoch | null): Source {
    const unreadable = (): RetryableSourceError =>
      new RetryableSourceError("connection refused", { operation: "read the sessions of the source" });
    const find = ({ pid }: SourceSessionId): Backend | undefined =>
      [...this.backends].find((backend) => backend.pid === pid);
    const send = async (session: SourceSessionId, signal: "cancel" | "terminate"): Promise<void> => {
      await this.hop(signal, epoch);
      if (!this.readable) throw unreadable();
      const backend = find(session);
      if (backend !== undefined) this.#signal(backend, signal);
    };
    const control: SourceControl = {
      sessions: async (tag) => {
        await this.hop("read sessions", epoch);
        if (!this.readable) throw unreadable();
        const sessions = [...this.backends]
          .filter((backend) => backend.tag === tag)
          .map(({ pid, startedAt, busy }) => ({
            pid,
            startedAt,
            state: busy ? "active" : "idle",
            waits: "",
          }));
        await this.hop("sessions read", epoch);
        return { readAt: String(this.time), serverStartedAt: "0", ofAnotherServer: false, sessions };
      },
      sessionTags: async () => [],
      cancel: (session) => send(session, "cancel"),
      terminate: (session) => send(session, "terminate"),
      searchTables: async () => [],
      close: async () => undefined,
    };
    return {
      type: "POSTGRESQL",
      abortMeans: "cancel query",
      open: () => Promise.reject(new Error("the simulated workers open sessions themselves")),
      control: async (_access, { signal }) => {
        await this.hop("connect", epoch);
        signal.throwIfAborted();
        if (!this.readable) throw unreadable();
        return control;
      },
    };
  }

  #poolsOf(epoch: Epoch): PoolHost {
    return {
      run: (plan, _password, events): PoolRun => {
        const worker: Worker = {
          executionId: plan.executionId,
          poolId: plan.poolId,
          epoch: epoch.number,
          aborted: false,
          dead: false,
          hangs: false,
          backend: null,
          gone: deferred(),
          wake: deferred(),
        };
        this.workers.add(worker);
        void this.#work(worker, plan, events, epoch);
        return {
          gone: worker.gone.promise.then(async (outcome) => {
            await this.hop("worker gone", epoch);
            return outcome;
          }),
          abort: () =>
            void this.hop("abort", epoch).then(() => {
              worker.aborted = true;
              worker.wake.resolve();
            }),
          kill: () => {
            const alive = !worker.dead;
            void this.hop("kill", epoch).then(() => this.#die(worker));
            return alive;
          },
        };
      },
      takeOver: async (poolId) => {
        // The file has one owner: the successor waits for the processes of an earlier server.
        for (;;) {
          await this.hop("take over", epoch);
          const old = [...this.workers].some((one) => one.poolId === poolId && one.epoch < epoch.number);
          if (!old) return;
        }
      },
      ask: async (_poolId, question) => {
        await this.hop("ask", epoch);
        if (question.kind !== "committed") throw new Error("the engine asks for nothing else");
        return {
          kind: "committed",
          taskIds: this.committed.has(question.executionId) ? question.taskIds : [],
        };
      },
      remove: async () => undefined,
      close: async () => undefined,
    };
  }

  /** The run in the pool's process: what the runner and the source's reading end do, in their order. */
  async #work(worker: Worker, plan: RunPlan, events: RunEvents, epoch: Epoch): Promise<void> {
    const step = async (label: string): Promise<void> => {
      await this.hop(label);
      // A process whose server died gets no answers, but goes on by itself.
      if (worker.dead) await never();
      if (worker.hangs) await never();
      if (worker.aborted) throw new StoppedError("stopped", { operation: "run" });
    };
    // What cannot be recorded ends the run, as it does in pool-processes.ts.
    const told = async (event: Promise<void>): Promise<void> => {
      try {
        await event;
      } catch {
        worker.aborted = true;
        worker.wake.resolve();
      }
    };
    const tell = (event: Promise<void>): Promise<unknown> => Promise.race([event, worker.wake.promise]);
    let opened = 0;
    let outcome: RunOutcome;
    try {
      await step("start the run");
      await tell(told(events.touching()));
      await step("open a session");
      if (!this.readable) throw new Error("connection refused");
      const pid = this.#nextPid++;
      const backend: Backend = {
        pid,
        startedAt: String(pid),
        tag: sourceTag(plan.executionId),
        busy: false,
        clientGone: false,
        frozen: false,
        swallows: false,
        pending: [],
        broken: deferred(),
      };
      this.backends.add(backend);
      worker.backend = backend;
      opened = 1;
      void told(events.session({ pid, startedAt: backend.startedAt }));
      await step("send the statement");
      if (this.backends.has(backend)) backend.busy = true;
      for (let batch = 0; batch < 3; batch += 1) {
        await step("read a batch");
        if (!this.backends.has(backend) || !backend.busy) throw new Error("the session was ended");
        while (backend.frozen) await step("wait for rows");
      }
      backend.busy = false;
      await step("close the session");
      if (!backend.frozen) this.#leave(backend);
      else backend.clientGone = true;
      worker.backend = null;
      void told(events.sessionClosed());
      await step("begin the swap");
      // The last check was in that step; nothing can come between it and this.
      this.committed.add(plan.executionId);
      await this.hop("committed");
      outcome = { kind: "succeeded" };
    } catch (error) {
      if (worker.dead) return;
      const { backend } = worker;
      if (backend !== null) {
        // Cancel request and destroyed socket; where nobody can reach the source, both get nowhere.
        if (this.readable) this.#signal(backend, "cancel");
        this.#loseClient(backend);
      }
      await this.hop("clean up");
      outcome = worker.aborted
        ? { kind: "stopped", sessionsOpened: opened }
        : { kind: "failed", failure: (error as Error).message, sessionsOpened: opened };
    }
    if (worker.dead) return;
    this.workers.delete(worker);
    // A worker whose server is gone tells nobody.
    if (epoch.alive) worker.gone.resolve(outcome);
  }
}
