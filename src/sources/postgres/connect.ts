import { Socket, type LookupFunction } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { Client, type QueryResultRow, type Submittable } from "pg";
import { guardAddress } from "../../base/reach.ts";
import { StoppedError } from "../../model/errors.ts";
import type { SourceSessionId } from "../../model/execution.ts";
import type { SourceAccess } from "../../model/source.ts";
import { bounded } from "./bounded.ts";
import { cancelRequest } from "./cancel-request.ts";
import { connectError, placeOf } from "./errors.ts";

/** For a session of a run. */
const usualLimitMs = 10_000;
const cancelLimitMs = 2_000;
const goodbyeLimitMs = 2_000;

/**
 * Settings of every session, applied where the server knows them. The source's own limits would end a long
 * extraction; the formats make every text that is cast at the source the same on every server.
 */
const settings: [name: string, value: string][] = [
  ["client_encoding", "UTF8"],
  ["statement_timeout", "0"],
  ["idle_in_transaction_session_timeout", "0"],
  ["idle_session_timeout", "0"],
  ["default_transaction_read_only", "on"],
  ["TimeZone", "UTC"],
  ["DateStyle", "ISO, YMD"],
  ["IntervalStyle", "postgres"],
  ["extra_float_digits", "3"],
  ["bytea_output", "hex"],
  ["lc_monetary", "C"],
  // A backslash in a quoted value is a backslash, also to filter.ts.
  ["standard_conforming_strings", "on"],
];

/** How often a working backend looks whether its client is still there; PostgreSQL 14 or newer, not on every system. */
const watchClient =
  "select set_config(name, '500', false) from pg_settings where name = 'client_connection_check_interval'";

/** A connection to the source, and the ways to end it. */
export class Link {
  readonly access: SourceAccess;
  readonly id: SourceSessionId;
  readonly #client: Client;
  readonly #destroy: () => Promise<void>;
  readonly #cancelKey: { pid: number; secret: number };
  #gone = false;
  #killing: Promise<void> | null = null;

  constructor(parts: {
    access: SourceAccess;
    id: SourceSessionId;
    client: Client;
    cancelKey: { pid: number; secret: number };
    destroy: () => Promise<void>;
  }) {
    this.access = parts.access;
    this.id = parts.id;
    this.#client = parts.client;
    this.#cancelKey = parts.cancelKey;
    this.#destroy = parts.destroy;
    parts.client.once("end", () => {
      this.#gone = true;
    });
  }

  /** Rows of one statement with its parameters. Rejects with the driver's own error. */
  async rows<Row extends QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    // The extended protocol takes one statement only, also without parameters.
    const query = { text: sql, values, queryMode: "extended" };
    return (await this.#client.query<Row>(query)).rows;
  }

  submit<T extends Submittable>(query: T): T {
    return this.#client.query(query);
  }

