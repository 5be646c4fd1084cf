/** After an abort nothing runs at the source: asked over a connection that was not part of it. */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ColumnBatch } from "../src/model/columns.ts";
import { RetryableSourceError, StoppedError, errorLine } from "../src/model/errors.ts";
import type { SourceSession } from "../src/model/source.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { startProxy } from "./support/source-proxy.ts";
import {
  accessTo,
  never,
  openControl,
  openSession,
  readTable,
  reasonOf,
  tableOf,
} from "./support/source-reading.ts";

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase("source_stop");
  await source.sql(
    "create table long as select i, repeat('x', 100) as filler from generate_series(1, 300000) i",
  );
  await source.sql("create table short as select 1 as i");
  await source.sql(`create function stubborn() returns bool language plpgsql as $$
    begin loop begin perform pg_sleep(60); exception when query_canceled then null; end; end loop; end $$`);
});
afterAll(() => source.end());

const reason = { by: "operator", keyName: "night", channel: "wire", because: null };

/** Waits until the server's list satisfies `wanted`; the test's own time limit ends it otherwise. */
async function untilSessions(tag: string, wanted: (states: string[]) => boolean): Promise<void> {
  for (;;) {
    // Inside a transaction the server would show the first answer again.
    await source.sql("select pg_stat_clear_snapshot()");
    const rows = await source.sql<{ state: string }>(
      "select concat(state, ' ', wait_event) as state from pg_stat_activity where application_name = $1",
      [tag],
    );
    if (wanted(rows.map(({ state }) => state))) return;
    await pause(10);
  }
}
const untilGone = (tag: string): Promise<void> => untilSessions(tag, (states) => states.length === 0);
const untilIn = (tag: string, what: string): Promise<void> =>
  untilSessions(tag, (states) => states.some((state) => state.includes(what)));

async function batchesOf(
  session: SourceSession,
  table: string,
  signal: AbortSignal,
): Promise<AsyncIterator<ColumnBatch>> {
  const read = await session.describe(tableOf(table), { signal: never });
  return session.read(read, { signal })[Symbol.asyncIterator]();
}

test("a throttled extraction, while it waits for its rate", async () => {
  const session = await openSession(accessTo(source, { maxRowsPerSecond: 100 }), "nd:throttled");
  const stop = new AbortController();
  const batches = await batchesOf(session, "long", stop.signal);
  expect((await batches.next()).done).toBe(false);
  await untilIn("nd:throttled", "ClientWrite");
  const more = (async () => {
    while ((await batches.next()).done !== true);
  })();
  stop.abort(reason);
  await expect(more).rejects.toBe(reason);
  await untilGone("nd:throttled");
  await session.close();
});

test("an extraction whose reader is busy and does not ask for more", async () => {
  const session = await openSession(accessTo(source), "nd:busy");
  const stop = new AbortController();
  const batches = await batchesOf(session, "long", stop.signal);
  await batches.next();
  await untilIn("nd:busy", "ClientWrite");
  stop.abort(reason);
  await untilGone("nd:busy");
  await expect(batches.next()).rejects.toBe(reason);
});

test("a query that has sent no row yet", async () => {
  const session = await openSession(accessTo(source), "nd:sleeping");
  const stop = new AbortController();
  const read = await session.describe(tableOf("short", { filter: "pg_sleep(600) is not null" }), {
    signal: never,
  });
  const first = session.read(read, { signal: stop.signal })[Symbol.asyncIterator]().next();
  await untilIn("nd:sleeping", "PgSleep");
  stop.abort(reason);
  await expect(first).rejects.toBe(reason);
  await untilGone("nd:sleeping");
});

test("over TLS the cancel request goes inside TLS, to the server", async () => {
  const proxy = await startProxy(source, { tls: true });
  const access = accessTo(source, { host: "localhost", port: proxy.port, ssl: { mode: "require" } });
  const session = await openSession(access, "nd:secure");
  const stop = new AbortController();
  const read = await session.describe(tableOf("short", { filter: "pg_sleep(600) is not null" }), {
    signal: never,
  });
  const first = session.read(read, { signal: stop.signal })[Symbol.asyncIterator]().next();
  await untilIn("nd:secure", "PgSleep");
  stop.abort(reason);
  await expect(first).rejects.toBe(reason);
  await untilGone("nd:secure");
  // The read is over when the request is on its way.
  await expect.poll(() => proxy.cancels).toEqual({ plain: 0, inTls: 1 });
});

test("a look at the catalog that waits for a lock", async () => {
  const session = await openSession(accessTo(source), "nd:locked");
  await source.sql("begin");
  await source.sql("lock table short in access exclusive mode");
  try {
    const stop = new AbortController();
    const described = session.describe(tableOf("short"), { signal: stop.signal });
    await untilIn("nd:locked", "relation");
    stop.abort(reason);
    await expect(described).rejects.toBe(reason);
    await untilGone("nd:locked");
  } finally {
    await source.sql("rollback");
  }
});

