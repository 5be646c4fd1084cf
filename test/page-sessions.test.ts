/** Signing in to the page: a session is no more than its key, opens no other route, and no other page can use it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DeskNight, DeskSession } from "../src/contract/index.ts";
import type { Route } from "../src/server/index.ts";
import { makeWorld, openDeskApp, startOfTime, type Answer, type DeskApp } from "./support/desk-app.ts";
import { inputOf, pathOf, withHold, type HeldWorld } from "./support/route-inputs.ts";

let desk: DeskApp;
let own: HeldWorld;
const hour = 3_600_000;

beforeEach(async () => {
  desk = await openDeskApp();
  own = await withHold(desk, await makeWorld(desk, "Own"));
});
afterEach(async () => {
  expect(desk.reports).toEqual([]);
  await desk.close();
});

interface SignedIn {
  cookie: string;
  token: string;
  answer: Answer;
}

async function signIn(key: string, scheme = "AppKey"): Promise<SignedIn> {
  const answer = await desk.call("POST", "/desk/session", { key, scheme });
  const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
  return { cookie, token: (answer.json as DeskSession | undefined)?.token ?? "", answer };
}

/** What the page's own calls carry. */
const ofPage = ({ cookie, token }: SignedIn): Record<string, string> => ({
  cookie,
  "x-nightdesk-token": token,
  "sec-fetch-site": "same-origin",
  origin: "http://desk.test",
  host: "desk.test",
});

const bySession = (method: string, path: string, headers: Record<string, string>): Promise<Answer> =>
  desk.call(method, path, { key: null, headers });

async function callRoute(route: Route, headers: Record<string, string>): Promise<Answer> {
  const { query = "", ...content } = inputOf(route, own);
  return await desk.call(route.method, pathOf(route, own) + query, { key: null, headers, ...content });
}