  /**
   * Ends the running statement at the source and the session: a cancel request, and the socket destroyed, because
   * a backend that is held back in sending notices only that. Safe to call twice; never rejects.
   */
  kill(): Promise<void> {
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  async #kill(): Promise<void> {
    if (this.#gone) return;
    const { remoteAddress, remotePort } = this.#client.connection.stream as Socket;
    const asked =
      remoteAddress === undefined || remotePort === undefined
        ? Promise.resolve()
        : cancelRequest(
            {
              // The address of this very session: the name may stand for several servers.
              address: remoteAddress,
              port: remotePort,
              tls: tlsOf(this.access),
              ...this.#cancelKey,
            },
            cancelLimitMs,
          );
    await Promise.all([asked, this.#destroy()]);
  }

  /** Says goodbye to an idle session; by force if that takes long. Never rejects. */
  async close(): Promise<void> {
    if (this.#killing !== null) return await this.#killing;
    if (this.#gone) return;
    const limit = setTimeout(() => void this.#destroy(), goodbyeLimitMs);
    try {
      await this.#client.end();
    } catch {
      await this.#destroy();
    } finally {
      clearTimeout(limit);
    }
  }
}

/**
 * Connects and prepares the session.
 * @param lookup of the host's name where others say what it is (`guardedLookup`); absent: the system's own.
 * @throws FatalSourceError | RetryableSourceError without secrets; StoppedError when `signal` aborts.
 */
export async function connectLink(
  access: SourceAccess,
  applicationName: string,
  {
    signal,
    limitMs = usualLimitMs,
    lookup,
  }: { signal: AbortSignal; limitMs?: number; lookup?: LookupFunction },
): Promise<Link> {
  if (signal.aborted) throw stoppedWhile("connect to the source", access, signal, true);
  if (lookup !== undefined) guardAddress(access.configuration.host);
  const client = clientFor(access, applicationName, lookup);
  const firstSocket = client.connection.stream;
  let reached = false;
  firstSocket.once("connect", () => {
    reached = true;
  });
  const closed = new Promise<void>((resolve) => {
    client.once("end", () => {
      resolve();
    });
  });
  const destroy = async (): Promise<void> => {
    // With TLS there are two: the one inside, which replaced the first, and the first.
    client.connection.stream.destroy();
    firstSocket.destroy();
    await closed;
  };
  const cancelKey = { pid: 0, secret: 0 };
  client.connection.once("backendKeyData", (message: { processID: number; secretKey: number }) => {
    cancelKey.pid = message.processID;
    cancelKey.secret = message.secretKey;
  });
  // A socket that fails later fails the statement that runs, or the next one; nobody else needs to hear it.
  client.on("error", () => undefined);
  try {
    const id = await bounded(
      async () => {
        await client.connect();
        return await prepare(client);
      },
      { end: destroy, limitMs, signal },
    );
    return new Link({ access, id, client, cancelKey, destroy });
  } catch (error) {
    await destroy();
    // Nobody was reached, or the server itself said no: its backend is gone then. A login that was cut off in
    // the middle may have left one.
    const refused = error instanceof Error && "severity" in error && !signal.aborted;
    const noSession = !reached || refused;
    if (signal.aborted) throw stoppedWhile("connect to the source", access, signal, noSession);
    throw connectError(error, access, noSession);
  }
}

export function stoppedWhile(
  operation: string,
  access: SourceAccess,
  signal: AbortSignal,
  noSession = false,
): StoppedError {
  return new StoppedError("stopped", { operation, place: placeOf(access), noSession, cause: signal.reason });
}

function clientFor(access: SourceAccess, applicationName: string, lookup?: LookupFunction): Client {
  const { host, port, database, user } = access.configuration;
  return new Client({
    host,
    port,
    database,
    user,
    // A function: for an empty string the driver would look into the environment and ~/.pgpass.
    password: () => access.password,
    ssl: tlsOf(access) ?? false,
    application_name: applicationName,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    ...(lookup === undefined ? {} : { stream: () => new LookingSocket(lookup) }),
  });
}

/** The driver calls `connect(port, host)` and knows no other way to look up a name. */
class LookingSocket extends Socket {
  readonly #lookup: LookupFunction;

  constructor(lookup: LookupFunction) {
    super();
    this.#lookup = lookup;
  }

  override connect(...to: unknown[]): this {
    const [port, host] = to;
    if (typeof port !== "number" || typeof host !== "string")
      throw new Error("a connection to no host and port");
    return super.connect({ port, host, lookup: this.#lookup });
  }
}

function tlsOf({ configuration: { host, ssl } }: SourceAccess): ConnectionOptions | null {
  switch (ssl.mode) {
    case "disable":
      return null;
    case "require":
      return { rejectUnauthorized: false };
    case "verify-full":
      return { rejectUnauthorized: true, host, ...(ssl.ca === undefined ? {} : { ca: ssl.ca }) };
  }
}

async function prepare(client: Client): Promise<SourceSessionId> {
  await client.query(
    `select set_config(wanted.name, wanted.value, false)
       from unnest($1::text[], $2::text[]) as wanted(name, value)
       join pg_settings known on lower(known.name) = lower(wanted.name)`,
    [settings.map(([name]) => name), settings.map(([, value]) => value)],
  );
  try {
    await client.query(watchClient);
  } catch (error) {
    // Only the server's "not on this platform" may be passed over; a dead socket shows in the next query.
    if (!(error instanceof Error && "severity" in error)) throw error;
  }
  const { rows } = await client.query<Required<SourceSessionId>>(
    `select pid, backend_start::text as "startedAt", pg_postmaster_start_time()::text as "serverStartedAt"
       from pg_stat_activity where pid = pg_backend_pid()`,
  );
  const [own] = rows;
  if (own === undefined) throw new Error("the server does not list this session in pg_stat_activity");
  return own;
}
