/** A wait that never ends tells what it waited for, and where, before the runner ends the test without a word. */
import { expect, test } from "vitest";
import { until } from "./support/until.ts";

const told = async (waiting: Promise<unknown>): Promise<Error> => {
  const error: unknown = await waiting.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  return error as Error;
};

test("the first answer that is not null is the one", async () => {
  const answers = [null, null, 0];
  expect(await until(async () => answers.shift() ?? 7)).toBe(7);
  expect(await until(async () => 0)).toBe(0);
});

test("what the question throws is thrown", async () => {
  await expect(until(() => Promise.reject(new Error("the job is gone")))).rejects.toThrow("the job is gone");
});

test("after its limit it names the question and the line that waits", async () => {
  const never = await told(until(async () => ("never it is".length > 99 ? true : null), { seconds: 0.2 }));
  expect(never.message).toMatch(/^waited 0 s in vain \(\d+ times null\) for .*never it is/);
  expect(never.stack?.split("\n")[1]).toContain("until.test.ts");
});

test("so it does while a question has no answer at all", async () => {
  const silent = await told(until(() => new Promise<null>(() => {}), { seconds: 0.2 }));
  expect(silent.message).toContain("in vain (0 times null)");
});

test("a test's own limit comes first, and it is told before that", { timeout: 3000 }, async () => {
  const began = performance.now();
  const error = await told(until(async () => null));
  expect(error.message).toContain("in vain");
  expect(performance.now() - began).toBeLessThan(3000);
});