test("a sign-in gives a cookie that scripts and other sites do not get, and says what the key may do", async () => {
  const { key } = await desk.key([{ poolId: own.poolId, verbs: ["view", "cancel"] }]);
  const signedIn = await signIn(key);
  expect(signedIn.answer.headers.get("set-cookie")).toMatch(
    /^nightdesk-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  const session = {
    name: "test",
    token: signedIn.token,
    pools: [{ id: own.poolId, name: "Own", verbs: ["view", "cancel"] }],
    endsAt: startOfTime + 14 * hour,
  };
  expect(signedIn.answer.json).toEqual(session);
  expect((await bySession("GET", "/desk/session", { cookie: signedIn.cookie })).json).toEqual(session);
  const byKey = await desk.call("GET", "/desk/session", { key });
  expect(byKey.json).toEqual({ ...session, token: null, endsAt: null });

  const out = await bySession("DELETE", "/desk/session", ofPage(signedIn));
  expect([out.status, out.headers.get("set-cookie")]).toEqual([
    200,
    "nightdesk-session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0",
  ]);
  expect((await bySession("GET", "/desk/session", { cookie: signedIn.cookie })).status).toBe(401);
});

test("over HTTPS the cookie is for this host and HTTPS alone", async () => {
  const request = (method: string, headers: Record<string, string>): Promise<Response> =>
    desk.app.fetch(new Request("https://desk.test/desk/session", { method, headers }));
  const answer = await request("POST", { authorization: `AppKey ${desk.adminKey}` });
  const set = answer.headers.get("set-cookie") ?? "";
  expect(set).toMatch(/^__Host-nightdesk-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
  const [cookie = ""] = set.split(";");
  expect((await request("GET", { cookie })).status).toBe(200);
  // One that came over plain HTTP, from whoever is on the way.
  expect((await request("GET", { cookie: cookie.replace("__Host-", "") })).status).toBe(401);
});

test("a session opens what the page needs and nothing else, whatever its key may do", async () => {
  const signedIn = await signIn(desk.adminKey);
  const opened: string[] = [];
  for (const route of desk.app.routes) {
    if (route.access === "without key" || route.path === "/desk/session") continue;
    const { status } = await callRoute(route, ofPage(signedIn));
    expect([200, 401]).toContain(status);
    if (status === 200) opened.push(`${route.method} ${route.path}`);
  }
  expect(opened).toEqual([
    "POST /desk/v1/pools/{poolId}/jobs/{jobId}/stop",
    "POST /desk/v1/pools/{poolId}/stop",
    "GET /desk/v1/executions/{executionId}/receipt",
    "GET /desk/v1/pools/{poolId}/events",
  ]);
});

test("what changes something by cookie comes from the page itself, or is refused and recorded", async () => {
  const signedIn = await signIn(desk.adminKey);
  const right = ofPage(signedIn);
  const without = (...names: string[]): Record<string, string> =>
    Object.fromEntries(Object.entries(right).filter(([name]) => !names.includes(name)));
  const forged: Record<string, string>[] = [
    without("x-nightdesk-token"),
    { ...right, "x-nightdesk-token": "CANARY-guessed" },
    { ...right, "x-nightdesk-token": (await signIn(desk.adminKey)).token },
    without("sec-fetch-site", "origin"),
    { ...right, "sec-fetch-site": "cross-site" },
    { ...right, "sec-fetch-site": "same-site" },
    { ...right, "sec-fetch-site": "none" },
    { ...right, origin: "http://elsewhere.test" },
    { ...right, origin: "null" },
  ];
  const changing = desk.app.routes.filter(
    ({ method, credentials }) => method !== "GET" && credentials === "key or session",
  );
  expect(changing).toHaveLength(3);
  for (const route of changing) {
    for (const headers of forged) {
      const { sequence } = await desk.auditLog.head();
      expect((await callRoute(route, headers)).status).toBe(403);
      expect((await desk.auditLog.head()).sequence).toBe(sequence + 1);
    }
    // Each of the two alone says where it comes from: browsers leave one out where a page is not from a secure place.
    const last = route.method === "DELETE" ? ["origin"] : ["origin", "sec-fetch-site"];
    for (const name of last) expect((await callRoute(route, without(name))).status).toBe(200);
  }
});

test("a key in the header counts, and needs nothing of this", async () => {
  const signedIn = await signIn(desk.adminKey);
  const { key } = await desk.key([{ poolId: own.poolId, verbs: ["view"] }]);
  const stop = `/desk/v1/pools/${own.poolId}/stop`;
  expect((await desk.call("POST", stop, { key, headers: ofPage(signedIn) })).status).toBe(403);
  expect((await desk.call("POST", stop, { key: "CANARY-wrong", headers: ofPage(signedIn) })).status).toBe(
    401,
  );
  expect((await desk.call("POST", stop)).status).toBe(200);
});

test("a stop of the page is recorded as that, and nothing that a caller says of itself makes another one of it", async () => {
  const { key } = await desk.key([{ poolId: own.poolId, verbs: ["view", "cancel"] }]);
  const page = ofPage(await signIn(key));
  const pool = `/desk/v1/pools/${own.poolId}`;
  const recorded: [string, string][] = [];
  const through = async (path: string, how: { key: string | null; headers?: Record<string, string> }) => {
    const execute = `/integration/api/pools/${own.poolId}/jobs/${own.jobId}/execute`;
    const { executionId } = await desk.ok<{ executionId: string }>("POST", execute);
    const { sequence } = await desk.auditLog.head();
    expect((await desk.call("POST", path, how)).status).toBeLessThan(300);
    const all = await desk.auditLog.records({ from: 0, to: startOfTime * 2, page: 0, limit: 1000 });
    const added = all.records.filter((record) => record.sequence > sequence);
    expect(added.map(({ phase }) => phase)).toEqual(["asked", "done"]);
    expect(new Set(added.map(({ channel }) => channel)).size).toBe(1);
    const [caller] = await desk.state.stopCallers(executionId);
    const { reason } = caller ?? { reason: null };
    recorded.push([added[0]?.channel ?? "", reason?.by === "operator" ? reason.channel : ""]);
  };
  await through(`${pool}/stop`, { key: null, headers: page });
  await through(`${pool}/jobs/${own.jobId}/stop`, { key: null, headers: page });
  // With a key it is the key's call, whatever else it carries.
  const claims = { "user-agent": "nightdesk-page", "x-nightdesk-channel": "page" };
  await through(`${pool}/stop`, { key, headers: { ...page, ...claims } });
  await through(`/desk/stop.txt?pool=${own.poolId}&all=true`, { key, headers: { ...page, ...claims } });
  const cancel = `/integration/api/pools/${own.poolId}/jobs/${own.jobId}/cancel`;
  await through(cancel, { key, headers: { ...page, ...claims } });
  const channels = ["page", "page", "desk", "text", "wire"];
  expect(recorded).toEqual(channels.map((channel) => [channel, channel]));
});

test("a session is over with its key, after two idle hours, and after fourteen in any case", async () => {
  const revoked = await desk.key([{ poolId: own.poolId, verbs: ["view"] }]);
  const expiring = await desk.key([{ poolId: own.poolId, verbs: ["view"] }], startOfTime + 1000);
  const sessions = [await signIn(revoked.key), await signIn(expiring.key)];
  const status = async ({ cookie }: SignedIn): Promise<number> =>
    (await bySession("GET", "/desk/session", { cookie })).status;
  for (const one of sessions) expect(await status(one)).toBe(200);
  await desk.ok("DELETE", `/desk/v1/keys/${revoked.id}`);
  desk.clock.time += 1000;
  for (const one of sessions) expect(await status(one)).toBe(401);

  const used = await signIn(desk.adminKey);
  const idle = await signIn(desk.adminKey);
  for (let passed = 0; passed < 13; passed += 1) {
    desk.clock.time += hour;
    expect(await status(used)).toBe(200);
  }
  expect(await status(idle)).toBe(401);
  desk.clock.time += hour;
  expect(await status(used)).toBe(401);
});

test("a session is used from where its key may be and in its hours, and from nowhere else", async () => {
  const address = "192.0.2.7";
  const hours = { zone: "Europe/Berlin", from: "22:00", to: "06:00", days: null };
  const limits = { hours, addresses: [address] };
  desk.clock.time = Date.parse("2027-06-18T21:00:00Z");
  const { key } = await desk.key([{ poolId: own.poolId, verbs: ["view"] }], undefined, limits);
  expect((await desk.call("POST", "/desk/session", { key })).status).toBe(401);
  const answer = await desk.call("POST", "/desk/session", { key, address });
  const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
  const call = (from: string): Promise<Answer> =>
    desk.call("GET", "/desk/session", { key: null, headers: { cookie }, address: from });
  expect((await call(address)).status).toBe(200);
  expect((await call("192.0.2.8")).status).toBe(401);
  for (let passed = 0; passed < 8; passed += 1) {
    desk.clock.time += hour;
    await call(address);
  }
  const late = await call(address);
  expect([late.status, (late.json as { detail: string }).detail]).toEqual([
    403,
    expect.stringContaining("22:00"),
  ]);
});

test("a link signs in once, within ten minutes, with its key as it is then, and opens nothing else", async () => {
  const { id, key } = await desk.key([{ poolId: own.poolId, verbs: ["view"] }]);
  const link = async (): Promise<string> => (await desk.app.makeLink(key)) ?? "";
  const first = await link();
  for (const route of desk.app.routes.filter(({ access }) => access !== "without key")) {
    if (route.credentials === "key or link") continue;
    expect((await callRoute(route, { authorization: `Bearer ${first}` })).status).toBe(401);
  }
  const signedIn = await signIn(first, "Bearer");
  expect(signedIn.answer.json).toMatchObject({ pools: [{ verbs: ["view"] }] });
  expect((await signIn(first, "Bearer")).answer.status).toBe(401);
  const late = await link();
  desk.clock.time += 10 * 60_000;
  expect((await signIn(late, "Bearer")).answer.status).toBe(401);
  const orphan = await link();
  await desk.ok("DELETE", `/desk/v1/keys/${id}`);
  expect((await signIn(orphan, "Bearer")).answer.status).toBe(401);
  expect(await desk.app.makeLink(key)).toBeNull();
  expect((await signIn("ndl_guessed", "Bearer")).answer.status).toBe(401);
});

test("neither cookie nor token nor link is in the state or in a record", async () => {
  const link = (await desk.app.makeLink(desk.adminKey)) ?? "";
  const signedIn = await signIn(link, "Bearer");
  await bySession("POST", `/desk/v1/pools/${own.poolId}/stop`, ofPage(signedIn));
  await bySession("POST", `/desk/v1/pools/${own.poolId}/stop`, { cookie: signedIn.cookie });
  const all = await desk.ok<{ records: unknown[] }>("GET", "/desk/v1/audit?limit=1000");
  const kept = [JSON.stringify(all)];
  for (const name of ["state.db", "state.db-wal"])
    kept.push(await readFile(join(desk.folder, "home", name), "latin1"));
  for (const secret of [link, signedIn.cookie.split("=")[1] ?? "", signedIn.token]) {
    expect(secret.length).toBeGreaterThan(40);
    expect(kept.filter((text) => text.includes(secret))).toEqual([]);
  }
});

/** The events of a stream that came so far. */
function follow(response: Response): { events: DeskNight[]; ended: Promise<void> } {
  const events: DeskNight[] = [];
  const ended = (async () => {
    let text = "";
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += new TextDecoder().decode(chunk);
      const parts = text.split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) events.push(JSON.parse(part.slice("data: ".length)) as DeskNight);
    }
  })();
  return { events, ended };
}