test("a reader that gives up early ends the session", async () => {
  const session = await openSession(accessTo(source), "nd:left");
  const read = await session.describe(tableOf("long"), { signal: never });
  for await (const batch of session.read(read, { signal: never })) {
    expect(batch.rows).toBeGreaterThan(0);
    break;
  }
  await untilGone("nd:left");
});

test("with an aborted signal no statement is sent", async () => {
  const session = await openSession(accessTo(source), "nd:early");
  const batches = await batchesOf(session, "long", AbortSignal.abort(reason));
  await expect(batches.next()).rejects.toBe(reason);
});

test("an abort after the end of the read changes nothing", async () => {
  const session = await openSession(accessTo(source), "nd:late");
  const stop = new AbortController();
  const batches = await batchesOf(session, "short", stop.signal);
  while ((await batches.next()).done !== true);
  stop.abort(reason);
  expect(await readTable(session, tableOf("short"))).toEqual([["1"]]);
});

test("sessions are found by tag, and under another name if they are known", async () => {
  const control = await openControl(accessTo(source));
  const session = await openSession(accessTo(source), "nd:named");
  const before = await control.sessions("nd:named", [], { signal: never });
  expect(before.sessions).toMatchObject([
    { pid: session.id.pid, startedAt: session.id.startedAt, state: "idle" },
  ]);
  expect(await control.sessionTags("nd:nam", { signal: never })).toEqual(["nd:named"]);

  const filter = "set_config('application_name', 'somebody else', false) is not null";
  await readTable(session, tableOf("short", { filter }));
  const byTag = await control.sessions("nd:named", [], { signal: never });
  expect(byTag.sessions).toEqual([]);
  expect(Date.parse(byTag.readAt)).toBeGreaterThan(Date.parse(byTag.serverStartedAt));
  const known = await control.sessions("nd:named", [session.id], { signal: never });
  expect(known.sessions.map(({ pid }) => pid)).toEqual([session.id.pid]);

  const reused = { ...session.id, startedAt: "2001-01-01 00:00:00+00" };
  expect((await control.sessions("nd:named", [reused], { signal: never })).sessions).toEqual([]);
});

test("cancel and terminate hit the session that is meant, and only that", async () => {
  const control = await openControl(accessTo(source));
  const session = await openSession(accessTo(source), "nd:stubborn");
  const read = await session.describe(tableOf("short", { filter: "stubborn()" }), { signal: never });
  const first = session.read(read, { signal: never })[Symbol.asyncIterator]().next();
  const failed = reasonOf(first);
  await untilIn("nd:stubborn", "PgSleep");
  const other = { ...session.id, startedAt: "2001-01-01 00:00:00+00" };
  await control.terminate(other, { signal: never });
  await control.cancel(session.id, { signal: never });
  // A function that swallows the cancel goes on; this is what terminate is for.
  await untilIn("nd:stubborn", "PgSleep");
  await control.terminate(session.id, { signal: never });
  expect(await failed).toBeInstanceOf(RetryableSourceError);
  await untilGone("nd:stubborn");
});

test("a cancel at the source fails the read by name, and it is not called a success", async () => {
  const control = await openControl(accessTo(source));
  const session = await openSession(accessTo(source), "nd:cancelled");
  const failed = reasonOf(readTable(session, tableOf("short", { filter: "pg_sleep(600) is not null" })));
  await untilIn("nd:cancelled", "PgSleep");
  const list = await control.sessions("nd:cancelled", [], { signal: never });
  expect(list.sessions).toEqual([
    { pid: session.id.pid, startedAt: session.id.startedAt, state: "active", waits: "Timeout:PgSleep" },
  ]);
  await control.cancel(session.id, { signal: never });
  expect(errorLine(await failed)).toContain("public.short: canceling statement due to user request (57014)");
});

test("a list that cannot be read is unknown, never empty", async () => {
  const control = await openControl(accessTo(source));
  await source.sql(
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'nightdesk-control' and datname = current_database()",
  );
  const options = { signal: never };
  await expect(control.sessions("nd:none", [], options)).rejects.toBeInstanceOf(RetryableSourceError);
  await expect(control.sessionTags("nd:", options)).rejects.toBeInstanceOf(RetryableSourceError);
  await expect(control.terminate({ pid: 1, startedAt: "" }, options)).rejects.toBeInstanceOf(
    RetryableSourceError,
  );
});

test("a source that falls silent: the look ends by its own limit, and by an abort", async () => {
  const proxy = await startProxy(source);
  const access = accessTo(source, { host: "localhost", port: proxy.port });
  const limited = await openControl(access);
  const aborted = await openControl(access);
  proxy.turn("blackhole");
  const stop = new AbortController();
  const bySilence = reasonOf(limited.sessions("nd:none", [], { signal: never }));
  const byAbort = reasonOf(aborted.sessions("nd:none", [], { signal: stop.signal }));
  stop.abort(reason);
  expect(await byAbort).toBeInstanceOf(StoppedError);
  expect(errorLine(await bySilence)).toContain("no answer within 5 s");
});
