import { vi, type MockInstance } from "vitest";

/**
 * A process of a pool that is started by this process now is killed after five seconds without a word while it opens,
 * instead of the product's thirty. `mockRestore` as soon as the one that is meant is frozen: those after it need not
 * be as quick.
 */
export function shortOpening(): MockInstance<typeof setTimeout> {
  const real = globalThis.setTimeout;
  const spy = vi.spyOn(globalThis, "setTimeout");
  spy.mockImplementation((work: () => void, ms?: number) => real(work, ms === 30_000 ? 5000 : ms));
  return spy;
}
