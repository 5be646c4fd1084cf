/** The queue of the real engine: four at once, the rest in order, a queued one is over at once when it is stopped. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
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

let source: TestDatabase;
let server: TestServer;
let pool: { poolId: string; dataSourceId: string };

beforeAll(async () => {
  source = await createDatabase("queue");
  await source.sql(`create table "VBAK" as select g as vbeln from generate_series(1, 1000) g; analyze`);
  server = await startTestServer();
  pool = await makePool(server, source);
});
afterAll(async () => {
  await server?.stop();
  expect(await taggedSessions(source)).toEqual([]);
  await source?.end();
});

/** Sends a whole request and closes the connection before any answer can come. */
async function hangUpAfter(method: string, path: string): Promise<void> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  const head = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    `Authorization: AppKey ${server.adminKey}`,
  ];
  await new Promise<void>((sent) => {
    socket.write(`${[...head, "Content-Length: 0"].join("\r\n")}\r\n\r\n`, () => {
      sent();
    });
  });
  const closed = once(socket, "close");
  socket.destroy();
  await closed;
}

test("four run, the others wait in order; a queued one that is cancelled never starts", async () => {
  const jobs: { jobId: string; path: string }[] = [];
  for (let n = 0; n < 7; n += 1) {
    const table = {
      tableName: "VBAK",
      targetTableName: `T${String(n)}`,
      filterDefinition: "pg_sleep(60) is not null",
    };
    jobs.push(await makeExtractionJob(server, pool, `job ${String(n)}`, [table]));
  }
  const [first, , , , fifth, sixth, seventh] = jobs;
  for (const { path } of jobs) await server.ok("POST", `${path}/execute`, { mode: "FULL" });
  const statuses = (): Promise<(string | null)[]> =>
    Promise.all(jobs.map(({ jobId }) => statusOf(server, pool.poolId, jobId)));
  await readingSessions(source, 4);
  expect(await statuses()).toEqual([...Array<string>(4).fill("RUNNING"), ...Array<string>(3).fill("QUEUED")]);

  const go = await server.ok("GET", `/desk/v1/pools/${pool.poolId}/go`);
  expect(go.next.map((one: { jobId: string; when: string }) => [one.jobId, one.when])).toEqual(
    [fifth, sixth, seventh].map((job) => [job?.jobId, "when a place is free"]),
  );

  const cancelled = await server.call("POST", `${sixth?.path ?? ""}/cancel`);
  expect([cancelled.status, cancelled.text]).toEqual([200, ""]);
  expect(await statusOf(server, pool.poolId, sixth?.jobId ?? "")).toBe("CANCEL");
  const { executionItems } = await server.ok(
    "GET",
    `/integration/api/pools/${pool.poolId}/logs/${sixth?.jobId ?? ""}/executions`,
  );
  const receipt = await server.ok("GET", `/desk/v1/executions/${executionItems[0].executionId}/receipt`);
  expect(receipt).toMatchObject({
    status: "CANCEL",
    startedAt: null,
    callers: [{ by: "operator", channel: "wire" }],
    proof: { level: "source idle", note: "it never started: no statement of it was sent" },
    tables: [{ table: "VBAK", target: "T5", effect: "untouched", rows: null }],
  });

  // The same of one that waits: it ends once, and says so once.
  const waiting = jobs.at(-1);
  const both = [1, 2, 3, 4, 5].map(() => server.call("POST", `${waiting?.path ?? ""}/cancel`));
  for (const { status } of await Promise.all(both)) expect(status).toBe(200);
  const [ended] = (
    await server.ok("GET", `/integration/api/pools/${pool.poolId}/logs/${waiting?.jobId ?? ""}/executions`)
  ).executionItems;
  const { logMessages } = await server.ok(
    "GET",
    `/integration/api/pools/${pool.poolId}/logs/executions/detail?executionId=${ended.executionId}&id=${waiting?.jobId ?? ""}&type=JOB&limit=50&page=0`,
  );
  expect(logMessages).toHaveLength(1);
  await server.ok("POST", `${waiting?.path ?? ""}/execute`, { mode: "FULL" });

  // A place is free: the fifth takes it, not the seventh.
  expect((await server.call("POST", `${first?.path ?? ""}/cancel`)).status).toBe(200);
  await until(async () =>
    (await statusOf(server, pool.poolId, fifth?.jobId ?? "")) === "RUNNING" ? true : null,
  );
  expect(await statusOf(server, pool.poolId, seventh?.jobId ?? "")).toBe("QUEUED");

  // Fifty at once are one cancellation with fifty callers on its record; some hang up before the answer.
  await readingSessions(source, 4);
  const stop = `/desk/v1/pools/${pool.poolId}/jobs/${fifth?.jobId ?? ""}/stop?wait=20`;
  const impatient = AbortSignal.timeout(5);
  const asked = Array.from({ length: 50 }, (_, n) =>
    n % 10 === 0
      ? fetch(server.url + stop, {
          method: "POST",
          headers: { authorization: `AppKey ${server.adminKey}`, "content-type": "application/json" },
          body: JSON.stringify({ reason: "window" }),
          signal: impatient,
        }).then(
          () => null,
          () => null,
        )
      : server.call("POST", stop, { body: { reason: "window" } }),
  );
  const answers = (await Promise.all(asked)).filter((answer) => answer !== null);
  const outcomes = new Set(answers.map(({ status, json }) => `${String(status)} ${json.outcome}`));
  expect([...outcomes].every((one) => ["200 STOPPED", "200 WAS NOT RUNNING"].includes(one))).toBe(true);
  expect(outcomes.has("200 STOPPED")).toBe(true);
  const status = await server.ok(
    "GET",
    `/integration/api/pools/${pool.poolId}/logs/${fifth?.jobId ?? ""}/executions`,
  );
  expect(status.executionItems).toHaveLength(1);
  const fifty = await server.ok("GET", `/desk/v1/executions/${status.executionItems[0].executionId}/receipt`);
  const stopped = answers.filter(({ json }) => json.outcome === "STOPPED").length;
  expect(fifty.callers.length).toBeGreaterThanOrEqual(stopped);
  expect(fifty.callers.length).toBeLessThanOrEqual(50);
  expect(new Set(fifty.callers.map((one: { reason: string }) => one.reason))).toEqual(new Set(["window"]));

  // One alone, who hangs up as soon as it is asked: nobody else carries the stop.
  const seventhRuns = async (): Promise<true | null> =>
    (await statusOf(server, pool.poolId, seventh?.jobId ?? "")) === "RUNNING" ? true : null;
  await until(seventhRuns);
  await hangUpAfter("POST", `/desk/v1/pools/${pool.poolId}/jobs/${seventh?.jobId ?? ""}/stop?wait=20`);
  await until(async () => ((await seventhRuns()) === null ? true : null));
  expect(await statusOf(server, pool.poolId, seventh?.jobId ?? "")).toBe("CANCEL");

  // All that is left of the pool in one request.
  const all = await server.ok("POST", `/desk/v1/pools/${pool.poolId}/stop?wait=30`, { reason: "all" });
  expect(all.stops).toHaveLength(3);
  expect(new Set(all.stops.map((one: { outcome: string }) => one.outcome))).toEqual(new Set(["STOPPED"]));
  expect(await taggedSessions(source)).toEqual([]);
  expect(server.reports).toEqual([]);
});
