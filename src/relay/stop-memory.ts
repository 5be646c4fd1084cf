import type { Clock } from "../base/clock.ts";
import type { StopMemory } from "../model/remote-team.ts";

/** Of this process alone: for a command, which ends with its stop. */
export function ownMemory(clock: Clock): StopMemory {
  const stops = new Map<string, { executionId: string; requestedAt: number; callers: number }>();
  const key = (poolId: string, jobId: string): string => `${poolId} ${jobId}`;
  return {
    lasting: false,
    note: (poolId, jobId, executionId) => {
      const before = stops.get(key(poolId, jobId));
      const again = before?.executionId === executionId ? before : null;
      const first = { executionId, requestedAt: clock.now(), callers: 0 };
      const stop = again ?? first;
      stops.set(key(poolId, jobId), { ...stop, callers: stop.callers + 1 });
      return Promise.resolve();
    },
    open: (poolId, jobId) => Promise.resolve(stops.get(key(poolId, jobId)) ?? null),
    close: (poolId, jobId) => {
      stops.delete(key(poolId, jobId));
      return Promise.resolve();
    },
  };
}
