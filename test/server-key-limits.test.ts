/** Hours and addresses of a key, and its end: looked at on every call, at the one door. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AuditRecord } from "../src/model/audit.ts";
import { verbs, type KeyHours } from "../src/model/definitions.ts";
import type { Clock } from "../src/base/clock.ts";
import { ensureAdminKey } from "../src/engine/keys.ts";
import {
  makeWorld,
  openDeskApp,
  startOfTime,
  type Answer,
  type DeskApp,
  type World,
} from "./support/desk-app.ts";
import { inputOf, pathOf, withHold } from "./support/route-inputs.ts";

let desk: DeskApp;
let own: World;

beforeEach(async () => {
  desk = await openDeskApp();
  own = await makeWorld(desk, "Own");
});

afterEach(async () => {
  await desk.close();
});

const unknown = "CANARY-a-text-of-the-right-length-but-unknown";
const night: KeyHours = { zone: "Europe/Berlin", from: "22:00", to: "06:00", days: null };

async function status(key: string, address?: string): Promise<Answer> {
  const path = `/integration/api/pools/${own.poolId}/logs/status`;
  return await desk.call("GET", path, { key, ...(address === undefined ? {} : { address }) });
}

function comparable({ status: code, text, headers }: Answer): unknown {
  return [code, text, { ...Object.fromEntries(headers), "x-request-id": "" }];
}

async function recordsOf(work: () => Promise<unknown>): Promise<AuditRecord[]> {
  const { sequence } = await desk.auditLog.head();
  await work();
  const all = { from: 0, to: Number.MAX_SAFE_INTEGER, page: 0, limit: 10_000 };
  return (await desk.auditLog.records(all)).records.filter((record) => record.sequence > sequence);
}

test("outside its hours a key is refused on every route with a 403 that says when it is", async () => {
  const world = await withHold(desk, own);
  desk.clock.time = Date.parse("2027-06-18T12:00:00Z");
  const hours = night;
  const all = await desk.key([{ poolId: "*", verbs: [...verbs] }], undefined, { hours });
  const before = (await desk.state.keys()).length;
  for (const route of desk.app.routes) {
    if (route.access === "without key") continue;
    const { query = "", ...content } = inputOf(route, world);
    const answer = await desk.call(route.method, pathOf(route, world) + query, { key: all.key, ...content });
    const says = route.answer === "verdict" ? answer.text : (answer.json as { detail: string }).detail;
    expect([route.path, answer.status, says]).toEqual([
      route.path,
      403,
      expect.stringContaining("22:00 to 06:00 (Europe/Berlin) only; there it is FRI 14:00 now"),
    ]);
  }
  expect((await desk.state.keys()).length).toBe(before);
  // A key that is refused was not used.
  expect((await desk.state.keys()).find(({ id }) => id === all.id)?.lastUsedAt).toBeNull();
});

test.each([
  ["2027-06-18T19:59:59.999Z", 403],
  ["2027-06-18T20:00:00.000Z", 200],
  ["2027-06-19T03:59:59.999Z", 200],
  ["2027-06-19T04:00:00.000Z", 403],
  // The night in which the clock goes forward, and the one in which it goes back.
  ["2027-03-27T21:00:00.000Z", 200],
  ["2027-03-28T03:59:59.999Z", 200],
  ["2027-03-28T04:00:00.000Z", 403],
  ["2027-10-31T04:59:59.999Z", 200],
  ["2027-10-31T05:00:00.000Z", 403],
])("at %s a key for 22:00 to 06:00 in Berlin gets %s", async (at, expected) => {
  const { key } = await desk.key([{ poolId: own.poolId, verbs: ["view"] }], undefined, { hours: night });
  desk.clock.time = Date.parse(at);
  expect((await status(key)).status).toBe(expected);
});

test("a refused call is recorded with whose key it was, a read too; a loop does not fill the log", async () => {
  desk.clock.time = Date.parse("2027-06-18T12:00:00Z");
  const { key, id } = await desk.key([{ poolId: own.poolId, verbs: ["view"] }], undefined, { hours: night });
  const records = await recordsOf(() => status(key));
  expect(records).toMatchObject([{ phase: "denied", status: 403, key: { id, name: "test" } }]);
  const flood = await recordsOf(async () => {
    for (let call = 0; call < 100; call += 1) await status(key);
  });
  expect(flood.length).toBeLessThan(10);
});

test("from another address a key is like an unknown one, and nobody is told that it is good elsewhere", async () => {
  const addresses = ["192.0.2.0/24", "2001:db8::/32"];
  const { key, id } = await desk.key([{ poolId: own.poolId, verbs: ["view"] }], undefined, { addresses });
  for (const near of ["192.0.2.1", "192.0.2.255", "::ffff:192.0.2.1", "::ffff:c000:201", "2001:db8::1"])
    expect([near, (await status(key, near)).status]).toEqual([near, 200]);
  const last = (await desk.state.keys()).find((one) => one.id === id)?.lastUsedAt;
  desk.clock.time += 3_600_000;
  for (const far of [
    "192.0.3.1",
    "::ffff:192.0.3.1",
    "2001:db9::1",
    "::1",
    "127.0.0.1",
    "nonsense",
    undefined,
  ])
    expect(comparable(await status(key, far))).toEqual(comparable(await status(unknown, far)));
  expect((await desk.state.keys()).find((one) => one.id === id)?.lastUsedAt).toBe(last);
  desk.clock.time += 3_600_000;
  const records = await recordsOf(() => status(key, "192.0.3.1"));
  expect(records.at(-1)).toMatchObject({ phase: "denied", status: 401, address: "192.0.3.1", key: { id } });
});

test("from another address and outside its hours: the address comes first", async () => {
  desk.clock.time = Date.parse("2027-06-18T12:00:00Z");
  const limits = { hours: night, addresses: ["192.0.2.7"] };
  const { key } = await desk.key([{ poolId: own.poolId, verbs: ["view"] }], undefined, limits);
  expect((await status(key, "192.0.2.7")).status).toBe(403);
  expect((await status(key, "192.0.2.8")).status).toBe(401);
});

test("revoked, expired or out of its hours, a key that was good is refused on the next call", async () => {
  const grants = [{ poolId: own.poolId, verbs: ["view" as const] }];
  desk.clock.time = Date.parse("2027-06-18T20:00:00Z");
  const end = Date.parse("2027-06-19T04:00:00Z");
  const revoked = await desk.key(grants);
  const expiring = await desk.key(grants, end);
  const nightly = await desk.key(grants, undefined, { hours: night });
  for (const { key } of [revoked, expiring, nightly]) expect((await status(key)).status).toBe(200);
  await desk.ok("DELETE", `/desk/v1/keys/${revoked.id}`);
  expect((await status(revoked.key)).status).toBe(401);
  desk.clock.time = end;
  expect((await status(expiring.key)).status).toBe(401);
  expect((await status(nightly.key)).status).toBe(403);
});

test("hours that this server cannot read keep the key out", async () => {
  const { key, id } = await desk.key([{ poolId: own.poolId, verbs: ["view"] }], undefined, { hours: night });
  const insert = desk.state.keyByHash.bind(desk.state);
  desk.state.keyByHash = async (hash) => {
    const found = await insert(hash);
    if (found?.key.id === id) found.key.hours = { ...night, zone: "Moon/Tranquility" };
    return found;
  };
  expect((await status(key)).json).toMatchObject({
    status: 403,
    detail: expect.stringContaining("cannot be read"),
  });
});

test.each([
  ["hours", { ...night, zone: "Mars/Olympus" }, "hours.zone"],
  ["hours", { ...night, to: "25:61" }, "hours"],
  ["hours", { ...night, to: "22:00" }, "hours"],
  ["hours", { ...night, days: [] }, "hours.days"],
  ["hours", { ...night, days: ["FREITAG"] }, "hours.days.0"],
  ["hours", { ...night, day: ["FRI"] }, "hours"],
  ["hours", { from: "22:00", to: "06:00" }, "hours.zone"],
  ["hours", "22:00-06:00", "hours"],
  ["addresses", [], "addresses"],
  ["addresses", ["192.0.2.7", "192.0.2.0/33"], "addresses.1"],
  ["addresses", ["::ffff:192.0.2.7"], "addresses.0"],
  ["addresses", "192.0.2.7", "addresses"],
  ["adresses", ["192.0.2.7"], null],
  ["job", ["x"], null],
])("%s %j is refused, and no key is made", async (field, value, attribute) => {
  const before = await desk.state.keys();
  const grants = [{ poolId: own.poolId, verbs: ["view"] }];
  const body = { name: "x", grants, [field]: value };
  const answer = await desk.call("POST", "/desk/v1/keys", { body });
  expect([answer.status, answer.json]).toMatchObject([400, { errors: [{ attribute }] }]);
  expect((await desk.state.keys()).length).toBe(before.length);
});

test("a key with hours or addresses makes no keys: they could do without", async () => {
  const grants = [{ poolId: "*", verbs: [...verbs] }];
  const hours = { ...night, from: "00:00", to: "24:00" };
  const addresses = ["192.0.2.7"];
  for (const limits of [{ hours }, { addresses }]) {
    const { key } = await desk.key(grants, undefined, limits);
    const from = { key, address: "192.0.2.7" };
    expect((await desk.call("GET", "/desk/v1/keys", from)).status).toBe(200);
    const body = { name: "wider", grants };
    expect((await desk.call("POST", "/desk/v1/keys", { ...from, body })).status).toBe(403);
  }
  expect((await desk.state.keys()).some(({ name }) => name === "wider")).toBe(false);
});

test("an admin key with limits is not the one that a start relies on", async () => {
  const clock: Clock = { now: () => desk.clock.time, monotonic: () => 0, sleep: () => Promise.resolve() };
  await desk.key([{ poolId: "*", verbs: [...verbs] }], undefined, { addresses: ["192.0.2.7"] });
  const admin = (await desk.state.keys()).find(({ name }) => name === "admin");
  await desk.state.revokeKey(admin?.id ?? "", startOfTime);
  expect(await ensureAdminKey(desk.state, clock, null)).not.toBeNull();
});

test("the list says what each key is limited to, as it was given", async () => {
  const hours = { zone: "Asia/Tokyo", from: "22:00", to: "30:00", days: ["FRI", "SAT"] };
  const limits = { hours: hours as KeyHours, jobs: [own.jobId], addresses: ["192.0.2.0/24"] };
  const { id } = await desk.key([{ poolId: own.poolId, verbs: ["view"] }], undefined, limits);
  const listed = await desk.ok<{ id: string }[]>("GET", "/desk/v1/keys");
  expect(listed.find((one) => one.id === id)).toMatchObject(limits);
  const plain = { hours: null, jobs: null, addresses: null };
  expect(listed.find((one) => one.id === own.keyId)).toMatchObject(plain);
});