const events = (key: string, query = ""): Promise<Response> =>
  desk.app.fetch(
    new Request(`http://desk.test/desk/v1/pools/${own.poolId}/events${query}`, {
      headers: { authorization: `AppKey ${key}` },
    }),
  );

test("an event is the whole state with the desk's own judgement, and unreadable is UNKNOWN", async () => {
  const { events: one, ended } = follow(await events(desk.adminKey, "?for=0"));
  await ended;
  expect(one).toMatchObject([
    {
      poolName: "Own",
      asOf: startOfTime,
      sentAt: startOfTime,
      verdict: { word: "CLEAR", code: 0 },
      jobs: [{ name: "Finance", status: "SUCCESS", word: "CLEAR", percent: null }],
      holds: [{ id: own.holdId }],
    },
  ]);
  const settings = {
    zone: "Asia/Tokyo",
    hours24to47: true,
    contact: "Basis, 0123",
    escalateAfterSeconds: 60,
  };
  await desk.ok("PUT", `/desk/v1/pools/${own.poolId}/settings`, settings);
  await desk.ok("POST", `/integration/api/pools/${own.poolId}/jobs/${own.jobId}/execute`);
  const running = follow(await events(desk.adminKey, "?for=0"));
  await running.ended;
  expect(running.events).toMatchObject([
    { verdict: { word: "RUNNING", code: 10 }, jobs: [{ word: "RUNNING" }] },
  ]);

  const { poolStatus } = desk.state;
  desk.state.poolStatus = () => Promise.reject(new Error("CANARY-disk I/O error"));
  const broken = follow(await events(desk.adminKey, "?for=0"));
  await broken.ended;
  desk.state.poolStatus = poolStatus;
  expect(broken.events).toMatchObject([
    {
      asOf: null,
      verdict: { word: "UNKNOWN", code: 20, next: expect.stringContaining("call Basis, 0123 now") },
      jobs: null,
      settings,
    },
  ]);
  expect(JSON.stringify(broken.events)).not.toContain("CANARY");
  expect(desk.reports.splice(0)).toEqual([expect.stringContaining("CANARY-disk")]);
});

