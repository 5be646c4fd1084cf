/** The processes of pools as the engine has them: real ones, frozen and killed, without a server around them. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { newId } from "../src/base/ids.ts";
import { poolEnvironment } from "../src/config.ts";
import type { RunPlan } from "../src/model/execution.ts";
import type { PoolHost, RunEvents } from "../src/model/pool-host.ts";
import type { PoolAnswer } from "../src/model/pool-protocol.ts";
import { createPoolProcesses } from "../src/pool-processes.ts";
import { identityOf } from "../src/state/index.ts";
import { until } from "./support/nightdesk.ts";
import { poolPids } from "./support/processes.ts";
import { shortOpening } from "./support/short-opening.ts";

const poolId = "pool";
let home: string;
let host: PoolHost;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "nightdesk-pools-"));
  await mkdir(join(home, "pools"));
  host = createPoolProcesses(home, { environment: poolEnvironment(process.env), failpoints: "" });
  onTestFinished(async () => {
    await host.close(0);
    expect(await poolPids(home)).toEqual([]);
    await rm(home, { recursive: true, force: true });
  });
});

const select = (value: number, signal?: AbortSignal): Promise<PoolAnswer> =>
  host.ask(
    poolId,
    { kind: "query", statement: `select ${String(value)}`, searchPath: [], limit: 1 },
    signal === undefined ? {} : { signal },
  );

const answers = (value: number): object => ({ kind: "query", result: { rows: [[value]] } });

/** Freezes the process that is being started, before it can have opened its file. */
async function freezeNext(): Promise<number> {
  const pid = await until(async () => (await poolPids(home))[0] ?? null);
  process.kill(pid, "SIGSTOP");
  return pid;
}

/** A plan of one transformation. */
const planOf = (statement: string): RunPlan => ({
  executionId: newId(),
  poolId,
  jobId: newId(),
  jobName: "job",
  mode: "FULL",
  dataSource: null,
  tasks: [{ id: newId(), name: "task", type: "TRANSFORMATION", position: 0, statement, tables: [] }],
});

const quiet = async (): Promise<void> => undefined;
const events: RunEvents = {
  touching: quiet,
  session: quiet,
  sessionClosed: quiet,
  committing: quiet,
  item: quiet,
  log: quiet,
};

/** As an earlier server leaves it: the pool's process still runs. Resolves with what ends it. */
async function earlierOwner(): Promise<ChildProcess> {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  await mkdir(join(home, "pools", poolId));
  await writeFile(join(home, "pools", poolId, "owner.json"), JSON.stringify(identityOf(child.pid ?? 0)));
  return child;
}

/** Every process of the pool that there was until `work` was over. */
async function processesDuring(work: Promise<unknown>): Promise<Set<number>> {
  const seen = new Set<number>();
  let over = false;
  const watching = until(async () => {
    for (const pid of await poolPids(home)) seen.add(pid);
    return over ? true : null;
  });
  await work.finally(() => (over = true));
  await watching;
  return seen;
}

test("whoever needs a pool at the same time gets one process, also while an earlier owner is waited for", async () => {
  const owner = await earlierOwner();
  const run = host.run(planOf("create table t as select 1 as a"), null, events);
  const answered = Promise.all([select(1), select(2), host.takeOver(poolId, {}), run.gone]);
  const seen = processesDuring(answered);
  await pause(200);
  owner.kill("SIGKILL");
  expect(await answered).toMatchObject([answers(1), answers(2), undefined, { kind: "succeeded" }]);
  expect((await seen).size).toBe(1);
});

test("a process that hangs while it closes is killed, and its pool goes on with a successor", async () => {
  const real = globalThis.setTimeout;
  const idle = vi.spyOn(globalThis, "setTimeout");
  idle.mockImplementation((work: () => void, ms?: number) => real(work, ms === 600_000 ? 2000 : ms));
  onTestFinished(() => idle.mockRestore());
  expect(await select(1)).toMatchObject(answers(1));
  const [frozen] = await poolPids(home);
  // Else it has closed already.
  if (frozen === undefined) throw new Error("the process of the pool is gone");
  process.kill(frozen, "SIGSTOP");
  await pause(2500);
  idle.mockRestore();
  const run = host.run(planOf("create table t as select 1 as a"), null, events);
  expect(await run.gone).toEqual({ kind: "succeeded" });
  expect(await poolPids(home)).not.toContain(frozen);
});

test("a run that is stopped before its process is there never begins, and kill says that there was nothing to kill", async () => {
  const owner = await earlierOwner();
  const run = host.run(planOf("create table never as select 1 as a"), null, events);
  await pause(100);
  expect(run.kill()).toBe(false);
  run.abort({ by: "shutdown" });
  expect(await run.gone).toEqual({ kind: "stopped", sessionsOpened: 0 });
  expect(owner.exitCode ?? owner.signalCode).toBe(null);
  owner.kill("SIGKILL");
  await host.takeOver(poolId, {});
  expect(await host.ask(poolId, { kind: "tables" }, {})).toEqual({ kind: "tables", tables: [] });
  const endless = "create table t as select count(*) from range(100000000) a, range(1000000) b";
  const begun = host.run(planOf(endless), null, events);
  await until(async () => (begun.kill() ? true : null));
  expect(await begun.gone).toMatchObject({ kind: "process-gone" });
});

test("a process that freezes while it opens its pool is killed at its limit, and a successor answers", async () => {
  const opensSooner = shortOpening();
  const answered = select(1);
  const frozen = await freezeNext();
  opensSooner.mockRestore();
  expect(await answered).toMatchObject(answers(1));
  expect(await poolPids(home)).not.toContain(frozen);
}, 120_000);

test("nobody waits for a pool that does not open for longer than it wants to", async () => {
  const owner = await earlierOwner();
  const giveUp = new AbortController();
  const options = { signal: giveUp.signal };
  const waiting = [host.takeOver(poolId, options), select(1, giveUp.signal)];
  await pause(100);
  giveUp.abort(new Error("given up"));
  for (const one of waiting) await expect(one).rejects.toThrow("given up");
  expect(owner.exitCode ?? owner.signalCode).toBe(null);
  owner.kill("SIGKILL");
  const late = new AbortController();
  const opening = [host.takeOver(poolId, { signal: late.signal }), select(1, late.signal)];
  await freezeNext();
  late.abort(new Error("given up"));
  for (const one of opening) await expect(one).rejects.toThrow("given up");
});

test("closing waits for a process that is being started, and nothing is started after it", async () => {
  const owner = await earlierOwner();
  const asked = select(1);
  await pause(100);
  const closed = host.close(0);
  owner.kill("SIGKILL");
  await expect(asked).rejects.toThrow("the pools are closed");
  await closed;
  expect(await poolPids(home)).toEqual([]);
  await expect(select(1)).rejects.toThrow("the pools are closed");
});
