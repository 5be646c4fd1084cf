/** A source is more than one connection: what leads to the same one from another connection or pool, in go and hold. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { runNightdesk, type CliRun } from "./support/cli-run.ts";
import {
  connectionTo,
  makeExtractionJob,
  makePool,
  startTestServer,
  statusOf,
  readingSessions,
  taggedSessions,
  until,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { startProxy } from "./support/source-proxy.ts";

let source: TestDatabase;
let server: TestServer;

beforeAll(async () => {
  source = await createDatabase();
  await source.sql(`create table "VBAK" (vbeln int primary key); insert into "VBAK" values (1); analyze`);
  server = await startTestServer({ mostRunning: 1 });
});
afterAll(async () => {
  await server?.stop();
  expect(await taggedSessions(source)).toEqual([]);
  await source?.end();
});
afterEach(() => {
  expect(server.reports).toEqual([]);
});

/** The command, asking for this pool. */
const deskOf =
  ({ poolId }: { poolId: string }) =>
  (...argv: string[]): Promise<CliRun> =>
    runNightdesk(argv, {
      env: { NIGHTDESK_URL: server.url, NIGHTDESK_POOL: poolId, NIGHTDESK_KEY: server.adminKey },
    });

const sleeping = { tableName: "VBAK", filterDefinition: "pg_sleep(3600) is not null" };
const execute = ({ path }: { path: string }) => server.ok("POST", `${path}/execute`, { mode: "FULL" });

/** Executes a job that has to wait behind another one, and holds what keeps it waiting when that is gone. */
async function queuedAndHeld(
  pool: { poolId: string },
  job: { jobId: string; path: string },
  ...hold: string[]
): Promise<string> {
  const blocker = await makePool(server, source, `Before ${job.jobId}`);
  const first = await makeExtractionJob(server, blocker, "in the way", [sleeping]);
  await execute(first);
  const { executionId } = await execute(job);
  await deskOf(pool)("hold", ...hold);
  expect((await deskOf(blocker)("stop", "--all")).code).toBe(0);
  await server.ok("DELETE", `/integration/api/pools/${blocker.poolId}`);
  expect(await statusOf(server, pool.poolId, job.jobId)).toBe("QUEUED");
  return executionId as string;
}

test("go: what waits or runs in another pool at the same source counts, and is named only to who may see that pool", async () => {
  const asked = await makePool(server, { ...source, host: "localhost" }, "Asked");
  const other = await makePool(server, { ...source, host: "LOCALHOST" }, "Other");
  const nightdesk = deskOf(asked);
  const grants = [{ poolId: asked.poolId, verbs: ["view", "hold"] }];
  const { key } = await server.ok("POST", "/desk/v1/keys", { name: "of one pool", grants });
  const weak = (...argv: string[]): Promise<CliRun> =>
    runNightdesk(argv, {
      env: { NIGHTDESK_URL: server.url, NIGHTDESK_POOL: asked.poolId, NIGHTDESK_KEY: key },
    });
  const secret = await makeExtractionJob(server, other, "secret", [sleeping]);
  const executionId = await queuedAndHeld(other, secret);
  const says = async (status: string): Promise<void> => {
    const seen = await nightdesk("go", "--connection", "ECC");
    expect(seen.code).toBe(10);
    expect(seen.stdout).toContain(
      `  ALSO connection "ECC" of pool "Other" leads to source "ECC" too: "secret" ${status}`,
    );
    expect(seen.lines.at(-1)).toMatch(
      new RegExp(`; connection "ECC" of pool "Other" leads to .* "secret" ${status}$`),
    );
    for (const answer of [await weak("go", "--connection", "ECC"), await weak("go")]) {
      expect(answer.code).toBe(10);
      expect(answer.stdout).toContain(`  ALSO another pool leads to source "ECC" too: 1 ${status}`);
    }
    const { stdout } = await weak("go", "--json");
    for (const hidden of [executionId, secret.jobId, other.poolId, other.dataSourceId, "secret", "Other"]) {
      expect(stdout).not.toContain(hidden);
    }
  };
  await says("QUEUED");

  // A hold of the one connection is none of the other: it says so.
  const held = await nightdesk("hold", "--connection", "ECC");
  expect(held.code).toBe(10);
  expect(held.lines.at(-1)).toContain(`; not held, to the same source: connection "ECC" of pool "Other"`);
  expect((await weak("hold")).lines.at(-1)).toContain("; not held, to the same source: another pool");
  const path = `/desk/v1/pools/${asked.poolId}/holds`;
  const laid = await server.ok("POST", path, { scope: "connection", id: asked.dataSourceId });
  expect(laid.notHeld).toMatchObject([{ connectionId: other.dataSourceId, poolName: "Other" }]);
  expect((await server.call("POST", path, { body: { scope: "pool" }, key })).json.notHeld).toMatchObject([
    { connectionId: null, connectionName: null, poolName: null },
  ]);
  await deskOf(other)("release", "--all");
  await until(async () =>
    (await nightdesk("go")).stdout.includes(`execution ${executionId}`) ? true : null,
  );
  await says("RUNNING");
  expect((await deskOf(other)("stop", "--all")).code).toBe(0);
  const clear = await weak("go");
  expect(clear.code).toBe(0);
  expect(clear.stdout).toContain(
    `  ALSO another pool leads to source "ECC" too: nothing of it runs or waits`,
  );
});

test("go: a declared end in another pool is REPORTED CLEAR for all who lead to that source", async () => {
  const proxy = await startProxy(source);
  const other = await makePool(server, { ...source, host: "localhost", port: proxy.port }, "Declared there");
  const asked = await makePool(server, { ...source, host: "localhost", port: proxy.port }, "Asked here");
  const job = await makeExtractionJob(server, other, "left open", [sleeping]);
  const { executionId } = await execute(job);
  await readingSessions(source);
  proxy.turn("blackhole");
  await deskOf(other)("stop", "left open", "--wait", "1");
  await until(async () =>
    (await deskOf(other)("settle", executionId, "--because", "host down")).stdout.includes("NOT SETTLED")
      ? null
      : true,
  );
  const go = await deskOf(asked)("go", "--connection", "ECC");
  expect(go.code).toBe(4);
  expect(go.lines.at(-1)).toMatch(/"left open" declared over without proof; .*\(a person says so/);
  proxy.heal();
  await until(async () => ((await deskOf(asked)("go")).code === 0 ? true : null));
}, 180_000);

test("go: a hold that keeps a job of this connection waiting is shown, also where it is on the one it had before", async () => {
  const pool = await makePool(server, source, "Given another");
  const nightdesk = deskOf(pool);
  const { id: s4 } = await server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "S4",
    poolId: pool.poolId,
    configuration: { ...connectionTo(source), host: "LOCALHOST" },
  });
  const job = await makeExtractionJob(server, pool, "quick", ["VBAK"]);
  await queuedAndHeld(pool, job, "--connection", "ECC", "--reason", "patch night");
  await server.ok("PUT", job.path, { id: job.jobId, name: "quick", dataSourceId: s4 });
  const go = await nightdesk("go", "--connection", "S4");
  expect(go.code).toBe(10);
  expect(go.stdout).toMatch(
    /^ {2}HOLD connection held until it is released by key ".*": patch night, since /m,
  );
  expect(go.stdout).toMatch(/^ {2}NEXT "quick" starts when its hold ends, /m);
  expect(go.lines.at(-1)).toMatch(/; "quick" held until it is released by key ".*": patch night/);
  await nightdesk("stop", "--all");
});
