import { expect, test } from "vitest";
import type { Clock } from "../base/clock.ts";
import type { Execution } from "../model/execution.ts";
import type { SourceSessionView } from "../model/source.ts";
import type { StopReason } from "../model/stop.ts";
import { ActiveRun } from "./active-run.ts";
import { watchRun } from "./watchdog.ts";

/** A clock on which sleeping is the only thing that lets time pass. */
function fakeClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms, { signal } = {}) => {
      await Promise.resolve();
      signal?.throwIfAborted();
      now += ms;
    },
  };
}

const waiting: SourceSessionView = { pid: 7, startedAt: "x", state: "active", waits: "Lock:relation" };
const noProgressMs = 120_000;

/** Watches until it stops the run, or for an hour; what the source shows follows the script, over and over. */
async function watched(looks: ("unreadable" | SourceSessionView)[]): Promise<StopReason | "an hour"> {
  const clock = fakeClock();
  const run = new ActiveRun({ sessions: [], sourceTouched: true, stop: null } as unknown as Execution);
  run.openSessions = 1;
  const over = new AbortController();
  let look = 0;
  let reason: StopReason | "an hour" = "an hour";
  await watchRun(
    run,
    { noProgressMs, executionMs: null },
    {
      clock,
      look: async () => {
        if (clock.now() > 3_600_000) over.abort();
        const now = looks[look++ % looks.length] ?? "unreadable";
        if (now === "unreadable") throw new Error("connection refused");
        return { readAt: "t", serverStartedAt: "s", ofAnotherServer: false, sessions: [now] };
      },
      stop: async (_, why) => {
        reason = why;
      },
    },
    { signal: over.signal },
  );
  return reason;
}

test("a session that waits is no progress, nor is a source that cannot be read, nor one that can be read again", async () => {
  const stopped = { by: "no-progress", afterMs: noProgressMs };
  expect(await watched([waiting])).toEqual(stopped);
  expect(await watched(["unreadable"])).toEqual(stopped);
  expect(await watched([waiting, "unreadable"])).toEqual(stopped);
  expect(await watched(["unreadable", "unreadable", waiting])).toEqual(stopped);
});

test("a session that computes, or whose wait changes, is progress", async () => {
  expect(await watched([{ ...waiting, waits: "" }])).toBe("an hour");
  expect(await watched([waiting, { ...waiting, waits: "IO:DataFileRead" }])).toBe("an hour");
});
