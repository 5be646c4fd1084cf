import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { newId } from "../src/base/ids.ts";
import type { LogLine } from "../src/model/execution.ts";
import { aJob, aKey, anExecution, anItem, storedJob, temporaryStore } from "./support/state-fixtures.ts";

function aLine(
  executionId: string,
  itemId: string,
  changes: Partial<LogLine> = {},
): Omit<LogLine, "sequence"> {
  return { executionId, itemId, level: "INFO", at: 5, message: "m", code: null, parameters: [], ...changes };
}

test("items are saved again and again and keep their order", async () => {
  const store = await temporaryStore();
  const execution = anExecution(await storedJob(store));
  await store.enqueue(execution);
  const job = anItem(execution);
  const task = anItem(execution, { type: "TASK", taskId: newId(), position: 1 });
  const step = anItem(execution, {
    type: "STEP",
    taskId: task.taskId,
    stepId: newId(),
    estimatedRows: 3_000_000,
    rows: 0,
    bytes: 0,
  });
  for (const item of [job, task, step]) await store.saveItem(item);
  const done = {
    ...step,
    status: "SUCCESS",
    endedAt: 300,
    rows: 2_999_999,
    bytes: 2 ** 53 - 1,
    effect: "loaded",
  } as const;
  await store.saveItem(done);
  await store.saveItem({ ...job, status: "SUCCESS", endedAt: 301 });
  expect(await store.items(execution.id)).toEqual([{ ...job, status: "SUCCESS", endedAt: 301 }, task, done]);
  expect(await store.item(step.id)).toEqual(done);
  expect(await store.item(newId())).toBeNull();
  expect(await store.items(newId())).toEqual([]);
  await expect(store.saveItem(anItem(anExecution(aJob(""))))).rejects.toMatchObject({ kind: "not-found" });
});

test("log lines come newest first, by item and level, in pages", async () => {
  const store = await temporaryStore();
  const execution = anExecution(await storedJob(store));
  await store.enqueue(execution);
  const [a, b] = [newId(), newId()];
  await store.appendLog([]);
  await store.appendLog([
    aLine(execution.id, a, {
      message: "one\0",
      code: "STARTING_RUNNING_JOB",
      parameters: [{ key: "k\0", value: "日本" }],
    }),
    aLine(execution.id, b, { message: "two", level: "WARNING" }),
  ]);
  await store.appendLog([aLine(execution.id, a, { message: "three", level: "ERROR" })]);
  const read = (itemIds: string[] | null, levels: LogLine["level"][], page = 0, limit = 10) =>
    store.log({ executionId: execution.id, itemIds, levels, page, limit });

  const all = await read(null, []);
  expect(all.total).toBe(3);
  expect(all.lines.map(({ message }) => message)).toEqual(["three", "two", "one\uFFFD"]);
  const sequences = all.lines.map(({ sequence }) => sequence);
  expect(sequences).toEqual(sequences.toSorted((x, y) => y - x));
  expect(all.lines[2]).toMatchObject({
    code: "STARTING_RUNNING_JOB",
    parameters: [{ key: "k\0", value: "日本" }],
  });
  expect(await read(null, [], 1, 2)).toMatchObject({ lines: [{ message: "one\uFFFD" }], total: 3 });
  expect(await read([a], [])).toMatchObject({
    lines: [{ message: "three" }, { message: "one\uFFFD" }],
    total: 2,
  });
  expect(await read([a, b], ["WARNING", "ERROR"])).toMatchObject({
    lines: [{ message: "three" }, { message: "two" }],
    total: 2,
  });
  expect(await read([], [])).toEqual({ lines: [], total: 0 });
});

test("a batch of log lines is written whole or not at all", async () => {
  const store = await temporaryStore();
  const execution = anExecution(await storedJob(store));
  await store.enqueue(execution);
  const batch = [aLine(execution.id, "i"), aLine(newId(), "i")];
  await expect(store.appendLog(batch)).rejects.toMatchObject({ kind: "not-found" });
  expect(
    await store.log({ executionId: execution.id, itemIds: null, levels: [], page: 0, limit: 10 }),
  ).toEqual({ lines: [], total: 0 });
});

test("keys are found by hash, revoked once, and remember their last use", async () => {
  const store = await temporaryStore();
  const hash = createHash("sha256").update("ndk_CANARY-key").digest();
  const key = aKey({
    expiresAt: 99,
    grants: [{ poolId: newId(), verbs: ["view"] }],
    hours: { zone: "Asia/Tokyo", from: "22:00", to: "30:00", days: ["FRI"] },
    jobs: [newId()],
    addresses: ["192.0.2.0/24", "2001:db8::/32"],
  });
  await store.insertKey(key, hash);
  await expect(store.insertKey(aKey(), hash)).rejects.toMatchObject({ kind: "conflict" });
  expect(await store.keyByHash(hash)).toEqual({ key, hash: new Uint8Array(hash) });
  expect(await store.keyByHash(createHash("sha256").update("other").digest())).toBeNull();

  await store.keyUsed(key.id, 20);
  await store.keyUsed(key.id, 10);
  expect(await store.revokeKey(key.id, 30)).toBe(true);
  expect(await store.revokeKey(key.id, 40)).toBe(true);
  expect(await store.revokeKey(newId(), 40)).toBe(false);
  expect(await store.keys()).toEqual([{ ...key, lastUsedAt: 20, revokedAt: 30 }]);
});
