/** The audit log of a whole server over a real source: what cannot be recorded, kill -9, two servers, the report. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import Database from "libsql";
import { newKeyText } from "../src/engine/key-text.ts";
import type { AuditPage, AuditRecordTransport, DeskReport } from "../src/contract/index.ts";
import { verifyHome } from "../src/verify-home.ts";
import { noRoom, withDatabase } from "./support/audit-home.ts";
import { runNightdesk } from "./support/cli-run.ts";
import {
  connectionTo,
  makeExtractionJob,
  startTestServer,
  taggedSessions,
  until,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { startServerProcess } from "./support/server-process.ts";

let source: TestDatabase;
let folder: string;
let home: string;
let server: TestServer;

beforeAll(async () => {
  source = await createDatabase("audit");
  await source.sql(`create table "BSEG" as select g as belnr from generate_series(1, 50000) g; analyze;`);
});
afterAll(async () => {
  await source?.end();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-audit-"));
  home = join(folder, "home");
  server = await startTestServer({ home });
});
afterEach(async () => {
  await server.stop();
  expect(await taggedSessions(source)).toEqual([]);
  expect(verifyHome(home)).toMatchObject({ holds: true });
  await rm(folder, { recursive: true, force: true });
});

async function runningJob() {
  const { id: poolId } = await server.ok("POST", "/integration/api/pools", { name: "audit" });
  const { id: dataSourceId } = await server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "ECC",
    poolId,
    configuration: { ...connectionTo(source), maxRowsPerSecond: 1000 },
  });
  const job = await makeExtractionJob(server, { poolId, dataSourceId }, "Finance", ["BSEG"]);
  const { executionId } = await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  await waitForStatus(server, poolId, job.jobId, "RUNNING");
  return { poolId: poolId as string, executionId: executionId as string, ...job };
}

async function records(): Promise<AuditRecordTransport[]> {
  const page: AuditPage = await server.ok("GET", "/desk/v1/audit?limit=1000");
  return page.records;
}

test("no record, no action: 503, nothing changed, reads go on; a stop stops, and its record appears later", async () => {
  const job = await runningJob();
  withDatabase(home, (database) => database.exec(noRoom));
  const before = await server.ok("GET", `/integration/api/pools/${job.poolId}/jobs`);
  for (const [method, path, body] of [
    ["PUT", `/integration/api/pools/${job.poolId}`, { name: "Renamed" }],
    ["POST", `/integration/api/pools/${job.poolId}/jobs`, { name: "Another" }],
    ["DELETE", job.path, undefined],
    ["POST", "/desk/v1/keys", { name: "x", grants: [{ poolId: "*", verbs: ["view"] }] }],
  ] as const) {
    const answer = await server.call(method, path, { body });
    expect([answer.status, answer.json]).toEqual([
      503,
      expect.objectContaining({
        reference: answer.headers.get("x-request-id"),
        detail: expect.stringMatching(/record cannot be written.*nothing was done.*Next: .*stops work/),
      }),
    ]);
  }
  expect(await server.ok("GET", `/integration/api/pools/${job.poolId}/jobs`)).toEqual(before);
  expect(await server.ok("GET", "/desk/v1/keys")).toHaveLength(1);
  expect((await server.ok("GET", `/integration/api/pools/${job.poolId}`)).name).toBe("audit");

  const stop = await server.ok("POST", `/desk/v1/pools/${job.poolId}/jobs/${job.jobId}/stop?wait=50`, {
    reason: "source shuts down",
  });
  expect(stop).toMatchObject({ outcome: "STOPPED", executionId: job.executionId });
  expect(await taggedSessions(source)).toEqual([]);
  const told = server.reports.filter(
    (line) => line.startsWith("audit: not written") && line.includes('"stop"'),
  );
  expect(told).toHaveLength(2);
  expect((await records()).filter(({ deed }) => deed === "stop")).toEqual([]);

  withDatabase(home, (database) => database.exec("DROP TRIGGER no_room"));
  const late = await until(async () => {
    const stops = (await records()).filter(({ deed }) => deed === "stop");
    return stops.length === 2 ? stops : null;
  });
  expect(late).toMatchObject([
    { phase: "asked", late: true },
    {
      phase: "done",
      late: true,
      outcome: "STOPPED",
      because: "source shuts down",
      executions: [job.executionId],
      address: "127.0.0.1",
    },
  ]);
  const refused = (await records()).filter(({ status }) => status === 503);
  expect(refused.map(({ phase, late: isLate }) => [phase, isLate])).toEqual([
    ["denied", true],
    ["denied", true],
    ["denied", true],
    ["denied", true],
  ]);
});

test("another process holds the database: actions are refused, nothing changed, and it goes on when it is let go", async () => {
  const { id } = await server.ok("POST", "/integration/api/pools", { name: "audit" });
  const path = `/integration/api/pools/${id}`;
  const other = new Database(join(home, "state.db"));
  other.exec("BEGIN EXCLUSIVE");
  try {
    for (let n = 0; n < 3; n += 1) {
      const answer = await server.call("PUT", path, { body: { name: "Renamed" } });
      expect([answer.status, answer.json.detail]).toEqual([503, expect.stringContaining("SQLITE_BUSY")]);
    }
    expect((await server.ok("GET", path)).name).toBe("audit");
  } finally {
    other.exec("ROLLBACK");
    other.close();
  }
  await until(async () =>
    (await server.call("PUT", path, { body: { name: "Renamed" } })).status === 200 ? true : null,
  );
  expect((await server.ok("GET", path)).name).toBe("Renamed");
});

test("the report has the stops that the audit query has, with who, why and the proof; over HTTP and the command", async () => {
  const job = await runningJob();
  const { key } = await server.ok("POST", "/desk/v1/keys", {
    name: "night operator",
    grants: [{ poolId: job.poolId, verbs: ["view", "cancel"] }],
  });
  const from = new Date(Date.now() - 60_000).toISOString();
  const to = new Date(Date.now() + 60_000).toISOString();
  expect((await server.call("DELETE", job.path, { key })).status).toBe(403);
  const stopPath = `/desk/v1/pools/${job.poolId}/jobs/${job.jobId}/stop?wait=50`;
  await server.call("POST", stopPath, { key, body: { reason: "24:00" } });
  await server.call("POST", stopPath, { key });
  await server.call("POST", `${job.path}/cancel`, { key });
  await server.call("POST", `${job.path}/cancel`, { key: null });
  await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  await waitForStatus(server, job.poolId, job.jobId, "RUNNING");

  const path = `/desk/v1/pools/${job.poolId}/report?from=${from}&to=${to}`;
  const report: DeskReport = await server.ok("GET", path);
  const audited = (await records()).filter(({ deed, phase }) => deed === "stop" && phase === "done");
  expect(audited).toHaveLength(3);
  expect(
    report.stops.map(({ requestId, key: who, outcome, because, executions, address }) => ({
      requestId,
      who,
      outcome,
      because,
      executions: executions.map(({ executionId }) => executionId),
      address,
    })),
  ).toEqual(
    audited.map(({ requestId, key: who, outcome, because, executions, address }) => ({
      requestId,
      who,
      outcome,
      because,
      executions,
      address,
    })),
  );
  expect(report.stops[0]).toMatchObject({
    key: { name: "night operator" },
    outcome: "STOPPED",
    because: "24:00",
    jobName: "Finance",
    executions: [{ executionId: job.executionId, jobName: "Finance", proof: { level: "source idle" } }],
  });
  expect(report.ran).toMatchObject([
    {
      executionId: job.executionId,
      status: "CANCEL",
      stopped: 'stopped on request of key "night operator": 24:00',
    },
    { status: "RUNNING", endedAt: null },
  ]);
  expect(report.open).toMatchObject([{ executionId: report.ran[1]?.executionId }]);
  expect(report.denied).toMatchObject([
    { action: `DELETE /integration/api/pools/{poolId}/jobs/{jobId}`, status: 403 },
    { action: `POST /integration/api/pools/{poolId}/jobs/{jobId}/cancel`, status: 401, key: null },
  ]);
  for (const { ms, utc } of [report.from, report.to, report.asOf])
    expect(new Date(ms).toISOString()).toBe(utc);
  // Nothing of it was in another hour.
  const before: DeskReport = await server.ok(
    "GET",
    path.replace(from, "2020-01-01T00:00Z").replace(to, "2020-01-02T00:00Z"),
  );
  expect([before.ran, before.stops, before.denied]).toEqual([[], [], []]);

  const env = { NIGHTDESK_URL: server.url, NIGHTDESK_POOL: job.poolId, NIGHTDESK_KEY: key as string };
  const command = await runNightdesk(["report", "--from", from, "--to", to], { env });
  expect(command).toMatchObject({ code: 0, stderr: "" });
  expect(command.lines[0]).toBe("NIGHTDESK REPORT");
  expect(command.lines.at(-1)).toBe(
    "CODE 0 REASON 2 ran, 3 stops, 0 holds, 0 releases, 0 dry runs, 0 holds ended by time, 0 settles, 0 late ends, 2 denied, 0 refused, 1 open",
  );
  const overHttp = await server.call("GET", `${path}&format=text`, { key });
  const withoutRead = (text: string): string => text.replace(/read [^\r\n]+/, "").replaceAll("\r\n", "\n");
  expect(withoutRead(overHttp.text)).toBe(withoutRead(command.stdout));
  const json = await runNightdesk(["report", "--from", from, "--to", to, "--json"], { env });
  expect(JSON.parse(json.stdout)).toMatchObject({ code: 0, word: "REPORT", report: { stops: report.stops } });

  const wrongKey = await runNightdesk(["report", "--from", from, "--to", to], {
    env: { ...env, NIGHTDESK_KEY: newKeyText() },
  });
  expect(wrongKey).toMatchObject({ code: 30, lines: ["NIGHTDESK DENIED", expect.anything()] });
  for (const argv of [
    ["--from", "2026-06-18T15:00", "--to", to],
    ["--from", to, "--to", from],
    ["--from", from],
    ["--from", "yesterday", "--to", to],
  ]) {
    expect(await runNightdesk(["report", ...argv], { env })).toMatchObject({ code: 50 });
  }
  await server.ok("POST", `/desk/v1/pools/${job.poolId}/stop?wait=50`, { reason: "all of it" });
  expect((await records()).at(-1)).toMatchObject({
    deed: "stop",
    outcome: "STOPPED",
    because: "all of it",
    executions: [report.ran[1]?.executionId],
  });
});

test("kill -9 between asked and done: the chain holds, the report says that there is no result", async () => {
  await server.stop();
  const adminKey = newKeyText();
  const first = await startServerProcess(home, adminKey);
  const silent = await listenInSilence();
  const { id: poolId } = await first.ok("POST", "/integration/api/pools", { name: "audit" });
  const { port } = silent.address() as AddressInfo;
  const { id } = await first.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "ECC",
    poolId,
    configuration: { ...connectionTo(source), host: "127.0.0.1", port },
  });
  const action = "POST /integration/api/pools/{poolId}/data-sources/{dataSourceId}/test";
  const asked = first.call("POST", `/integration/api/pools/${poolId}/data-sources/${id}/test`).then(
    () => "answered",
    () => "cut",
  );
  await until(async () => {
    const page: AuditPage = await first.ok("GET", "/desk/v1/audit?limit=1000");
    return page.records.at(-1)?.action === action ? true : null;
  });
  // On a server that runs, too.
  const running = verifyHome(home);
  await first.end("SIGKILL");
  expect(await asked).toBe("cut");
  silent.close();
  expect(running).toMatchObject({ holds: true });
  expect(verifyHome(home)).toEqual(running);

  const second = await startServerProcess(home, adminKey);
  const page: AuditPage = await second.ok("GET", "/desk/v1/audit?limit=1000");
  expect(page.records.at(-2)).toMatchObject({ action, phase: "asked", status: null });
  expect(page.records.at(-1)).toMatchObject({
    action: "server started",
    phase: "event",
    channel: "internal",
  });
  await expect(startServerProcess(home, adminKey)).rejects.toThrow(String(second.child.pid));
  expect((await second.ok("GET", "/desk/v1/audit")).head).toEqual(page.head);
  expect(await second.end("SIGTERM")).toBe(0);
  const heads = [...second.output().matchAll(/audit head (\d+):([0-9a-f]{64})/g)];
  expect(heads).toHaveLength(2);
  for (const [, sequence, hmac = ""] of heads) {
    expect(verifyHome(home, { sequence: Number(sequence), hmac })).toMatchObject({ holds: true });
  }
  server = await startTestServer({ home });
});

test("a lost key of the log: the server starts, says so and records it; the verifier cannot prove the past", async () => {
  await server.stop();
  await rm(`${home}.audit-key`);
  server = await startTestServer({ home });
  expect(server.reports).toEqual([expect.stringMatching(/audit-key was missing/)]);
  expect(verifyHome(home)).toMatchObject({ holds: false, record: 1 });
  // What follows is a log of its own, so that the last look of every test has something to prove.
  await server.stop();
  await rm(home, { recursive: true });
  server = await startTestServer({ home });
});

/** Takes connections and never says a word. */
async function listenInSilence(): Promise<Server> {
  const silent = createServer((socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => {
    silent.listen(0, "127.0.0.1", resolve);
  });
  return silent;
}
