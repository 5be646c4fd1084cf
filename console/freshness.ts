import type { DeskNight } from "../src/contract/index.ts";

/** Older than this (ms) is not believed any more. */
const oldestMs = 5000;

/** What came last, and when by the two clocks of the browser: one may be set, the other may stand still in sleep. */
export interface Received {
  night: DeskNight;
  wall: number;
  monotonic: number;
}

export function receive(night: DeskNight): Received {
  return { night, wall: Date.now(), monotonic: performance.now() };
}

/** How old the read behind it is now, ms: its age when it was sent, and the longer of the times since. */
export function ageOf({ night, wall, monotonic }: Received): number {
  const since = Math.max(Date.now() - wall, performance.now() - monotonic, 0);
  return (night.asOf === null ? 0 : Math.max(0, night.sentAt - night.asOf)) + since;
}

/** Whether it may be taken for the state of now. What may not reads UNKNOWN, whatever it says. */
export function isFresh(received: Received): boolean {
  return ageOf(received) <= oldestMs;
}
