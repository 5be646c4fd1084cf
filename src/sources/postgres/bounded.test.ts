import { expect, test } from "vitest";
import { deferred } from "../../base/deferred.ts";
import { TimeLimitError, bounded } from "./bounded.ts";

const never = new AbortController().signal;
const unused = (): Promise<void> => Promise.reject(new Error("ended for no reason"));

test("work that is over in time gives its result or its own error", async () => {
  expect(await bounded(async () => 7, { end: unused, limitMs: 60_000, signal: never })).toBe(7);
  const failing = async (): Promise<never> => {
    throw new Error("its own");
  };
  await expect(bounded(failing, { end: unused, limitMs: 60_000, signal: never })).rejects.toThrow("its own");
});

/** Work that ends only when it is told to, and the order in which things happened. */
function endless(): { work: () => Promise<void>; end: () => Promise<void>; order: string[] } {
  const told = deferred<void>();
  const order: string[] = [];
  return {
    order,
    work: async () => {
      await told.promise;
      order.push("work over");
      throw new Error("socket closed");
    },
    end: async () => {
      order.push("end asked for");
      told.resolve();
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push("end over");
    },
  };
}

test("a limit that is up ends the work and waits for its end", async () => {
  const { work, end, order } = endless();
  await expect(bounded(work, { end, limitMs: 10, signal: never })).rejects.toBeInstanceOf(TimeLimitError);
  expect(order).toEqual(["end asked for", "work over", "end over"]);
});

test("an abort ends the work and gives its reason", async () => {
  const { work, end, order } = endless();
  const stop = new AbortController();
  const result = bounded(work, { end, signal: stop.signal });
  stop.abort({ by: "shutdown" });
  await expect(result).rejects.toEqual({ by: "shutdown" });
  expect(order).toEqual(["end asked for", "work over", "end over"]);
});

test("with an aborted signal the work never begins", async () => {
  const work = async (): Promise<never> => {
    throw new Error("began");
  };
  await expect(bounded(work, { end: unused, signal: AbortSignal.abort("stop") })).rejects.toBe("stop");
});
