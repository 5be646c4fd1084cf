/** How rows flow: held back, limited, in constant memory, and never ending short in silence. */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RetryableSourceError } from "../src/model/errors.ts";
import { createPostgresSource } from "../src/sources/postgres/index.ts";
import type { Clock } from "../src/base/clock.ts";
import { systemClock } from "../src/base/clock.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { startProxy } from "./support/source-proxy.ts";
import { accessTo, never, openSession, tableOf } from "./support/source-reading.ts";

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase("source_flow");
  await source.sql(`create table numbers as
    select i, i * 1.5::numeric(12,2) as amount, md5(i::text) as word, now() as at from generate_series(1, 400000) i`);
});
afterAll(() => source.end());

async function count(filter: string | null): Promise<{ rows: number; bytes: number; mostMemory: number }> {
  const session = await openSession(accessTo(source));
  const read = await session.describe(tableOf("numbers", { filter }), { signal: never });
  const sum = { rows: 0, bytes: 0, mostMemory: 0 };
  for await (const batch of session.read(read, { signal: never })) {
    sum.rows += batch.rows;
    sum.bytes += batch.bytes;
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    sum.mostMemory = Math.max(sum.mostMemory, arrayBuffers + heapUsed);
  }
  await session.close();
  return sum;
}

test("twice the rows take no more memory", async () => {
  await count("i <= 50000");
  const once = await count("i <= 200000");
  const twice = await count(null);
  expect(once.rows).toBe(200_000);
  expect(twice.rows).toBe(400_000);
  expect(twice.bytes).toBeGreaterThan(400_000 * 70);
  expect(twice.mostMemory).toBeLessThan(once.mostMemory + 32 * 1024 * 1024);
});

test("while the reader is busy the source is held back", async () => {
  const session = await openSession(accessTo(source), "nd:slow");
  const read = await session.describe(tableOf("numbers"), { signal: never });
  const batches = session.read(read, { signal: never })[Symbol.asyncIterator]();
  await batches.next();
  for (;;) {
    const [row] = await source.sql<{ wait: string | null }>(
      "select wait_event as wait from pg_stat_activity where application_name = 'nd:slow'",
    );
    if (row?.wait === "ClientWrite") break;
    await pause(10);
  }
  // Of ~30 MB only what fits the buffers was sent: the rows are still there to be read, all of them.
  let rows = 2048;
  for (;;) {
    const next = await batches.next();
    if (next.done === true) break;
    rows += next.value.rows;
  }
  expect(rows).toBe(400_000);
});

test("a connection that breaks in the middle is an error, wherever it breaks", async () => {
  for (const bytes of [10, 5_000, 1_000_000]) {
    const proxy = await startProxy(source);
    const session = await openSession(accessTo(source, { host: "localhost", port: proxy.port }));
    const read = await session.describe(tableOf("numbers"), { signal: never });
    proxy.cutAfter(bytes);
    const reading = (async () => {
      for await (const batch of session.read(read, { signal: never })) expect(batch.rows).toBeGreaterThan(0);
    })();
    await expect(reading).rejects.toBeInstanceOf(RetryableSourceError);
    await expect(reading).rejects.toMatchObject({
      line: expect.stringContaining("public.numbers") as string,
    });
  }
});

/** Sleeps take no time but count. */
function countingClock(): Clock & { slept: number } {
  const clock = {
    slept: 0,
    now: () => systemClock.now(),
    monotonic: () => clock.slept,
    sleep: async (ms: number): Promise<void> => {
      clock.slept += ms;
      await pause(0);
    },
  };
  return clock;
}

test("two sessions of one connection share its rate, in small batches", async () => {
  const clock = countingClock();
  const shared = createPostgresSource({ clock });
  const access = accessTo(source, { maxRowsPerSecond: 2500 });
  const sizes: number[] = [];
  const readSome = async (): Promise<void> => {
    const session = await shared.open(access, "nd:rate", { signal: never });
    const read = await session.describe(tableOf("numbers", { filter: "i <= 12500" }), { signal: never });
    for await (const batch of session.read(read, { signal: never })) sizes.push(batch.rows);
    await session.close();
  };
  await Promise.all([readSome(), readSome()]);
  expect(sizes.reduce((sum, rows) => sum + rows, 0)).toBe(25_000);
  expect(Math.max(...sizes)).toBe(500);
  expect(clock.slept).toBeGreaterThanOrEqual(9_750);
  expect(clock.slept).toBeLessThan(12_000);
});

test("rows that trickle in are handed over before the end", async () => {
  await source.sql(`create function trickle(n int) returns bool language plpgsql volatile as
    $$ begin if n > 1000 then perform pg_sleep(600); end if; return true; end $$`);
  const session = await openSession(accessTo(source), "nd:trickle");
  const read = await session.describe(tableOf("numbers", { filter: "i <= 1001 and trickle(i)" }), {
    signal: never,
  });
  const stop = new AbortController();
  const batches = session.read(read, { signal: stop.signal })[Symbol.asyncIterator]();
  const first = await batches.next();
  // The server itself keeps back what does not fill its 8 kB; the rest is here, though no batch is full.
  expect(first.value?.rows).toBeGreaterThan(500);
  expect(first.value?.rows).toBeLessThan(1000);
  stop.abort("enough");
  await expect(batches.next()).rejects.toBe("enough");
});
