import { expect, test } from "vitest";
import type { Clock } from "../../base/clock.ts";
import type { PostgresConfiguration } from "../../model/definitions.ts";
import { rowRates } from "./row-rate.ts";

const signal = new AbortController().signal;

/** Time passes only while somebody sleeps. */
function sleepyClock(): Clock & { time: number } {
  return {
    time: 5_000,
    now() {
      return this.time;
    },
    monotonic() {
      return this.time;
    },
    sleep(ms, options) {
      if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason);
      this.time += ms;
      return Promise.resolve();
    },
  };
}

function settings(changes: Partial<PostgresConfiguration> = {}): PostgresConfiguration {
  return { host: "db", port: 5432, database: "ecc", user: "u", ssl: { mode: "disable" }, ...changes };
}

test("without a limit there is none", () => {
  expect(rowRates(sleepyClock())(settings())).toBeNull();
});

test("over ten seconds the rate is kept, with a burst of a quarter of a second", async () => {
  const clock = sleepyClock();
  const rate = rowRates(clock)(settings({ maxRowsPerSecond: 2500 }));
  if (rate === null) throw new Error("no limit");
  expect(rate.most).toBe(500);
  const began = clock.time;
  let rows = 0;
  while (clock.time - began < 10_000) {
    await rate.take(rate.most, { signal });
    rows += rate.most;
    expect(rows).toBeLessThanOrEqual(((clock.time - began) / 1000 + 0.25) * 2500 + 0.001);
  }
  expect(rows).toBeGreaterThanOrEqual(25_000);
});

test("sessions of one connection share the limit, those of another user do not", async () => {
  const clock = sleepyClock();
  const rateOf = rowRates(clock);
  const one = rateOf(settings({ maxRowsPerSecond: 1000 }));
  const two = rateOf(settings({ maxRowsPerSecond: 1000 }));
  const other = rateOf(settings({ maxRowsPerSecond: 1000, user: "v" }));
  await one?.take(1000, { signal });
  expect(clock.time).toBe(5_750);
  await other?.take(200, { signal });
  expect(clock.time).toBe(5_750);
  await two?.take(1000, { signal });
  expect(clock.time).toBe(6_750);
});

test("rows that were not read are not saved up", async () => {
  const clock = sleepyClock();
  const rate = rowRates(clock)(settings({ maxRowsPerSecond: 1000 }));
  await rate?.take(200, { signal });
  clock.time += 60_000;
  const began = clock.time;
  for (let turn = 0; turn < 10; turn += 1) await rate?.take(200, { signal });
  expect(clock.time - began).toBe(1_750);
});

test("a row a second is handed over one by one, a high limit in full batches", () => {
  const rateOf = rowRates(sleepyClock());
  expect(rateOf(settings({ maxRowsPerSecond: 1 }))?.most).toBe(1);
  expect(rateOf(settings({ maxRowsPerSecond: 1_000_000 }))?.most).toBe(2048);
});

test("waiting ends with the signal's reason", async () => {
  const rate = rowRates(sleepyClock())(settings({ maxRowsPerSecond: 1 }));
  const stop = AbortSignal.abort({ by: "shutdown" });
  await expect(rate?.take(1, { signal: stop })).rejects.toEqual({ by: "shutdown" });
});
