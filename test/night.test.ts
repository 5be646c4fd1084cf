/** The night, end to end: a real extraction, seen and stopped from outside, over real HTTP and real PostgreSQL. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { runNightdesk, type CliRun } from "./support/cli-run.ts";
import { stagingIn } from "./support/contents.ts";
import { freezeWaiting } from "./support/held-sessions.ts";
import {
  connectionTo,
  makeExtractionJob,
  makePool,
  makeTransformation,
  queryPool,
  startTestServer,
  statusOf,
  readingSessions,
  taggedSessions,
  until,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";

let source: TestDatabase;
let server: TestServer;
let pool: { poolId: string; dataSourceId: string };
let operatorKey: string;

beforeAll(async () => {
  source = await createDatabase();
  await source.sql(`
    create table "BKPF" (belnr int primary key, bukrs char(4), budat date);
    insert into "BKPF" select g, '1000', date '2024-01-01' + g % 365 from generate_series(1, 2000) g;
    create table "BSEG" (belnr int, buzei smallint, dmbtr numeric(15,2), sgtxt text, changed timestamptz,
      primary key (belnr, buzei));
    insert into "BSEG" select g, 1, g * 1.25, case when g % 7 = 0 then null when g % 7 = 1 then '' else 'Rechnung Größe ' || g end,
      timestamptz '2024-01-01 00:00:00.123456+00' + g * interval '1 minute' from generate_series(1, 60000) g;
    -- Wide: what the socket's buffers hold of it is little, so that a backend that is held back stays active.
    create table "STXL" as select g as belnr, repeat(md5(g::text), 30) as lines from generate_series(1, 40000) g;
    analyze;
  `);
  server = await startTestServer();
  pool = await makePool(server, source);
  const { key } = await server.ok("POST", "/desk/v1/keys", {
    name: "night operator",
    grants: [{ poolId: pool.poolId, verbs: ["view", "cancel"] }],
  });
  operatorKey = key as string;
});

afterAll(async () => {
  await server?.stop();
  expect(await taggedSessions(source)).toEqual([]);
  await source?.end();
});

afterEach(async () => {
  await limitRows(null);
  // Whatever a test left at the source would be a lie of a status before it.
  expect(await taggedSessions(source)).toEqual([]);
  expect(server.reports).toEqual([]);
});

/** The connection's limit, as a data engineer sets it. */
async function limitRows(maxRowsPerSecond: number | null): Promise<void> {
  const path = `/integration/api/datasource/POSTGRESQL/${pool.dataSourceId}`;
  const whole = await server.ok("GET", path);
  whole.configuration.maxRowsPerSecond = maxRowsPerSecond ?? 0; // null would mean "not given"
  await server.ok("PUT", path, whole);
}

/** The command, as the night operator has it. */
const nightdesk = (...argv: string[]): Promise<CliRun> =>
  runNightdesk(argv, {
    env: { NIGHTDESK_URL: server.url, NIGHTDESK_POOL: pool.poolId, NIGHTDESK_KEY: operatorKey },
  });

const checksum = (path: string, table: string): Promise<unknown[][]> =>
  queryPool(server, path, `select count(*), sum(hash(t)) from ${table} t`);

