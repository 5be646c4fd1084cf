/** Which executions belong to a stretch of time. */
import { expect, test } from "vitest";
import { anExecution, aJob, aPool, idle, storedJob, temporaryStore } from "./support/state-fixtures.ts";

test("a stretch of time has what ran or waited in it, of the one pool, oldest first", async () => {
  const store = await temporaryStore();
  const job = await storedJob(store);
  const ids: string[] = [];
  for (const [queuedAt, endedAt] of [
    [100, 200],
    [300, 400],
    [500, 600],
  ] as const) {
    const execution = anExecution(job, { queuedAt });
    await store.enqueue(execution);
    await store.claimNext(4, queuedAt + 1);
    await store.finish(execution.id, "SUCCESS", { at: endedAt, proof: idle, failure: null });
    ids.push(execution.id);
  }
  const open = anExecution(job, { queuedAt: 700 });
  await store.enqueue(open);
  const other = aPool();
  await store.insertPool(other);
  const foreign = aJob(other.id);
  await store.insertJob(foreign);
  await store.enqueue(anExecution(foreign, { queuedAt: 300 }));

  const within = (from: number, to: number, limit = 10): Promise<string[]> =>
    store.executionsWithin(job.poolId, { from, to, limit });
  expect(await within(0, 1000)).toEqual([...ids, open.id]);
  expect(await within(0, 1000, 2)).toEqual(ids.slice(0, 2));
  // Begun before and ended in it; begun in it and ended after; all of it in between.
  expect(await within(150, 350)).toEqual(ids.slice(0, 2));
  expect(await within(320, 330)).toEqual([ids[1]]);
  // The end is not in it: what was queued then belongs to the next shift.
  expect(await within(201, 300)).toEqual([]);
  expect(await within(800, 900)).toEqual([open.id]);
});
