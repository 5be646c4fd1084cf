import { join } from "node:path";
import Database from "libsql";
import { expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import type { StateStore } from "../src/model/state-store.ts";
import { openStateStore } from "../src/state/index.ts";
import {
  aJob,
  anExecution,
  idle,
  operator,
  storedJob,
  temporaryHome,
  temporaryStore,
} from "./support/state-fixtures.ts";

/** A job whose execution is RUNNING. */
async function running(store: StateStore): Promise<{ jobId: string; id: string }> {
  const job = await storedJob(store);
  const { id } = anExecution(job);
  await store.enqueue(anExecution(job, { id }));
  await store.claimNext(100, 200);
  return { jobId: job.id, id };
}

test("the whole life of one execution", async () => {
  const store = await temporaryStore();
  const job = await storedJob(store);
  expect(await store.jobStatus(job.id)).toEqual({
    jobId: job.id,
    jobName: job.name,
    status: null,
    executionId: null,
    startedAt: null,
  });

  const queued = anExecution(job);
  expect(await store.enqueue(queued)).toEqual({ enqueued: true });
  expect(await store.execution(queued.id)).toEqual(queued);
  expect(await store.activeExecution(job.id)).toEqual(queued);

  const claimed = { ...queued, status: "RUNNING", startedAt: 200 };
  expect(await store.claimNext(1, 200)).toEqual(claimed);
  expect(await store.claimNext(2, 201)).toBeNull();

  await store.markSourceTouched(queued.id);
  await store.addSession(queued.id, { pid: 41, startedAt: "2025-06-18 00:00:00.123456+09" });
  await store.addSession(queued.id, { pid: 42, startedAt: "x'; --" });
  await store.recordProof(queued.id, { level: "worker gone", at: 250, note: "a\0b" });
  expect(await store.execution(queued.id)).toEqual({
    ...claimed,
    sourceTouched: true,
    sessions: [
      { pid: 41, startedAt: "2025-06-18 00:00:00.123456+09" },
      { pid: 42, startedAt: "x'; --" },
    ],
    proof: { level: "worker gone", at: 250, note: "a\uFFFDb" },
  });

  expect(await store.finish(queued.id, "FAIL", { at: 300, proof: idle, failure: "wrong password" })).toBe(
    true,
  );
  const over = await store.execution(queued.id);
  expect(over).toMatchObject({ status: "FAIL", endedAt: 300, proof: idle, failure: "wrong password" });
  expect(await store.activeExecution(job.id)).toBeNull();
  expect(await store.jobStatus(job.id)).toMatchObject({
    status: "FAIL",
    executionId: queued.id,
    startedAt: 200,
  });

  expect(await store.finish(queued.id, "SUCCESS", { at: 400, proof: idle, failure: null })).toBe(false);
  expect(await store.requestStop(queued.id, operator, 400)).toEqual({ execution: over, ended: false });
  await store.recordProof(queued.id, { level: "requested", at: 400, note: "late" });
  expect(await store.execution(queued.id)).toEqual(over);
});

test("one execution of a job at a time: the second is told of the first", async () => {
  const store = await temporaryStore();
  const { jobId, id } = await running(store);
  const job = await store.job(jobId);
  const second = anExecution(job ?? aJob(""));
  expect(await store.enqueue(second)).toMatchObject({ enqueued: false, active: { id, status: "RUNNING" } });
  expect(await store.execution(second.id)).toBeNull();
  await store.finish(id, "SUCCESS", { at: 300, proof: idle, failure: null });
  expect(await store.enqueue(second)).toEqual({ enqueued: true });
  expect(await store.executions(jobId, 0, 10)).toMatchObject({
    executions: [{ id: second.id }, { id }],
    total: 2,
  });
  expect(await store.executions(jobId, 1, 1)).toMatchObject({ executions: [{ id }], total: 2 });
});

test("an execution of an unknown job is refused", async () => {
  const store = await temporaryStore();
  await expect(store.enqueue(anExecution(aJob(newId())))).rejects.toMatchObject({ kind: "not-found" });
  expect(await store.claimNext(4, 1)).toBeNull();
});

test("claims go in the order of queueing and stop at the limit", async () => {
  const store = await temporaryStore();
  const ids: string[] = [];
  for (const queuedAt of [30, 10, 20]) {
    const execution = anExecution(await storedJob(store), { queuedAt });
    await store.enqueue(execution);
    ids.push(execution.id);
  }
  expect((await store.activeExecutions()).map(({ id }) => id)).toEqual(ids);
  expect((await store.claimNext(2, 1))?.id).toBe(ids[0]);
  expect((await store.claimNext(2, 1))?.id).toBe(ids[1]);
  expect(await store.claimNext(2, 1)).toBeNull();
  await store.finish(ids[0] ?? "", "SUCCESS", { at: 2, proof: idle, failure: null });
  expect((await store.claimNext(2, 1))?.id).toBe(ids[2]);
});

test("a queued execution that is stopped is over at once and never starts", async () => {
  const store = await temporaryStore();
  const [first, second] = [anExecution(await storedJob(store)), anExecution(await storedJob(store))];
  await store.enqueue(first);
  await store.enqueue(second);
  expect(await store.requestStop(first.id, operator, 150)).toMatchObject({
    ended: true,
    execution: {
      status: "CANCEL",
      startedAt: null,
      endedAt: 150,
      stop: { requestedAt: 150, reason: operator, callers: 1 },
      proof: { level: "source idle", at: 150 },
      failure: null,
    },
  });
  // Whoever asked at the same moment is on record too; nothing else changes.
  const late = await store.requestStop(first.id, operator, 151);
  expect(late).toMatchObject({ ended: false, execution: { endedAt: 150, stop: { callers: 1 } } });
  expect(await store.stopCallers(first.id)).toMatchObject([{ at: 150 }, { at: 151 }]);
  expect(await store.requestStop(second.id, { by: "shutdown" }, 151)).toMatchObject({
    execution: { status: "FAIL", failure: "stopped because the server shuts down" },
  });
  expect(await store.claimNext(4, 200)).toBeNull();
  expect(await store.requestStop(newId(), operator, 1)).toBeNull();
});

test("a running execution keeps its status and the reason of the first asker", async () => {
  const store = await temporaryStore();
  const { id } = await running(store);
  await store.requestStop(id, operator, 250);
  expect(await store.requestStop(id, { by: "shutdown" }, 260)).toMatchObject({
    ended: false,
    execution: { status: "RUNNING", stop: { requestedAt: 250, reason: operator, callers: 2 } },
  });
});

test("nothing may touch the source for an execution that does not run", async () => {
  const store = await temporaryStore();
  const queued = anExecution(await storedJob(store));
  await store.enqueue(queued);
  for (const id of [queued.id, newId()]) {
    await expect(store.markSourceTouched(id)).rejects.toMatchObject({ kind: "conflict" });
    await expect(store.addSession(id, { pid: 1, startedAt: "" })).rejects.toMatchObject({ kind: "conflict" });
  }
});

test("no end is written without the proof", async () => {
  const store = await temporaryStore();
  const { id } = await running(store);
  const proof = { level: "worker gone", at: 1, note: "" } as const;
  await expect(store.finish(id, "CANCEL", { at: 2, proof, failure: null })).rejects.toMatchObject({
    code: "SQLITE_CONSTRAINT_CHECK",
  });
  expect(await store.execution(id)).toMatchObject({ status: "RUNNING", endedAt: null });
});

test("the status of a pool is the most recently queued execution of each job, in order of creation", async () => {
  const store = await temporaryStore();
  const job = await storedJob(store);
  const other = aJob(job.poolId, { name: "Another" });
  await store.insertJob(other);
  await store.enqueue(anExecution(job, { id: "old" }));
  await store.claimNext(1, 100);
  await store.finish("old", "SUCCESS", { at: 110, proof: idle, failure: null });
  await store.enqueue(anExecution(job, { id: "new" }));
  expect(await store.poolStatus(job.poolId)).toEqual([
    { jobId: job.id, jobName: job.name, status: "QUEUED", executionId: "new", startedAt: null },
    { jobId: other.id, jobName: "Another", status: null, executionId: null, startedAt: null },
  ]);
  await store.claimNext(1, 120);
  expect(await store.jobStatus(job.id)).toMatchObject({ status: "RUNNING", startedAt: 120 });
  expect(await store.poolStatus(newId())).toEqual([]);
  expect(await store.jobStatus(newId())).toBeNull();
});

test("the database itself refuses what must not happen", async () => {
  const file = join(temporaryHome(), "state.db");
  const store = await openStateStore(file);
  const { jobId, id: over } = await running(store);
  await store.finish(over, "CANCEL", { at: 300, proof: idle, failure: null });
  const { id: runs } = await running(store);
  const queued = anExecution(await storedJob(store));
  await store.enqueue(queued);
  await store.close();

  const raw = new Database(file);
  const final = /over never changes/;
  for (const status of ["SUCCESS", "FAIL", "RUNNING", "QUEUED", "CANCEL"]) {
    expect(() => raw.prepare("UPDATE execution SET status = ? WHERE id = ?").run(status, over)).toThrow(
      final,
    );
  }
  expect(() => raw.prepare("UPDATE execution SET failure = 'x' WHERE id = ?").run(over)).toThrow(final);
  expect(() => raw.prepare("UPDATE execution SET status = 'QUEUED' WHERE id = ?").run(runs)).toThrow(
    /goes from QUEUED/,
  );
  expect(() =>
    raw.prepare("UPDATE execution SET status = 'CANCEL', ended_at = 1 WHERE id = ?").run(runs),
  ).toThrow(/CHECK/);
  expect(() =>
    raw
      .prepare(
        "UPDATE execution SET status = 'SUCCESS', ended_at = 1, proof_level = 'source idle', proof_at = 1, proof_note = '' WHERE id = ?",
      )
      .run(queued.id),
  ).toThrow(/goes from QUEUED/);
  expect(() =>
    raw.prepare("UPDATE execution SET stop_requested_at = 1, stop_reason = '{}' WHERE id = ?").run(queued.id),
  ).toThrow(/CHECK/);
  expect(() => raw.prepare("DELETE FROM execution WHERE id = ?").run(runs)).toThrow(/not deleted/);
  const insert = raw.prepare(
    "INSERT INTO execution (id, pool_id, job_id, job_name, mode, status, queued_at) SELECT ?, pool_id, job_id, job_name, mode, 'QUEUED', 1 FROM execution WHERE id = ?",
  );
  expect(() => insert.run("x", runs)).toThrow(/UNIQUE/);
  expect(insert.run("y", over).changes).toBe(1);
  raw.close();

  const again = await openStateStore(file);
  expect(await again.execution(over)).toMatchObject({ status: "CANCEL", endedAt: 300 });
  expect(await again.execution(runs)).toMatchObject({ status: "RUNNING" });
  expect(await again.jobStatus(jobId)).toMatchObject({ executionId: "y" });
  await again.close();
});

test("a job whose execution was declared over is kept until its source was seen, and the declaration never changes", async () => {
  const store = await temporaryStore();
  const { jobId, id } = await running(store);
  const job = await store.job(jobId);
  const settlement = {
    executionId: id,
    poolId: job?.poolId ?? "",
    at: 300,
    keyName: "lead",
    because: "host down",
    seen: "unknown",
    seenAt: 300,
    seenNote: "connection refused",
  } as const;
  const proof = { level: "declared", at: 300, note: "declared over" } as const;
  expect(await store.finish(id, "CANCEL", { at: 300, proof, failure: null, settlement })).toBe(true);
  expect(await store.openSettlements(null)).toEqual([settlement]);
  expect(await store.openSettlements(newId())).toEqual([]);
  // The job is free for its next run, and not for being forgotten.
  expect(await store.enqueue(anExecution(job ?? aJob("")))).toEqual({ enqueued: true });
  const [next] = await store.activeExecutions();
  await store.requestStop(next?.id ?? "", operator, 310);
  await expect(store.deleteJob(jobId)).rejects.toMatchObject({ kind: "conflict" });
  await expect(store.deletePool(job?.poolId ?? "")).rejects.toMatchObject({ kind: "conflict" });
  await store.noteSettlement(id, "busy", 320, "session 7");
  await store.noteSettlement(id, "idle", 330, "none");
  await store.noteSettlement(id, "busy", 340, "late");
  expect(await store.settlement(id)).toEqual({ ...settlement, seen: "idle", seenAt: 330, seenNote: "none" });
  expect(await store.openSettlements(null)).toEqual([]);
  await store.deleteJob(jobId);
  expect(await store.settlement(id)).toBeNull();
});
