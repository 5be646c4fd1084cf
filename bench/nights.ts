/**
 * `nights.ts [STOPS] [SEED]`: simulated nights until that many executions were told to stop (default 100,000), in
 * batches of seeds that follow each other. Prints how they ended and ends with the figure; exit code 1, with seed
 * and path to do it again, as soon as a night breaks what must hold.
 */
import fc from "fast-check";
import { anyNight, liveThrough, openNights } from "../test/support/simulated-night.ts";

const wanted = Number(process.argv[2] ?? 100_000);
const first = Number(process.argv[3] ?? Date.now() % 1_000_000_000);
const nightsABatch = 500;

const began = performance.now();
const sum = { nights: 0, stops: 0, declared: 0, steps: 0, longestMs: 0, ended: {} as Record<string, number> };
for (let seed = first; sum.stops < wanted; seed += 1) {
  const { store, close } = openNights();
  const result = await fc.check(
    fc.asyncProperty(fc.scheduler(), anyNight, async (scheduler, night) => {
      const report = await liveThrough(scheduler, store, night);
      sum.nights += 1;
      sum.stops += report.stops;
      sum.declared += report.declared;
      sum.steps += report.steps;
      sum.longestMs = Math.max(sum.longestMs, report.longestMs);
      for (const [status, count] of Object.entries(report.ended))
        sum.ended[status] = (sum.ended[status] ?? 0) + count;
    }),
    { numRuns: nightsABatch, seed, endOnFailure: true },
  );
  close();
  if (result.failed) {
    console.error(fc.defaultReportMessage(result));
    console.error(`seed ${String(seed)}, path ${result.counterexamplePath ?? ""}`);
    process.exit(1);
  }
}
const ends = Object.entries(sum.ended).map(([status, count]) => `${String(count)} ${status}`);
const seconds = Math.round((performance.now() - began) / 1000);
console.log(
  `${String(sum.stops)} stops in ${String(sum.nights)} nights of ${String(sum.steps)} steps, seeds from ${String(first)}: ` +
    `no false status, none that stayed; ${ends.join(", ")}, ${String(sum.declared)} of them declared; ` +
    `longest from request to end ${String(Math.round(sum.longestMs / 1000))} simulated s; ${String(seconds)} s`,
);
process.exit(0);
