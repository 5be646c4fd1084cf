/** A stop is done whatever its reason looks like, and what of the reason can be read is kept. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeWorld, openDeskApp, type DeskApp, type World } from "./support/desk-app.ts";

let desk: DeskApp;
let own: World;
beforeEach(async () => {
  desk = await openDeskApp();
  own = await makeWorld(desk, "Own");
});
afterEach(async () => {
  await desk.close();
});

/** 停止 in code page 932. */
const cp932 = Buffer.from([0x92, 0xe2, 0x8e, 0x7e]);
const around = (before: string, bytes: Buffer, after: string): Buffer =>
  Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);
const long = `${"x".repeat(499)}\u{1F319} and more`;

test.each([
  [
    "text in a Windows code page",
    around("INC-17 ", cp932, " by night shift"),
    expect.stringMatching(/^INC-17 \S+ by night shift$/),
  ],
  [
    "JSON in a Windows code page",
    around('{"reason":"INC-17 ', cp932, '"}'),
    expect.stringMatching(/^INC-17 \S+$/),
  ],
  ["a long text", Buffer.from(long), expect.stringMatching(/^x{499}$/)],
  ["a long text in JSON", Buffer.from(JSON.stringify({ reason: long })), expect.stringMatching(/^x{499}$/)],
  ["half of a character", Buffer.from('{"reason":"a\\ud83c\\u0000b"}'), expect.stringMatching(/^a\S* ?b$/)],
  ["nothing but blanks", Buffer.from(" \r\n"), null],
])("%s", async (_, body, kept) => {
  const path = `/integration/api/pools/${own.poolId}/jobs/${own.jobId}/execute`;
  const doors = [
    `/desk/stop.txt?job=${own.jobId}&wait=0`,
    `/desk/v1/pools/${own.poolId}/jobs/${own.jobId}/stop?wait=0`,
    `/desk/v1/pools/${own.poolId}/stop?wait=0`,
  ];
  // The JSON doors take no text.
  for (const door of doors.filter((one) => one.includes(".txt") || body.toString().startsWith("{"))) {
    const { executionId } = await desk.ok<{ executionId: string }>("POST", path);
    const headers = { authorization: `AppKey ${desk.adminKey}` };
    const request = new Request(`http://desk.test${door}`, {
      method: "POST",
      headers,
      body: new Uint8Array(body),
    });
    const { status } = await desk.app.fetch(request);
    expect([door, status < 300]).toEqual([door, true]);
    const { stop, endedAt } = (await desk.state.execution(executionId)) ?? {};
    expect(stop?.reason).toMatchObject({ because: kept });
    if (endedAt === null) await desk.executions.succeed(executionId);
  }
});
