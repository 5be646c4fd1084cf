/** Waiting for a state: never for a time, and never for ever. */
import { deferred } from "../../src/base/deferred.ts";

const usualSeconds = 120;
/** A test that waits says so itself, this long before the runner ends it without telling where it was. */
const aheadMs = 2000;

/** When the test that runs is ended by the runner, by `performance.now()`; null: none runs, or nobody told. */
let endOfTest: number | null = null;

/** Told by the runner's set-up before each test, and with null after it. */
export function testEndsAt(at: number | null): void {
  endOfTest = at;
}

/**
 * Asks again until the answer is not null. Gives up, also while a question has no answer, after `seconds`; without them
 * shortly before the limit of the test that waits, or after two minutes where there is none.
 * @throws what the question throws; an Error of the place that waits, with what it waits for and how often it asked.
 */
export async function until<T>(
  ask: () => Promise<T | null>,
  { seconds }: { seconds?: number } = {},
): Promise<T> {
  const here = { stack: "" };
  Error.captureStackTrace(here, until);
  const began = performance.now();
  const rest = endOfTest === null ? usualSeconds * 1000 : endOfTest - aheadMs - began;
  const limitMs = seconds === undefined ? rest : seconds * 1000;
  let answers = 0;
  const late = deferred<never>();
  const timer = setTimeout(() => {
    const waited = Math.round((performance.now() - began) / 1000);
    const what = ask.toString().replace(/\s+/g, " ").slice(0, 300);
    const error = new Error(`waited ${String(waited)} s in vain (${String(answers)} times null) for ${what}`);
    error.stack = here.stack.replace(/^.*/, `Error: ${error.message}`);
    late.reject(error);
  }, limitMs);
  try {
    for (;;) {
      const answer = await Promise.race([ask(), late.promise]);
      if (answer !== null) return answer;
      answers++;
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 30)), late.promise]);
    }
  } finally {
    clearTimeout(timer);
  }
}
