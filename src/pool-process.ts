/**
 * The process of one pool: owns the pool's file, runs its executions, answers questions about its data.
 * Started by pool-processes.ts with the pool's folder (and failpoints of a test) as its arguments and a channel to the server process;
 * it ends when that channel closes. It never opens a connection for proof: that is the server's.
 */
import { systemClock } from "./base/clock.ts";
import { deferred, type Deferred } from "./base/deferred.ts";
import { armFailpoints } from "./base/failpoint.ts";
import { UserError, errorLine } from "./model/errors.ts";
import type { RunPlan } from "./model/execution.ts";
import type { RunEvents } from "./model/pool-host.ts";
import type { FromPool, PoolAnswer, PoolQuestion, ToPool } from "./model/pool-protocol.ts";
import type { PoolStore } from "./model/pool-store.ts";
import { openPoolStore } from "./pool/index.ts";
import { runExecution } from "./runner/run-execution.ts";
import { sourceOf } from "./sources.ts";

const notUsable = "its store answered nothing more";

/** How long runs may clean up after the server is gone; a successor waits for the pool's file meanwhile. */
const orphanGraceMs = 3000;

/** Resolves when the message is in the channel; false once the server is gone. */
function send(message: FromPool): Promise<boolean> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) {
      resolve(false);
      return;
    }
    process.send(message, undefined, undefined, (error) => {
      resolve(error === null);
    });
  });
}

interface LiveRun {
  abort: AbortController;
  touchRecorded: Deferred<void>;
  ended: Promise<void>;
}

function serve(store: PoolStore): void {
  const runs = new Map<string, LiveRun>();
  const asks = new Map<number, AbortController>();

  const startRun = (plan: RunPlan, password: string | null): void => {
    const { executionId } = plan;
    const abort = new AbortController();
    const touchRecorded = deferred<void>();
    const events: RunEvents = {
      touching: async () => {
        await send({ type: "touching", executionId });
        await touchRecorded.promise;
      },
      session: async (session) => void (await send({ type: "session", executionId, session })),
      sessionClosed: async () => void (await send({ type: "session-closed", executionId })),
      committing: async (underWay) => void (await send({ type: "committing", executionId, underWay })),
      item: async (item) => void (await send({ type: "item", item })),
      log: async (line) => void (await send({ type: "log", line })),
    };
    const ended = runExecution(
      plan,
      password,
      { store, source: sourceOf, events, clock: systemClock },
      { signal: abort.signal },
    ).then(async (outcome) => {
      runs.delete(executionId);
      const usable = outcome.kind === "succeeded" || (await isUsable(store));
      if (usable) {
        await send({ type: "ended", executionId, outcome });
        return;
      }
      // Its word is not the last one: a COMMIT may be durable though it failed here. The successor reads the marker.
      await endItself(notUsable);
    });
    runs.set(executionId, { abort, touchRecorded, ended });
  };

  const answer = async (askId: number, question: PoolQuestion): Promise<void> => {
    const abort = new AbortController();
    asks.set(askId, abort);
    try {
      await send({ type: "asked", askId });
      await send({ type: "answer", askId, answer: await ask(store, question, { signal: abort.signal }) });
    } catch (error) {
      const usable = await isUsable(store);
      // First: whoever reads the answer and asks again is to find a successor.
      if (!usable) await send({ type: "unusable", why: notUsable });
      await send({
        type: "answer",
        askId,
        answer: { kind: "error", message: errorLine(error), user: error instanceof UserError },
      });
      if (!usable) endNow();
    } finally {
      asks.delete(askId);
    }
  };

  const shutDown = async (): Promise<never> => {
    const timer = setTimeout(endNow, orphanGraceMs);
    for (const abort of asks.values()) abort.abort();
    for (const { abort, touchRecorded } of runs.values()) {
      abort.abort({ by: "shutdown" });
      touchRecorded.resolve();
    }
    await Promise.all([...runs.values()].map(({ ended }) => ended));
    await store.close();
    clearTimeout(timer);
    process.exit(0);
  };

  process.on("message", (message: ToPool) => {
    switch (message.type) {
      case "run":
        startRun(message.plan, message.password);
        break;
      case "abort": {
        const run = runs.get(message.executionId);
        run?.abort.abort(message.reason);
        // A run that waits for the record must wake up to see that it was aborted.
        run?.touchRecorded.resolve();
        break;
      }
      case "touch-recorded":
        runs.get(message.executionId)?.touchRecorded.resolve();
        break;
      case "ask":
        void answer(message.askId, message.question);
        break;
      case "abort-ask":
        asks.get(message.askId)?.abort();
        break;
      case "close":
        void shutDown();
        break;
    }
  });
  process.on("disconnect", () => void shutDown());
}

/** After some failures (no memory, no room) the store answers nothing more in this process, whatever is asked. */
async function isUsable(store: PoolStore): Promise<boolean> {
  try {
    await store.wasCommitted({ executionId: "", taskId: "" });
    return true;
  } catch {
    return false;
  }
}

async function ask(
  store: PoolStore,
  question: PoolQuestion,
  { signal }: { signal: AbortSignal },
): Promise<PoolAnswer> {
  switch (question.kind) {
    case "tables":
      return { kind: "tables", tables: await store.tables() };
    case "columns":
      return { kind: "columns", columns: await store.columns(question.schema, question.table) };
    case "query": {
      for (const schema of question.searchPath) await store.ensureSchema(schema);
      const result = await store.query(question.statement, question.searchPath, question.limit, { signal });
      return { kind: "query", result };
    }
    case "committed": {
      const { executionId, taskIds } = question;
      const known = await Promise.all(taskIds.map((taskId) => store.wasCommitted({ executionId, taskId })));
      return { kind: "committed", taskIds: taskIds.filter((_, i) => known[i]) };
    }
  }
}

/** Where the store answers nothing more, or a clean-up hangs. The successor undoes what is left. */
async function endItself(why: string): Promise<void> {
  await send({ type: "unusable", why });
  endNow();
}

/** Not exit(): that would wait for the threads, and so for a statement that does not let itself be interrupted. */
function endNow(): void {
  process.kill(process.pid, "SIGKILL");
}

/** A predecessor may hold the file for as long as its clean-up takes; asked again until then. */
async function openWhenFree(folder: string): Promise<PoolStore> {
  const until = performance.now() + 20_000;
  for (;;) {
    try {
      return await openPoolStore({ folder, onStuck: (why) => void endItself(why) });
    } catch (error) {
      if (performance.now() > until || !/lock/i.test(errorLine(error))) throw error;
      await systemClock.sleep(100);
    }
  }
}

// Ctrl-C reaches every process of the terminal; the server decides what happens then.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);

const openingSign = setInterval(() => void send({ type: "opening" }), 1000);
try {
  armFailpoints(process.argv[3] ?? "");
  const store = await openWhenFree(process.argv[2] ?? ".");
  const stagingDropped = await store.dropAllStaging();
  serve(store);
  clearInterval(openingSign);
  await send({ type: "ready", stagingDropped });
} catch (error) {
  await send({ type: "failed-to-open", message: errorLine(error) });
  endNow();
}