test("a run loads exactly what the source holds, and its log tells it in the contract's words", async () => {
  const filtered = { tableName: "BKPF", filterDefinition: "belnr > 0\r\n  and belnr < 9999" };
  const job = await makeExtractionJob(server, pool, "exact", [filtered, "BSEG"]);
  await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  expect(await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
  const [counts] = await queryPool(
    server,
    job.path,
    `select count(*)::varchar, sum(dmbtr)::varchar, count(sgtxt)::varchar, count(*) filter (sgtxt = '')::varchar,
      max(changed)::timestamp::varchar, count(distinct "_CELONIS_CHANGE_DATE")::varchar from "BSEG"`,
  );
  const [expected] = (await source.sql(
    `select count(*)::text a, sum(dmbtr)::text b, count(sgtxt)::text c, (count(*) filter (where sgtxt = ''))::text d,
      (max(changed) at time zone 'UTC')::text e, '1' f from "BSEG"`,
  )) as Record<string, string>[];
  expect(counts).toEqual(Object.values(expected ?? {}));
  const { executionItems } = await server.ok(
    "GET",
    `/integration/api/pools/${pool.poolId}/logs/${job.jobId}/executions`,
  );
  const items = await server.ok(
    "GET",
    `/integration/api/pools/${pool.poolId}/logs/executions?executionId=${executionItems[0].executionId}&type=TASK&id=${job.jobId}`,
  );
  const detail = await server.ok(
    "GET",
    `/integration/api/pools/${pool.poolId}/logs/executions/detail?executionId=${executionItems[0].executionId}&id=${items[0].taskId}&type=TASK&limit=100&page=0`,
  );
  const codes = detail.logMessages.map((line: { logTranslationCode: string }) => line.logTranslationCode);
  expect(codes).toContain("EXTRACTION_SUCCESSFUL");
  expect(codes).toContain("STARTING_EXTRACTION_FOR_RESOURCE");
  const texts: string[] = detail.logMessages.map((line: { logMessage: string }) => line.logMessage);
  expect(texts).toContain(
    'Executing query: SELECT "belnr", "bukrs", "budat" FROM "public"."BKPF" WHERE ( belnr > 0 and belnr < 9999 )',
  );
});

test("the two curl lines: RUNNING, cancel, CANCEL, nothing at the source, the pool as it was, and it runs again", async () => {
  const job = await makeExtractionJob(server, pool, "night", ["BKPF", "BSEG"]);
  await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS");
  const before = [await checksum(job.path, '"BKPF"'), await checksum(job.path, '"BSEG"')];

  await source.sql(`update "BSEG" set dmbtr = dmbtr + 1; update "BKPF" set bukrs = '2000'`);
  await limitRows(3000);
  const started = await server.call("POST", `${job.path}/execute`, { body: { mode: "FULL" } });
  expect(started.status).toBe(200);
  expect(["QUEUED", "RUNNING"]).toContain(await statusOf(server, pool.poolId, job.jobId));
  expect((await server.call("POST", `${job.path}/execute`, {})).status).toBe(409);

  // BKPF is staged completely and BSEG is being read.
  await until(async () => {
    const { jobs } = await server.ok("GET", `/desk/v1/pools/${pool.poolId}/status`);
    const row = jobs.find((entry: { id: string }) => entry.id === job.jobId);
    return row.rows > 3000 ? row : null;
  });
  expect(await taggedSessions(source)).toHaveLength(1);

  const status = await server.call("GET", `/integration//api/pools/${pool.poolId}/logs/status`, {
    key: operatorKey,
  });
  expect(status.json.find((entry: { id: string }) => entry.id === job.jobId).status).toBe("RUNNING");
  const cancel = await server.call(
    "POST",
    `/integration//api/pools/${pool.poolId}/jobs/${job.jobId}/cancel`,
    {
      key: operatorKey,
    },
  );
  // Proven at the moment of the answer: asked at once, over another connection.
  expect(await taggedSessions(source)).toEqual([]);
  expect([cancel.status, cancel.text, cancel.headers.get("x-nightdesk-code")]).toEqual([200, "", "0"]);
  expect(await statusOf(server, pool.poolId, job.jobId)).toBe("CANCEL");
  expect([await checksum(job.path, '"BKPF"'), await checksum(job.path, '"BSEG"')]).toEqual(before);
  // In the file itself: no list shows what is the store's own.
  expect(await stagingIn(join(server.home, "pools", pool.poolId))).toEqual([]);

  // Pasted twice it does nothing.
  const again = await server.call("POST", `${job.path}/cancel`, { key: operatorKey });
  expect([again.status, again.text]).toEqual([200, ""]);
  expect(await statusOf(server, pool.poolId, job.jobId)).toBe("CANCEL");

  await limitRows(null);
  await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  expect(await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
  expect(await checksum(job.path, '"BSEG"')).not.toEqual(before[1]);
});

test("a frozen backend keeps the status RUNNING and the answer unproven, until it is released", async () => {
  await limitRows(2000);
  const job = await makeExtractionJob(server, pool, "frozen", ["STXL"]);
  await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  const pid = await freezeWaiting(source, null, "ClientWrite");
  try {
    const cancel = await server.call("POST", `${job.path}/cancel`, { key: operatorKey });
    expect(cancel.status).toBe(202);
    expect(cancel.headers.get("x-nightdesk-code")).toBe("20");
    expect(cancel.text).toMatch(/NOT PROVEN/);
    expect(cancel.text).toContain(String(pid));
    expect(cancel.text).toMatch(/^[\x20-\x7e\r\n]*$/);
    expect(await statusOf(server, pool.poolId, job.jobId)).toBe("RUNNING");
    const { jobs } = await server.ok("GET", `/desk/v1/pools/${pool.poolId}/status`);
    const row = jobs.find((entry: { id: string }) => entry.id === job.jobId);
    expect(row.stopping).toMatchObject({ level: "worker gone", callers: 1 });
    expect((await server.call("POST", `${job.path}/execute`, {})).status).toBe(409);
    expect((await server.call("DELETE", job.path, {})).status).toBe(409);
    // Looked for here, with this password: the connection cannot lead elsewhere meanwhile.
    const elsewhere = { configuration: { ...connectionTo(source), host: "localhost" } };
    const connection = `/integration/api/datasource/POSTGRESQL/${pool.dataSourceId}`;
    expect((await server.call("PUT", connection, { body: elsewhere })).status).toBe(409);

    // However often it is asked, and on the wire's word RUNNING.
    for (let ask = 1; ask <= 2; ask += 1) {
      const stop = await nightdesk("stop", "frozen", "--wait", "2", "--reason", "source closes at midnight");
      expect(stop.code).toBe(20);
      expect(stop.lines[0]).toBe("NIGHTDESK UNKNOWN");
      expect(stop.lines.at(-1)).toMatch(/^CODE 20 REASON NOT PROVEN: still RUNNING .*NEXT do not shut down/);
      expect(stop.lines.at(-1)).toContain(`session ${String(pid)}`);
    }
    const status = await nightdesk("status", "frozen");
    expect(status.code).toBe(10);
    expect(status.stdout).toContain("proof so far: worker gone");
  } finally {
    process.kill(pid, "SIGCONT");
  }
  const released = await nightdesk("stop", "frozen", "--wait", "30");
  expect(released.code).toBe(0);
  expect(released.lines.at(-1)).toMatch(/^CODE 0 REASON (STOPPED|WAS NOT RUNNING)/);
  expect(await statusOf(server, pool.poolId, job.jobId)).toBe("CANCEL");
  expect((await nightdesk("status", "frozen")).lines[0]).toBe("NIGHTDESK CLEAR");
});

test("user SQL that hides the session under another name does not hide it from the proof", async () => {
  const job = await makeExtractionJob(server, pool, "hidden", [
    {
      tableName: "BKPF",
      filterDefinition:
        "set_config('application_name', 'innocent', false) is not null and pg_sleep(0.2) is not null",
    },
  ]);
  await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  const hidden = (): Promise<unknown[]> =>
    source.sql("select pid from pg_stat_activity where application_name = 'innocent'");
  await until(async () => ((await hidden()).length > 0 ? true : null));
  const cancel = await server.call("POST", `${job.path}/cancel`, {});
  expect(cancel.status).toBe(200);
  expect(await hidden()).toEqual([]);
  expect(await statusOf(server, pool.poolId, job.jobId)).toBe("CANCEL");
});

test("a cancel ends a statement that sleeps at the source, and one that computes in the pool", async () => {
  const sleeping = await makeExtractionJob(server, pool, "sleeping", [
    { tableName: "BKPF", filterDefinition: "pg_sleep(3600) is not null" },
  ]);
  await server.ok("POST", `${sleeping.path}/execute`, { mode: "FULL" });
  await readingSessions(source);
  expect((await server.call("POST", `${sleeping.path}/cancel`, {})).status).toBe(200);
  expect(await statusOf(server, pool.poolId, sleeping.jobId)).toBe("CANCEL");

  const base = `/integration/api/pools/${pool.poolId}/jobs`;
  const { id: jobId } = await server.ok("POST", base, { name: "computing", dataPoolId: pool.poolId });
  await makeTransformation(
    server,
    `${base}/${jobId}`,
    "endless",
    "create table kept as select 1 as x; create table endless as select count(*) c from range(100000000) a, range(1000000) b",
  );
  await server.ok("POST", `${base}/${jobId}/execute`, {});
  await waitForStatus(server, pool.poolId, jobId, "RUNNING");
  expect((await server.call("POST", `${base}/${jobId}/cancel`, {})).status).toBe(200);
  expect(await statusOf(server, pool.poolId, jobId)).toBe("CANCEL");
  const tables = await server.ok("GET", `/integration/api/pools/${pool.poolId}/tables`);
  expect(tables.map((table: { name: string }) => table.name)).not.toContain("kept");
});

test.each([
  ["a table that is not there", { tableName: "NOPE" }, /NOPE/],
  ["a column that vanished", { tableName: "BKPF", columns: [{ columnName: "gone" }] }, /gone/],
  ["a filter that does not parse", { tableName: "BKPF", filterDefinition: "belnr >" }, /BKPF/],
])("%s: FAIL, one line that names it, the pool as it was", async (name, table, says) => {
  const job = await makeExtractionJob(server, pool, name, ["BSEG", table]);
  await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
  expect(await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS", "FAIL")).toBe("FAIL");
  const { executionItems } = await server.ok(
    "GET",
    `/integration/api/pools/${pool.poolId}/logs/${job.jobId}/executions`,
  );
  const tasks = await server.ok(
    "GET",
    `/integration/api/pools/${pool.poolId}/logs/executions?executionId=${executionItems[0].executionId}&type=TASK&id=${job.jobId}`,
  );
  expect(tasks[0].status).toBe("FAIL");
  const detail = await server.ok(
    "GET",
    `/integration/api/pools/${pool.poolId}/logs/executions/detail?executionId=${executionItems[0].executionId}&id=${tasks[0].taskId}&type=TASK&limit=10&page=0`,
  );
  expect(detail.logMessages[0].level).toBe("ERROR");
  expect(detail.logMessages[0].logMessage).toMatch(says);
  expect(detail.logMessages[0].logMessage).not.toMatch(/\n/);
});

test("a wrong password and an unreachable host FAIL with one line and no secret", async () => {
  for (const [name, change] of [
    ["wrong password", { password: "CANARY-wrong@/?#%:" }],
    ["nobody listens", { port: 1 }],
  ] as const) {
    const { id: dataSourceId } = await server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
      name,
      poolId: pool.poolId,
      configuration: { ...connectionTo(source), ...change },
    });
    const looked = await server.ok(
      "POST",
      `/integration/api/pools/${pool.poolId}/data-sources/${dataSourceId}/test`,
    );
    expect(looked.reachable).toBe(false);
    expect(looked.message).not.toContain("CANARY");
    const job = await makeExtractionJob(server, { ...pool, dataSourceId }, name, ["BKPF"]);
    await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
    expect(await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS", "FAIL")).toBe("FAIL");
  }
});

test("no secret is in an answer, a log line or a file of the home", async () => {
  const files = await readdir(server.home, { recursive: true, withFileTypes: true });
  const texts = [...server.answers, ...server.reports];
  for (const file of files) {
    if (file.isFile()) texts.push((await readFile(join(file.parentPath, file.name))).toString("latin1"));
  }
  expect(files.map(({ name }) => name)).toContain("state.db");
  expect(texts.length).toBeGreaterThan(100);
  // What is searched would find something: an ordinary name is in there.
  expect(texts.filter((text) => text.includes("night operator")).length).toBeGreaterThan(1);
  const shown = texts.filter((text) => text.includes(operatorKey));
  expect(shown.map((text) => JSON.parse(text).name)).toEqual(["night operator"]);
  expect(texts.filter((text) => text.includes(server.adminKey))).toEqual([]);
  expect(texts.filter((text) => text.includes("CANARY-"))).toEqual([]);
});

test("the key that opens sealed passwords lies beside the home, for its owner alone, and nowhere inside", async () => {
  const keyFile = `${server.home}.key`;
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  const key = await readFile(keyFile);
  expect(key.length).toBeGreaterThanOrEqual(32);
  let looked = 0;
  for (const file of await readdir(server.home, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    looked += 1;
    expect(file.name).not.toMatch(/key|secret/i);
    expect((await readFile(join(file.parentPath, file.name))).includes(key), file.name).toBe(false);
  }
  expect(looked).toBeGreaterThan(1);
});
