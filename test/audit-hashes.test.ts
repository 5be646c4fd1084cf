/** The hashes of a change: of every changing route by itself, and what they are hashes of. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AuditRecord } from "../src/model/audit.ts";
import type { DataPool } from "../src/model/definitions.ts";
import { verifyHome } from "../src/verify-home.ts";
import { configuration, makeWorld, openDeskApp, type DeskApp } from "./support/desk-app.ts";
import { inputOf, pathOf, withHold, type HeldWorld } from "./support/route-inputs.ts";

let desk: DeskApp;
let own: HeldWorld;

beforeEach(async () => {
  desk = await openDeskApp();
  own = await withHold(desk, await makeWorld(desk, "Own"));
});
afterEach(async () => {
  expect(verifyHome(join(desk.folder, "home"))).toMatchObject({ holds: true });
  await desk.close();
});

const changing = await (async () => {
  const one = await openDeskApp();
  await one.close();
  return one.app.routes.filter(({ method }) => method !== "GET");
})();

/** Records that `work` left. */
async function recordsOf(work: () => Promise<unknown>): Promise<AuditRecord[]> {
  const { sequence } = await desk.auditLog.head();
  await work();
  const all = { from: 0, to: Number.MAX_SAFE_INTEGER, page: 0, limit: 10_000 };
  return (await desk.auditLog.records(all)).records.filter((record) => record.sequence > sequence);
}

/** What each changing route does to what is stored; every other one changes nothing that is hashed. */
const effects: Record<string, "makes" | "changes" | "deletes"> = {
  "POST /integration/api/pools": "makes",
  "PUT /integration/api/pools/{poolId}": "changes",
  "DELETE /integration/api/pools/{poolId}": "deletes",
  "POST /integration/api/datasource/{type}": "makes",
  "PUT /integration/api/datasource/{type}/{dataSourceId}": "changes",
  "DELETE /integration/api/pools/{poolId}/data-sources/{dataSourceId}": "deletes",
  "POST /integration/api/pools/{poolId}/jobs": "makes",
  "PUT /integration/api/pools/{poolId}/jobs/{jobId}": "changes",
  "DELETE /integration/api/pools/{poolId}/jobs/{jobId}": "deletes",
  "POST /integration/api/pools/{poolId}/jobs/{jobId}/tasks": "makes",
  "PUT /integration/api/pools/{poolId}/jobs/{jobId}/tasks/{taskId}": "changes",
  "DELETE /integration/api/pools/{poolId}/jobs/{jobId}/tasks/{taskId}": "deletes",
  "DELETE /integration/api/pools/{poolId}/jobs/{jobId}/tasks/{taskId}/enabled": "changes",
  "PUT /integration/api/pools/{poolId}/jobs/{jobId}/transformations/{taskId}/statement": "changes",
  "PUT /integration/api/pools/{poolId}/jobs/{jobId}/extractions/{taskId}/configuration": "changes",
  "POST /integration/api/pools/{poolId}/jobs/{jobId}/extractions/{taskId}/tables": "changes",
  "PUT /integration/api/pools/{poolId}/jobs/{jobId}/extractions/{taskId}/tables": "changes",
  "DELETE /integration/api/pools/{poolId}/jobs/{jobId}/extractions/{taskId}/tables/{tableId}": "deletes",
  "POST /integration/api/pools/{poolId}/tasks/{taskId}/variables": "makes",
  "PUT /integration/api/pools/{poolId}/tasks/{taskId}/variables/{variableId}": "changes",
  "DELETE /integration/api/pools/{poolId}/tasks/{taskId}/variables/{variableId}": "deletes",
  "POST /desk/v1/pools/{poolId}/holds": "makes",
  "POST /desk/v1/pools/{poolId}/release": "changes",
  "POST /desk/v1/teams": "makes",
  "PUT /desk/v1/teams/{teamId}": "changes",
  "DELETE /desk/v1/teams/{teamId}": "deletes",
  "POST /desk/v1/keys": "makes",
  "DELETE /desk/v1/keys/{keyId}": "changes",
};

test.each(changing.map((route) => [`${route.method} ${route.path}`, route] as const))(
  "%s: the hashes of what it changed, before and after",
  async (name, route) => {
    if (route.method === "DELETE" && route.path.endsWith("{dataSourceId}"))
      await desk.state.deleteJob(own.jobId);
    const { query = "", ...content } = inputOf(route, own);
    const [asked, done] = await recordsOf(() => desk.call(route.method, pathOf(route, own) + query, content));
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
    expect([asked?.before, asked?.after]).toEqual([null, null]);
    const effect = effects[name];
    expect([done?.before, done?.after]).toEqual([
      effect === "changes" || effect === "deletes" ? hash : null,
      effect === "changes" || effect === "makes" ? hash : null,
    ]);
    expect(done?.before === done?.after).toBe(effect === undefined);
  },
);

test("a hash is SHA-256 of the stored object, follows from change to change, and is none where nothing changed", async () => {
  const at = `/integration/api/pools/${own.poolId}`;
  const rename = async (to: string) => (await recordsOf(() => desk.ok("PUT", at, { name: to }))).at(-1);
  const first = await rename("First");
  // Keys in order.
  const { createdAt, description, id, name } = (await desk.state.pool(own.poolId)) as DataPool;
  const json = JSON.stringify({ createdAt, description, id, name });
  expect(first?.after).toBe(createHash("sha256").update(json).digest("hex"));
  const second = await rename("Second");
  expect(second?.before).toBe(first?.after);
  const same = await rename("Second");
  expect([same?.before, same?.after]).toEqual([null, null]);
  const refused = await recordsOf(() =>
    desk.call("PUT", `${at}/jobs/${own.jobId}`, { body: { name: "x", dataPoolId: own.jobId } }),
  );
  expect(refused.at(-1)).toMatchObject({ before: null, after: null });
  // A new password is a change of the connection, and its hash tells nothing of it.
  const config = { ...configuration, password: "CANARY-another" };
  const path = `/integration/api/datasource/POSTGRESQL/${own.dataSourceId}`;
  const body = { id: own.dataSourceId, poolId: own.poolId, name: "Renamed", configuration: config };
  await desk.ok("PUT", path, body);
  const [, again] = await recordsOf(() => desk.ok("PUT", path, body));
  expect(again?.before).not.toBe(again?.after);
});
