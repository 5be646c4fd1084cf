/** How a connection comes about, or fails in one line without a secret. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { PostgresConfiguration } from "../src/model/definitions.ts";
import { FatalSourceError, RetryableSourceError, StoppedError } from "../src/model/errors.ts";
import type { SourceAccess } from "../src/model/source.ts";
import { postgresSource } from "../src/sources/postgres/index.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { localhostCertificate, startProxy } from "./support/source-proxy.ts";
import {
  accessTo,
  never,
  openControl,
  openSession,
  readTable,
  reasonOf,
  tableOf,
} from "./support/source-reading.ts";

const awkward = "CANARY-p@s/w?r#d%:1 '\"";
let source: TestDatabase;
let role: string;

beforeAll(async () => {
  source = await createDatabase("source_connect");
  role = `${source.user}_awkward`;
  await source.sql(`create role "${role}" login password 'CANARY-p@s/w?r#d%:1 ''"'`);
});
afterAll(async () => {
  await source.sql(`drop role "${role}"`);
  await source.end();
});

type Failure = FatalSourceError | RetryableSourceError;

/** Both ends fail alike; nothing anyone could log of it holds the password. */
async function failureOf(access: SourceAccess, kind: new (...args: never[]) => Failure): Promise<string> {
  const lines: string[] = [];
  for (const attempt of [
    () => postgresSource.open(access, "nd:test", { signal: never }),
    () => postgresSource.control(access, { signal: never }),
  ]) {
    const error = await reasonOf(attempt());
    expect(error).toBeInstanceOf(kind);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/CANARY|p%40s/);
    lines.push((error as Failure).line);
  }
  const [line = ""] = lines;
  expect(lines).toEqual([line, line]);
  expect(line).not.toContain("\n");
  expect(line).toContain(`("SAP ECC" at ${access.configuration.host}:${String(access.configuration.port)})`);
  return line;
}

test("a password of any characters logs in", async () => {
  const session = await openSession({ ...accessTo(source, { user: role }), password: awkward });
  expect(session.id.pid).toBeGreaterThan(0);
});

test.each(["CANARY-wr@ng/?#%:", "CANARY", ""])("the wrong password %j", async (password) => {
  const line = await failureOf({ ...accessTo(source), password }, FatalSourceError);
  expect(line).toContain(`the password of user "${source.user}" was not accepted`);
});

test("an unknown database", async () => {
  const line = await failureOf(accessTo(source, { database: "no_such" }), FatalSourceError);
  expect(line).toContain('there is no database "no_such"');
});

test("a refused port", async () => {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  const line = await failureOf(accessTo(source, { host: "127.0.0.1", port }), RetryableSourceError);
  expect(line).toContain("nothing accepts connections there");
});