test("a stream ends with the rights it was opened with, and with the server", async () => {
  const { id, key } = await desk.key([{ poolId: own.poolId, verbs: ["view"] }]);
  const one = follow(await events(key));
  const other = follow(await events(desk.adminKey));
  while (one.events.length < 3) await new Promise((resolve) => setImmediate(resolve));
  await desk.ok("DELETE", `/desk/v1/keys/${id}`);
  await one.ended;
  const before = other.events.length;
  while (other.events.length < before + 3) await new Promise((resolve) => setImmediate(resolve));
  await desk.app.close();
  await other.ended;
  expect((await events(desk.adminKey)).status).toBe(200);
});

test("more streams than are good for the server are refused, those of one key first, and an end makes room", async () => {
  const open: ReadableStreamDefaultReader<unknown>[] = [];
  const read = async (key: string): Promise<number> => {
    const response = await events(key);
    const reader = response.body?.getReader();
    await reader?.read();
    if (response.status === 200 && reader !== undefined) open.push(reader);
    return response.status;
  };
  const { key } = await desk.key([{ poolId: own.poolId, verbs: ["view"] }]);
  for (let count = 0; count < 20; count += 1) expect(await read(key)).toBe(200);
  const refused = await events(key);
  expect([refused.status, refused.headers.get("connection")]).toEqual([429, "close"]);
  expect(await refused.json()).toMatchObject({
    errorCode: "GENERAL_TOO_MANY",
    detail: expect.stringContaining("20 streams of events of this key are open"),
  });
  expect(await read(desk.adminKey)).toBe(200);
  await open.shift()?.cancel();
  expect([await read(key), await read(key)]).toEqual([200, 429]);
  while (open.length < 200) {
    const other = (await desk.key([{ poolId: own.poolId, verbs: ["view"] }])).key;
    for (let count = 0; count < 20 && open.length < 200; count += 1) expect(await read(other)).toBe(200);
  }
  expect(await read(desk.adminKey)).toBe(503);
  await open.pop()?.cancel();
  expect(await read(desk.adminKey)).toBe(200);
  for (const reader of open) await reader.cancel();
});
