import { expect, test } from "vitest";
import type { Clock } from "../base/clock.ts";
import type { PoolExport } from "../contract/index.ts";
import type { TeamSchedules } from "../model/team.ts";
import { createClient } from "../sdk/index.ts";
import { ScheduleReads } from "./schedule-reads.ts";

const start = Date.UTC(2026, 5, 18, 14, 52);

/** Time that stands still until it is moved; sleepers wake when their time has come. */
function movedClock(): Clock & { move: (ms: number) => void } {
  let time = 0;
  const sleepers = new Set<{ due: number; wake: () => void }>();
  return {
    now: () => start + time,
    monotonic: () => time,
    sleep: (ms) =>
      new Promise((wake) => {
        sleepers.add({ due: time + ms, wake });
      }),
    move(ms) {
      time += ms;
      for (const { due, wake } of sleepers) if (due <= time) wake();
    },
  };
}

const hourly: PoolExport = {
  schedules: [{ id: "s", name: "hourly ETL", enabled: true, frequency: "0 0 * * * ?" }],
  jobSchedules: [{ scheduleId: "s", jobId: "j", jobName: "Finance documents" }],
};

interface Asked {
  answer(body: unknown, status?: number): void;
  signal: AbortSignal | undefined;
}

/** A team whose exports are answered by hand. */
function stage(): {
  clock: ReturnType<typeof movedClock>;
  asked: Asked[];
  read: () => Promise<TeamSchedules>;
} {
  const clock = movedClock();
  const asked: Asked[] = [];
  const client = createClient({
    url: "https://team.example",
    key: "CANARY-key",
    fetch: (_, { signal }) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener("abort", () => reject(new Error("ended")));
        const headers = { get: () => "application/json" };
        asked.push({
          signal,
          answer: (body, status = 200) =>
            resolve({ status, headers, text: () => Promise.resolve(JSON.stringify(body)) }),
        });
      }),
  });
  const reads = new ScheduleReads(client, clock);
  const { signal } = new AbortController();
  return { clock, asked, read: () => reads.of("pool", { signal }) };
}

const at = (hour: number): number => Date.UTC(2026, 5, 18, hour);

test("read once in a minute; the next start is always after now, the age that of the read", async () => {
  const { clock, asked, read } = stage();
  const first = read();
  asked[0]?.answer(hourly);
  expect(await first).toMatchObject({ readAt: start, why: null, starts: [{ at: at(15) }] });
  clock.move(59_000);
  expect(await read()).toMatchObject({ readAt: start, starts: [{ at: at(15) }] });
  clock.move(1000);
  const again = read();
  expect(asked).toHaveLength(2);
  clock.move(500);
  asked[1]?.answer(hourly);
  expect(await again).toMatchObject({ readAt: start + 60_000, starts: [{ at: at(15) }] });
});

test("of a start that has come meanwhile the one after it is named", async () => {
  const { clock, asked, read } = stage();
  const first = read();
  asked[0]?.answer(hourly);
  expect((await first).starts[0]?.at).toBe(at(15));
  clock.move(8 * 60_000);
  const again = read();
  // The new one is not there yet.
  clock.move(1000);
  expect(await again).toMatchObject({ readAt: start, starts: [{ at: at(16) }] });
});

test("those who ask at once share one read", async () => {
  const { asked, read } = stage();
  const all = [read(), read(), read()];
  expect(asked).toHaveLength(1);
  asked[0]?.answer(hourly);
  expect((await Promise.all(all)).map(({ starts }) => starts.length)).toEqual([1, 1, 1]);
});

test("who comes when a read takes long does not wait for it, and begins no other", async () => {
  const { clock, asked, read } = stage();
  const first = read();
  clock.move(1501);
  expect(await read()).toMatchObject({ readAt: null, pending: true, starts: [] });
  expect(asked).toHaveLength(1);
  asked[0]?.answer(hourly);
  expect((await first).starts).toHaveLength(1);
  expect(await read()).toMatchObject({ pending: false, starts: [{ name: "hourly ETL" }] });
});

test("an older one is used while a newer one is on its way, but not for ever", async () => {
  const { clock, asked, read } = stage();
  const first = read();
  asked[0]?.answer(hourly);
  await first;
  clock.move(61_000);
  const second = read();
  clock.move(1000);
  expect(await second).toMatchObject({ readAt: start, starts: [{ name: "hourly ETL" }] });
  clock.move(539_000);
  expect(await read()).toMatchObject({ readAt: null, pending: true, starts: [] });
  expect(asked).toHaveLength(2);
});

test("a refusal is not asked about again for a minute, and takes the place of what was read", async () => {
  const { clock, asked, read } = stage();
  const first = read();
  asked[0]?.answer(hourly);
  await first;
  clock.move(60_000);
  const second = read();
  asked[1]?.answer({ title: "Access Denied." }, 403);
  const refused = { readAt: null, why: expect.stringMatching(/^HTTP 403/), pending: false, starts: [] };
  expect(await second).toEqual(refused);
  clock.move(59_000);
  expect(await read()).toEqual(refused);
  expect(asked).toHaveLength(2);
});

test("a read that is ended by whoever began it is none, and is not begun anew at once", async () => {
  const { asked, clock } = stage();
  const client = createClient({
    url: "https://team.example",
    key: "CANARY-key",
    fetch: (_, { signal }) =>
      new Promise((_resolve, reject) => {
        asked.push({ signal, answer: () => undefined });
        signal?.addEventListener("abort", () => reject(new Error("ended")));
      }),
  });
  const reads = new ScheduleReads(client, clock);
  const over = new AbortController();
  const first = reads.of("pool", { signal: over.signal });
  over.abort(new Error("the answer does not wait"));
  await expect(first).rejects.toThrow("the answer does not wait");
  expect(await reads.of("pool", { signal: new AbortController().signal })).toMatchObject({
    why: "no answer in time",
    pending: false,
  });
  expect(asked).toHaveLength(1);
});
