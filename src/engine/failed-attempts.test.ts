import fc from "fast-check";
import { expect, test } from "vitest";
import { FailedAttempts } from "./failed-attempts.ts";

test("five of an address are recorded, the others summed up when the minute is over", () => {
  const attempts = new FailedAttempts();
  attempts.over(60_000);
  const admitted = Array.from({ length: 1000 }, () => attempts.admit("10.0.0.1"));
  expect(admitted.filter(Boolean)).toHaveLength(5);
  expect(attempts.admit("10.0.0.2")).toBe(true);
  expect(attempts.over(119_999)).toEqual([]);
  expect(attempts.over(120_000)).toEqual([{ address: "10.0.0.1", times: 995 }]);
  expect(attempts.over(180_000)).toEqual([]);
  expect(attempts.admit("10.0.0.1")).toBe(true);
});

test("however many come from however many addresses, 41 records a minute, and every attempt is in one", () => {
  const flood = fc.array(fc.tuple(fc.nat(99), fc.nat(20_000)), { maxLength: 400 });
  fc.assert(
    fc.property(flood, (steps) => {
      const attempts = new FailedAttempts();
      let now = 0;
      const perMinute = new Map<number, number>();
      let counted = 0;
      for (const [address, later] of steps) {
        now += later % 7 === 0 ? later : 1;
        const sums = attempts.over(now);
        counted += sums.reduce((total, { times }) => total + times, 0);
        const admitted = attempts.admit(`10.0.0.${String(address)}`);
        const minute = Math.floor(now / 60_000);
        perMinute.set(minute, (perMinute.get(minute) ?? 0) + sums.length + (admitted ? 1 : 0));
        counted += admitted ? 1 : 0;
      }
      counted += attempts.rest().reduce((total, { times }) => total + times, 0);
      expect(counted).toBe(steps.length);
      expect(Math.max(0, ...perMinute.values())).toBeLessThanOrEqual(41);
    }),
  );
});
