import fc from "fast-check";
import { expect, test } from "vitest";
import { keyIn } from "./calls.ts";
import { eventsIn, nightIn } from "./events.ts";

/** What arrives, cut into pieces of these lengths, in turn. */
async function received(text: string, lengths: number[]): Promise<string[]> {
  const bytes = new TextEncoder().encode(text);
  const pieces: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    pieces.push(bytes.slice(at, at + length));
    at += length;
  }
  const read = (): Promise<{ done: boolean; value?: Uint8Array | undefined }> => {
    const value = pieces.shift();
    return Promise.resolve(value === undefined ? { done: true } : { done: false, value });
  };
  const events: string[] = [];
  for await (const event of eventsIn({ read })) events.push(event);
  return events;
}

test("events come out whole, however they were cut on the way", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: "grapheme" }).map((text) => JSON.stringify({ text }))),
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
      async (events, lengths) => {
        const text = events.map((event) => `data: ${event}\n\n`).join(": still here\n\n");
        expect(await received(text, lengths)).toEqual(events);
      },
    ),
  );
});

test("the last event that was cut off is none, and line ends may be those of others", async () => {
  expect(await received('data: {"a":1}\r\n\r\ndata: {"b"', [3])).toEqual(['{"a":1}']);
});

test.each([
  "null",
  "{}",
  "<html>",
  '{"poolName":"x","sentAt":1,"verdict":{"word":"CLEAR","code":0}}',
  '{"poolName":"x","sentAt":1,"partial":false,"verdict":{"word":"CLEAR"},"jobs":[]}',
  '{"poolName":"x","sentAt":1,"verdict":{"word":"CLEAR","code":0},"jobs":[]}',
])("what is no event of ours is not taken for one: %s", (data) => {
  expect(() => nightIn(data)).toThrow(/not an event|JSON/);
});

test.each([
  "ndk_x",
  " ndk_x\r\n",
  "AppKey ndk_x",
  "Authorization: AppKey ndk_x",
  "authorization:Bearer ndk_x",
])("a key is found in %j", (typed) => {
  expect(keyIn(typed)).toBe("ndk_x");
});
