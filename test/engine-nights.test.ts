/** The engine under every interleaving that chance finds: what must never be is looked for after every step. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { anyNight, liveThrough, openNights } from "./support/simulated-night.ts";

test("no terminal status is ever a lie, none changes, nothing starts under a hold, and everything ends", async () => {
  const { store, close } = openNights();
  const seen: Record<string, number> = {};
  let declared = 0;
  try {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), anyNight, async (scheduler, night) => {
        const report = await liveThrough(scheduler, store, night);
        for (const [status, count] of Object.entries(report.ended))
          seen[status] = (seen[status] ?? 0) + count;
        declared += report.declared;
      }),
      { numRuns: 300 },
    );
  } finally {
    close();
  }
  // The nights are rich enough to reach every end.
  expect(Object.keys(seen).toSorted()).toEqual(["CANCEL", "FAIL", "SUCCESS"]);
  expect(declared).toBeGreaterThan(0);
});