test("a host that does not exist", async () => {
  const access = accessTo(source, { host: "no-such-host.invalid" });
  const error = await reasonOf(postgresSource.open(access, "nd:test", { signal: never }));
  expect((error as Failure).line).toMatch(/no-such-host.invalid" (is not known|cannot be looked up now)/);
});

test("too many connections", async () => {
  await source.sql(`alter role "${role}" connection limit 0`);
  onTestFinished(async () => void (await source.sql(`alter role "${role}" connection limit -1`)));
  const access = { ...accessTo(source, { user: role }), password: awkward };
  const line = await failureOf(access, RetryableSourceError);
  expect(line).toContain("too many connections for role");
});

test("a server that closes at once", async () => {
  const listener = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(listener, "listening");
  onTestFinished(() => void listener.close());
  const { port } = listener.address() as AddressInfo;
  const line = await failureOf(accessTo(source, { host: "127.0.0.1", port }), RetryableSourceError);
  expect(line).toContain("check host, port and the network");
});

/** A listener that takes connections and never says a word. */
async function silentServer(): Promise<{ port: number; sockets: Socket[]; connected: Promise<unknown> }> {
  const sockets: Socket[] = [];
  const listener = createServer((socket) => sockets.push(socket.on("error", () => {}).resume())).listen(
    0,
    "127.0.0.1",
  );
  await once(listener, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return { port: (listener.address() as AddressInfo).port, sockets, connected: once(listener, "connection") };
}

test.each(["disable", "require"] as const)(
  "an abort ends the wait for a silent server (%s)",
  async (mode) => {
    const { port, sockets, connected } = await silentServer();
    const stop = new AbortController();
    const access = accessTo(source, { host: "127.0.0.1", port, ssl: { mode } });
    const opening = postgresSource.open(access, "nd:test", { signal: stop.signal });
    await connected;
    const [socket] = sockets;
    if (socket === undefined) throw new Error("nobody connected");
    const closed = once(socket, "close");
    stop.abort({ by: "shutdown" });
    await expect(opening).rejects.toBeInstanceOf(StoppedError);
    await closed;
  },
);

test("with an aborted signal nothing connects", async () => {
  const { port, sockets } = await silentServer();
  const access = accessTo(source, { host: "127.0.0.1", port });
  await expect(
    postgresSource.open(access, "nd:test", { signal: AbortSignal.abort("stop") }),
  ).rejects.toBeInstanceOf(StoppedError);
  expect(sockets).toEqual([]);
});

test("the session carries its tag and its settings", async () => {
  await source.sql(`create view settings as
    select name, setting from pg_settings where name in ('TimeZone', 'statement_timeout', 'default_transaction_read_only',
      'client_encoding', 'idle_in_transaction_session_timeout', 'client_connection_check_interval', 'application_name')`);
  const session = await openSession(accessTo(source), "nd:tagged");
  const settings = Object.fromEntries(await readTable(session, tableOf("settings"))) as Record<
    string,
    string
  >;
  expect(settings).toEqual({
    TimeZone: "UTC",
    application_name: "nd:tagged",
    client_connection_check_interval: "500",
    client_encoding: "UTF8",
    default_transaction_read_only: "on",
    idle_in_transaction_session_timeout: "0",
    statement_timeout: "0",
  });
  const listed = await source.sql("select pid, application_name from pg_stat_activity where pid = $1", [
    session.id.pid,
  ]);
  expect(listed).toEqual([{ pid: session.id.pid, application_name: "nd:tagged" }]);
});

test("a session that the source ends while idle is an error of the next read, not a crash", async () => {
  const session = await openSession(accessTo(source));
  await source.sql("select pg_terminate_backend($1, 5000)", [session.id.pid]);
  await expect(session.describe(tableOf("settings"), { signal: never })).rejects.toBeInstanceOf(
    RetryableSourceError,
  );
  await session.close();
});

const ca = localhostCertificate;

test.each<[string, PostgresConfiguration["ssl"]]>([
  ["require", { mode: "require" }],
  ["verify-full with the CA", { mode: "verify-full", ca }],
])("TLS: %s", async (_name, ssl) => {
  const proxy = await startProxy(source, { tls: true });
  const access = accessTo(source, { host: "localhost", port: proxy.port, ssl });
  const session = await openSession(access);
  const control = await openControl(access);
  const list = await control.sessions("nd:none", [session.id], { signal: never });
  expect(list.sessions.map(({ pid }) => pid)).toEqual([session.id.pid]);
});

test.each<[string, boolean, Partial<PostgresConfiguration>]>([
  ["a certificate nobody vouches for", true, { host: "localhost", ssl: { mode: "verify-full" } }],
  ["a certificate of another host", true, { host: "127.0.0.1", ssl: { mode: "verify-full", ca } }],
  ["a server without TLS", false, { host: "localhost", ssl: { mode: "require" } }],
])("TLS is refused: %s", async (_name, tls, changes) => {
  const proxy = await startProxy(source, { tls });
  const line = await failureOf(accessTo(source, { ...changes, port: proxy.port }), FatalSourceError);
  expect(line).toContain(`TLS (mode ${changes.ssl?.mode ?? ""}) failed`);
});
