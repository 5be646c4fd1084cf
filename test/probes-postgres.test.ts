/** A probe in SQL, against a real PostgreSQL: it sees a session that is there, and claims nothing when it cannot look. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { guardedLookup } from "../src/base/reach.ts";
import type { ProbeLook } from "../src/model/probe.ts";
import { postgresProbe } from "../src/sources/postgres/probe.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { localhostCertificate, startProxy } from "./support/source-proxy.ts";
import { accessTo, never } from "./support/source-reading.ts";

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase("probe");
  await source.sql("create table written (i int)");
  await source.sql(`create function writes() returns int language sql security definer
    as 'insert into written values (1) returning i'`);
});
afterAll(() => source.end());

const sessions = (tag: string): string =>
  `select pid, application_name from pg_stat_activity
    where application_name = '${tag}' and datname = current_database()`;

const look = (query: string, limitMs = 10_000): Promise<ProbeLook> =>
  postgresProbe(accessTo(source), query, { limitMs }).look({ signal: never });

const why = (told: ProbeLook): string => ("unknown" in told ? told.unknown : JSON.stringify(told));

async function open(tag: string): Promise<pg.Client> {
  const { host, port, user, password, database } = source;
  const client = new pg.Client({ host, port, user, password, database, application_name: tag });
  client.on("error", () => {});
  await client.connect();
  return client;
}

test("a session is found while it is there, also one between two statements, and clear after it is ended", async () => {
  const session = await open("extractor one");
  await session.query("select 1");
  const there = await look(`${sessions("extractor one")} -- as it was handed in`);
  expect(there).toMatchObject({ clear: false, found: [expect.stringMatching(/^\(\d+,"extractor one"\)$/)] });
  await session.end();
  await expect.poll(() => look(sessions("extractor one"))).toMatchObject({ clear: true });
});

test("a look leaves no session behind", async () => {
  await look("select 1 where false");
  await expect.poll(() => source.sql(sessions("nightdesk-control"))).toEqual([]);
});

test("rows of any form are findings, in a bearable size", async () => {
  const many = await look("select repeat('x', 1000000), i, i as i from generate_series(1, 100000) i");
  expect("found" in many && many.found.length).toBe(20);
  expect("found" in many && many.found.every((line) => line.length <= 200)).toBe(true);
  expect(await look("select null")).toMatchObject({ clear: false });
  expect(await look("select 0")).toMatchObject({ clear: false, found: ["(0)"] });
  expect(await look("select E'two\\nlines' as probe")).toMatchObject({ found: ["two lines"] });
  expect(await look(`select '${source.password}'`)).toMatchObject({ found: ["(***)"] });
});

test.each([
  ["insert into written values (1) returning i", "syntax error"],
  ["delete from written", "syntax error"],
  ["select 1 where false) as p; insert into written values (1); select (1", "multiple commands"],
  ["with w as (insert into written values (1) returning i) select * from w", "must be at the top level"],
  ["select set_config('transaction_read_only', 'off', true)", "read-write mode must be set before any query"],
  ["select writes()", "cannot execute INSERT in a read-only transaction"],
  ["select nextval('none')", "does not exist"],
  ["select * from pg_authid", "permission denied"],
  ["selekt", "syntax error"],
])("%s is refused: unknown, in the server's words", async (query, words) => {
  const told = await look(query);
  expect(why(told)).toContain(words);
  expect("unknown" in told).toBe(true);
  expect(await source.sql("select * from written")).toEqual([]);
});

test("a query that takes too long is unknown, and has ended at the source", async () => {
  expect(why(await look("select pg_sleep(600)::text", 300))).toContain("no answer within 0.3 s");
  await expect.poll(() => source.sql(sessions("nightdesk-control"))).toEqual([]);
});

test("a look that is given up rejects with the reason, and has ended at the source", async () => {
  const ending = new AbortController();
  const probe = postgresProbe(accessTo(source), "select pg_sleep(600)::text", { limitMs: 10_000 });
  const looking = probe.look({ signal: ending.signal });
  looking.catch(() => {});
  await expect.poll(() => source.sql(sessions("nightdesk-control"))).toHaveLength(1);
  const reason = new Error("Ctrl-C");
  ending.abort(reason);
  await expect(looking).rejects.toBe(reason);
  await expect.poll(() => source.sql(sessions("nightdesk-control"))).toEqual([]);
});

test("refused, silent, or another password: unknown, and no secret is told", async () => {
  const quiet = createServer();
  await new Promise<void>((listening) => quiet.listen(0, "127.0.0.1", listening));
  onTestFinished(() => void quiet.close());
  const { port } = quiet.address() as AddressInfo;
  const at = async (changes: { port?: number; password?: string; database?: string }): Promise<string> => {
    const { password = source.password, ...configuration } = changes;
    const access = { ...accessTo(source, configuration), password };
    // Only who is silent is to reach the limit.
    const limitMs = changes.port === port ? 500 : 60_000;
    const told = await postgresProbe(access, "select 1 where false", { limitMs }).look({
      signal: never,
    });
    expect(JSON.stringify(told)).not.toContain("CANARY-");
    expect("unknown" in told).toBe(true);
    return why(told);
  };
  expect(await at({ port })).toContain("no answer within 0.5 s");
  expect(await at({ port: 1 })).toContain("nothing accepts connections there");
  expect(await at({ password: "CANARY-wrong" })).toContain("was not accepted");
  expect(await at({ database: "nobody" })).toContain('no database "nobody"');
});

test("what docs/probes.md warns of: without pg_read_all_stats the state of others is not seen, their names are", async () => {
  const [{ pid } = { pid: 0 }] = await source.sql<{ pid: number }>("select pg_backend_pid() as pid");
  const byState = await look(
    `select pid from pg_stat_activity where pid = ${String(pid)} and state is not null`,
  );
  expect(byState).toMatchObject({ clear: true });
  const byName = await look(
    `select application_name from pg_stat_activity where pid = ${String(pid)} and usename is not null`,
  );
  expect(byName).toMatchObject({ clear: false, found: ["(nightdesk-test)"] });
});

test.each([
  ["plain", { mode: "disable" as const }, false],
  ["over TLS that is verified", { mode: "verify-full" as const, ca: localhostCertificate }, true],
])("a lookup that is handed in leads the connection: %s", async (_, ssl, tls) => {
  const proxy = await startProxy(source, { tls });
  const asked: string[] = [];
  const access = accessTo(source, { host: "localhost", port: proxy.port, ssl });
  const lookedUp = (address: string): Promise<ProbeLook> =>
    postgresProbe(access, "select 1 where false", {
      limitMs: 10_000,
      lookup: guardedLookup((host, _options, callback) => {
        asked.push(host);
        callback(null, [{ address, family: 4 }]);
      }),
    }).look({ signal: never });
  expect(await lookedUp("127.0.0.1")).toMatchObject({ clear: true });
  expect(asked).toEqual(["localhost"]);
  expect(why(await lookedUp("169.254.169.254"))).toContain("own network");
});
