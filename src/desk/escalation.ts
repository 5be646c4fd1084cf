import { timeText } from "./times.ts";
import type { Shown } from "./verdict.ts";

/**
 * What the reader does now. Where the answer is UNKNOWN and the pool's people said whom to call, also whom, and until
 * when a stop is waited for first: that is counted from its request, so that a later answer does not move it.
 */
export function nextStep({ word, next, jobs, asOf, settings }: Shown): string | null {
  if (word !== "UNKNOWN" || settings === null || settings.contact === null) return next;
  const { contact, escalateAfterSeconds } = settings;
  const asked = jobs.flatMap((job) =>
    job.word === "UNKNOWN" && job.stopping !== null ? [job.stopping.requestedAt] : [],
  );
  const until =
    escalateAfterSeconds === null || asked.length === 0
      ? null
      : Math.min(...asked) + escalateAfterSeconds * 1000;
  const call =
    until === null || asOf === null || until <= asOf
      ? `call ${contact} now`
      : `wait until ${timeText(until, settings)}, then call ${contact}`;
  if (next === null) return call;
  return next.endsWith("escalate") ? `${next}: ${call}` : `${next}; ${call}`;
}
