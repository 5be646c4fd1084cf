/** What one key, and one address, may have open at once: the others are answered all the same. */
import { once } from "node:events";
import { get } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectionLimits } from "../src/server/share-connections.ts";
import { listen } from "../src/server/index.ts";
import { makeWorld, openDeskApp, type Answer, type DeskApp, type World } from "./support/desk-app.ts";
import { until } from "./support/nightdesk.ts";

let desk: DeskApp;
let own: World;
let executionId: string;
beforeEach(async () => {
  desk = await openDeskApp();
  own = await makeWorld(desk, "Own");
  const path = `/integration/api/pools/${own.poolId}/jobs/${own.jobId}/execute`;
  ({ executionId } = await desk.ok<{ executionId: string }>("POST", path));
});
afterEach(async () => {
  await desk.close();
});

const view = async (): Promise<{ id: string; key: string }> =>
  desk.key([{ poolId: own.poolId, verbs: ["view", "cancel"] }]);
/** Time stands still: it waits until the job ends, or the test moves the clock. */
const waiting = (key: string): Promise<Answer> =>
  desk.call("GET", `/desk/status.txt?job=${own.jobId}&wait=50`, { key });
const said = ({ status, headers, text }: Answer): unknown[] => [
  status,
  headers.get("x-nightdesk-code"),
  text.split("\r\n").at(-2),
];

test("the waits of one key are 50: one more is refused in words, a look is not, and others may wait", async () => {
  const { key } = await view();
  const all = Array.from({ length: 51 }, () => waiting(key));
  const refused = await Promise.race(all);
  expect(refused.headers.get("connection")).toBe("close");
  expect(said(refused)).toEqual([
    429,
    "20",
    "CODE 20 REASON 50 waits of this key are open NEXT do not shut down the source; end what waits by this key, or ask again later; if that is not you, have the key revoked",
  ]);
  expect((await desk.call("GET", `/desk/status.txt?job=${own.jobId}`, { key })).status).toBe(200);
  const other = waiting((await view()).key);
  await desk.executions.succeed(executionId);
  const answers = (await Promise.all(all)).map(({ status }) => status);
  expect(answers.toSorted((one, two) => one - two)).toEqual([...Array.from({ length: 50 }, () => 200), 429]);
  expect((await other).status).toBe(200);
  // They made room.
  expect((await waiting(key)).status).toBe(200);
});

test("a stop is done also where the key has no place left to wait", async () => {
  const { key } = await view();
  const all = Array.from({ length: 51 }, () => waiting(key));
  expect((await Promise.race(all)).status).toBe(429);
  const stop = desk.call("POST", `/desk/stop.txt?job=${own.jobId}&wait=50`, { key });
  await until(async () => ((await desk.state.execution(executionId))?.stop === null ? null : true));
  // What every answer of a stop waits, so that it rests on a look after the request; the others wait 50 times that.
  desk.clock.time += 1000;
  expect((await stop).status).toBe(202);
  await desk.executions.succeed(executionId);
  await Promise.all(all);
});

test("what one key asks at once has an end too, whatever it is", async () => {
  const { key } = await view();
  const stop = (): Promise<Answer> =>
    desk.call("POST", `/desk/stop.txt?job=${own.jobId}&execution=${executionId}&wait=0`, { key });
  const all = Array.from({ length: 251 }, stop);
  expect(said(await Promise.race(all))).toEqual([
    429,
    "20",
    expect.stringContaining(
      "REASON 250 requests of this key are being answered: nothing was asked or done NEXT",
    ),
  ]);
  const json = await desk.call("GET", "/api/cloud", { key });
  expect([json.status, json.json]).toEqual([429, expect.objectContaining({ errorCode: "GENERAL_TOO_MANY" })]);
  expect((await desk.call("GET", "/api/cloud")).status).toBe(200);
  desk.clock.time += 1000;
  await Promise.all(all);
  expect((await desk.call("GET", "/api/cloud", { key })).status).toBe(200);
});

test("a key that is taken back waits no longer", async () => {
  const { id, key } = await view();
  const all = Array.from({ length: 51 }, () => waiting(key));
  await Promise.race(all);
  const other = waiting((await view()).key);
  await desk.ok("DELETE", `/desk/v1/keys/${id}`);
  const ended = (await Promise.all(all)).map((answer) => said(answer).slice(0, 2).join(" "));
  expect(new Set(ended)).toEqual(new Set(["429 20", "401 30"]));
  await desk.executions.succeed(executionId);
  expect((await other).status).toBe(200);
});

/** As many connections of 127.0.0.1 as one address may have, at a server that trusts these proxies. */
async function crowded(trustedProxies: string[]) {
  const server = await listen(desk.app, { host: "127.0.0.1", port: 0, trustedProxies });
  const port = Number(new URL(server.url).port);
  const sockets: Socket[] = [];
  const crowd = { port, sockets, closed: 0, open, close };
  async function open(): Promise<void> {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined).on("close", () => (crowd.closed += 1));
    sockets.push(socket);
    await once(socket, "connect");
  }
  async function close(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    await server.close();
  }
  await Promise.all(Array.from({ length: connectionLimits.mostOfOneAddress }, open));
  return crowd;
}

test("one address has half of the connections, and another one is answered; one that ends makes room", async () => {
  const crowd = await crowded([]);
  try {
    expect(await statusFrom("127.0.0.2", crowd.port)).toBe(200);
    expect(crowd.closed).toBe(0);
    await crowd.open();
    await until(async () => (crowd.closed === 1 ? true : null));
    const refused = await statusFrom("127.0.0.1", crowd.port).catch((error: Error) => error.message);
    expect(refused).toMatch(/socket hang up|ECONNRESET/);
    expect(await statusFrom("127.0.0.2", crowd.port)).toBe(200);
    crowd.sockets[0]?.destroy();
    await until(async () =>
      (await statusFrom("127.0.0.1", crowd.port).catch(() => 0)) === 200 ? true : null,
    );
  } finally {
    await crowd.close();
  }
});

test("a trusted proxy is many people, and has no such limit", async () => {
  const crowd = await crowded(["127.0.0.1"]);
  try {
    expect(await statusFrom("127.0.0.1", crowd.port)).toBe(200);
    expect(crowd.closed).toBe(0);
  } finally {
    await crowd.close();
  }
});

async function statusFrom(localAddress: string, port: number): Promise<number | undefined> {
  const request = get({ host: "127.0.0.1", port, path: "/healthz", localAddress, agent: false });
  const [response] = (await once(request, "response")) as [{ statusCode?: number; resume: () => void }];
  response.resume();
  return response.statusCode;
}
