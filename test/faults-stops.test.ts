/** The quick size of the loop of stops: `npm run nightly -- stops` is the long one. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectInvariants } from "./support/invariants.ts";
import { startTestServer, type TestServer } from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { makeTables } from "./support/source-tables.ts";
import { describeStops, randomFrom, stopLoop, stopStates } from "./support/stop-loop.ts";
import { makeStopJobs, swapsTakeTime } from "./support/stop-stage.ts";

let source: TestDatabase;
let server: TestServer;

beforeAll(async () => {
  source = await createDatabase("stops");
  await makeTables(source);
  server = await startTestServer({ mostRunning: 1, settings: swapsTakeTime });
});
afterAll(async () => {
  await server?.stop();
  await source?.end();
});

test("stops in random states: no terminal status is false when it is first seen, and none changes", async () => {
  const seed = Date.now() % 1_000_000;
  const { poolId, jobs } = await makeStopJobs(server, source);
  const stage = { server, source, poolId, jobs };
  const report = await stopLoop(stage, { random: randomFrom(seed), goOn: (stops) => stops < 28 });
  expect(report.lies, `seed ${String(seed)}: ${describeStops(report)}`).toEqual([]);
  expect(report.stops).toBe(28);
  const watched = stopStates.map((state) => ({ ...jobs[state], tables: {} }));
  await expectInvariants({ server, home: server.home, source, poolId, jobs: watched });
}, 120_000);

test("stops that race the start of a query: none is lost, none is a lie", async () => {
  const seed = Date.now() % 1_000_000;
  const { poolId, jobs } = await makeStopJobs(server, source);
  const stage = { server, source, poolId, jobs };
  const goOn = (stops: number): boolean => stops < 30;
  const report = await stopLoop(stage, { random: randomFrom(seed), goOn, states: ["connecting"] });
  expect(report.lies, `seed ${String(seed)}: ${describeStops(report)}`).toEqual([]);
  expect(report.ended["CANCEL"]).toBeGreaterThan(0);
}, 120_000);

test("a lie is found: a session under the tag of an execution that is over", async () => {
  const { poolId, jobs } = await makeStopJobs(server, source);
  const lying = {
    sql: (text: string, params?: unknown[]) =>
      text.includes("application_name = $1")
        ? source.sql("select '1 active' as session where $1 <> ''", params)
        : source.sql(text, params),
  };
  const report = await stopLoop(
    { server, source: lying, poolId, jobs },
    { random: () => 0, goOn: (stops) => stops < 1, states: ["connecting"] },
  );
  expect(report.lies).toHaveLength(1);
});
