/** F14: somebody sets the clock while it runs. Durations do not follow it; what is said until a time does. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock, type Clock } from "../src/base/clock.ts";
import { expectInvariants } from "./support/invariants.ts";
import {
  makeExtractionJob,
  makePool,
  startTestServer,
  statusOf,
  readingSessions,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";

const hourMs = 3_600_000;
let aheadMs = 0;
const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
let source: TestDatabase;
let folder: string;
let server: TestServer;

beforeAll(async () => {
  source = await createDatabase("jumps");
  await source.sql(`create table "VBAK" as select g as vbeln from generate_series(1, 1000) g; analyze`);
  folder = await mkdtemp(join(tmpdir(), "nightdesk-jumps-"));
  const settings = { NIGHTDESK_EXECUTION_LIMIT_SECONDS: "600", NIGHTDESK_NO_PROGRESS_SECONDS: "600" };
  server = await startTestServer({ home: join(folder, "home"), settings, clock });
});
beforeEach(() => {
  aheadMs = 0;
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
  await source?.end();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function sleeper(name: string) {
  const pool = await makePool(server, source, name);
  const sleeping = { tableName: "VBAK", filterDefinition: "pg_sleep(600) is not null" };
  return { pool, job: await makeExtractionJob(server, pool, name, [sleeping]) };
}

test.each([hourMs, -2 * hourMs])(
  "the clock jumps by %i ms in a run: no limit is reached by that, and a stop is proven as ever",
  async (jumpMs) => {
    const { pool, job } = await sleeper(`jump ${String(jumpMs)}`);
    await server.ok("POST", `${job.path}/execute`, {});
    await readingSessions(source);
    aheadMs = jumpMs;
    await pause(1500);
    expect(await statusOf(server, pool.poolId, job.jobId)).toBe("RUNNING");
    const stop = `/desk/v1/pools/${pool.poolId}/jobs/${job.jobId}/stop?wait=30`;
    expect((await server.ok("POST", stop, { reason: "clock" })).outcome).toBe("STOPPED");
    expect(await waitForStatus(server, pool.poolId, job.jobId, "CANCEL")).toBe("CANCEL");
    const watched = [{ jobId: job.jobId, path: job.path, tables: {} }];
    await expectInvariants({ server, home: server.home, source, poolId: pool.poolId, jobs: watched });
  },
);

test("a hold until a time follows the clock: over after a jump ahead, in force after a jump back", async () => {
  const { pool, job } = await sleeper("held");
  const execute = async (): Promise<number> =>
    (await server.call("POST", `${job.path}/execute`, { body: {} })).status;
  const hold = (until: number) =>
    server.ok("POST", `/desk/v1/pools/${pool.poolId}/holds`, { scope: "job", id: job.jobId, until });
  await hold(clock.now() + hourMs / 2);
  expect(await execute()).toBe(409);
  aheadMs = hourMs;
  expect(await execute()).toBe(200);
  const stop = `/desk/v1/pools/${pool.poolId}/jobs/${job.jobId}/stop?wait=30`;
  expect((await server.ok("POST", stop, {})).outcome).toBe("STOPPED");

  await hold(clock.now() + 1500);
  aheadMs = -hourMs;
  await pause(2500);
  // By the time that has gone by it would be over.
  expect(await execute()).toBe(409);
});
