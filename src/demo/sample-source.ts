import pg from "pg";
import { DemoError, diskFull, saysDiskFull } from "./demo-error.ts";
import { type SampleSize, fillSteps, sampleSchema, sampleTables, sampleVersion } from "./sample-data.ts";

/** A way into a PostgreSQL. */
export interface PostgresAccess {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  ssl: { mode: "disable" | "require" | "verify-full" };
}

/** SQLSTATE: the role has no right to it. */
const notAllowed = "42501";

/** The database that is made for the sample where the role may. */
export const sampleDatabase = "nightdesk_demo";

/**
 * Fills the sample, unless it is there already in this version and size, and lets `reader` read it.
 * One transaction: a filling that was cut off left nothing behind.
 * @param admin a role that may make databases and roles; one that may make a schema in its database will do.
 * @param onProgress `done` from 0 to 1; not called if there is nothing to fill.
 * @returns the access that the connection of the pool uses: the reader's, or the admin's where no role may be made.
 * @throws DemoError, or the signal's reason.
 */
export async function prepareSample(
  admin: PostgresAccess,
  reader: { user: string; password: string },
  size: SampleSize,
  { onProgress, signal }: { onProgress: (done: number, what: string) => void; signal: AbortSignal },
): Promise<PostgresAccess> {
  try {
    const database = await withClient(admin, { signal }, async (client) =>
      ensureDatabase(client, admin.database),
    );
    const fillIn = (place: string): Promise<PostgresAccess> => {
      const inside = { ...admin, database: place };
      return withClient(inside, { signal }, async (client) => {
        await fill(client, size, onProgress);
        return (await ensureReader(client, reader)) ? { ...inside, ...reader } : inside;
      });
    };
    try {
      return await fillIn(database);
    } catch (error) {
      // Somebody else's sample on the same server: ours goes where the role may.
      if (codeOf(error) !== notAllowed || database === admin.database) throw error;
      return await fillIn(admin.database);
    }
  } catch (error) {
    if (signal.aborted || error instanceof DemoError) throw error;
    throw told(error, admin);
  }
}

function told(error: unknown, { host, port, database, user }: PostgresAccess): DemoError {
  const text = error instanceof Error ? (error.message === "" ? error.name : error.message) : String(error);
  const place = `PostgreSQL at ${host}:${String(port)} (database ${database}, user ${user})`;
  if (saysDiskFull(text) || codeOf(error) === "53100") return diskFull(place, { cause: error });
  return new DemoError(
    `The sample could not be made in ${place}: ${text}.`,
    "Check that address, its password and rights, or unset NIGHTDESK_DEMO_PG_URL to use a PostgreSQL of the demo's own.",
    { cause: error },
  );
}

/** Runs `work` in one session and ends it; an abort ends it at once. */
async function withClient<T>(
  access: PostgresAccess,
  { signal }: { signal: AbortSignal },
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const { host, port, database, user, password, ssl } = access;
  const client = new pg.Client({
    host,
    port,
    database,
    user,
    password,
    ssl: ssl.mode === "disable" ? false : { rejectUnauthorized: ssl.mode === "verify-full" },
    application_name: "nightdesk-demo",
    connectionTimeoutMillis: 15_000,
  });
  client.on("error", () => {});
  const onAbort = (): void => void client.end().catch(() => {});
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
    await client.end().catch(() => {});
  }
}

/** The given database where it holds a sample already, else the sample's own, made if need be and if the role may. */
async function ensureDatabase(client: pg.Client, given: string): Promise<string> {
  const marked = await client.query<{ here: boolean }>(
    `SELECT to_regclass($1 || '.nightdesk_sample') IS NOT NULL AS here`,
    [sampleSchema],
  );
  if (marked.rows[0]?.here === true) return given;
  const found = await client.query(`SELECT 1 FROM pg_database WHERE datname = $1`, [sampleDatabase]);
  if (found.rows.length > 0) return sampleDatabase;
  try {
    await client.query(
      `CREATE DATABASE ${sampleDatabase} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`,
    );
  } catch (error) {
    if (codeOf(error) === notAllowed) return given;
    if (codeOf(error) !== "42P04") throw error; // 42P04: somebody else just made it
  }
  return sampleDatabase;
}

async function fill(
  client: pg.Client,
  size: SampleSize,
  onProgress: (done: number, what: string) => void,
): Promise<void> {
  const wanted = `${String(sampleVersion)}: ${String(size.orders)} orders, ${String(size.documents)} documents`;
  await client.query("BEGIN");
  try {
    // One at a time: two demos may use the same server.
    await client.query("SELECT pg_advisory_xact_lock(hashtext('nightdesk sample'))");
    if ((await filledWith(client)) !== wanted) {
      await client.query(
        `SELECT set_config(name, '2000', true) FROM pg_settings WHERE name = 'client_connection_check_interval'`,
      );
      await client.query(`DROP SCHEMA IF EXISTS ${sampleSchema} CASCADE`);
      await client.query(`CREATE SCHEMA ${sampleSchema}`);
      await client.query(`SET LOCAL search_path = ${sampleSchema}`);
      let done = 0;
      for (const step of fillSteps(size)) {
        onProgress(done, step.what);
        await client.query(step.sql);
        done += step.share;
      }
      await client.query(`CREATE TABLE nightdesk_sample (filled_with text NOT NULL)`);
      await client.query(`INSERT INTO nightdesk_sample VALUES ($1)`, [wanted]);
      onProgress(1, "done");
    }
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

/** What the sample there is filled with; null if there is none. @throws DemoError if the schema is somebody else's. */
async function filledWith(client: pg.Client): Promise<string | null> {
  const { rows } = await client.query<{ encoding: string; schema: boolean; marked: boolean }>(
    `SELECT current_setting('server_encoding') AS encoding, to_regnamespace($1) IS NOT NULL AS schema,
      to_regclass($1 || '.nightdesk_sample') IS NOT NULL AS marked`,
    [sampleSchema],
  );
  const facts = rows[0];
  if (facts?.encoding !== "UTF8") {
    throw new DemoError(
      `The database is in ${String(facts?.encoding)}, and the sample needs UTF8.`,
      "Name a database in UTF8 in NIGHTDESK_DEMO_PG_URL.",
    );
  }
  if (facts.schema && !facts.marked) {
    throw new DemoError(
      `The database has a schema ${sampleSchema} that is not the demo's; it stays as it is.`,
      "Name another database in NIGHTDESK_DEMO_PG_URL.",
    );
  }
  if (!facts.marked) return null;
  const marker = await client.query<{ filled_with: string }>(
    `SELECT filled_with FROM ${sampleSchema}.nightdesk_sample`,
  );
  return marker.rows[0]?.filled_with ?? null;
}

/** A role that may log in and read the sample, nothing else. False where we may make none. */
async function ensureReader(
  client: pg.Client,
  { user, password }: { user: string; password: string },
): Promise<boolean> {
  const name = client.escapeIdentifier(user);
  const secret = client.escapeLiteral(password);
  const found = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [user]);
  try {
    await client.query(`${found.rows.length > 0 ? "ALTER" : "CREATE"} ROLE ${name} LOGIN PASSWORD ${secret}`);
  } catch (error) {
    if (codeOf(error) === notAllowed) return false;
    throw error;
  }
  await client.query(`GRANT USAGE ON SCHEMA ${sampleSchema} TO ${name}`);
  const tables = sampleTables.map((table) => `${sampleSchema}.${client.escapeIdentifier(table)}`);
  await client.query(`GRANT SELECT ON ${tables.join(", ")} TO ${name}`);
  await client.query(`ALTER ROLE ${name} SET search_path = ${sampleSchema}`);
  return true;
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

/**
 * The address in NIGHTDESK_DEMO_PG_URL: `postgresql://user:password@host:5432/database?sslmode=require`.
 * Without sslmode: disable.
 * @throws DemoError that does not repeat it, because it holds a password.
 */
export function accessIn(address: string): PostgresAccess {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === "" || url.username === "") {
    throw noAddress("is not an address of a PostgreSQL");
  }
  const mode = url.searchParams.get("sslmode") ?? "disable";
  // A mode that we do not do must not quietly become a weaker one.
  if (mode !== "disable" && mode !== "require" && mode !== "verify-full") {
    throw new DemoError(
      "The sslmode in NIGHTDESK_DEMO_PG_URL is none that is done here.",
      "Write sslmode=disable, sslmode=require or sslmode=verify-full; without one it is disable.",
    );
  }
  const user = decoded(url.username);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 5432 : Number(url.port),
    database: decoded(url.pathname.slice(1)) || user,
    user,
    password: decoded(url.password),
    ssl: { mode },
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw noAddress("has a % that does not begin an escape");
  }
}

function noAddress(what: string): DemoError {
  return new DemoError(
    `NIGHTDESK_DEMO_PG_URL ${what}.`,
    "Write it as postgresql://user:password@host:5432/database, with %25 for a % and %40 for an @ in user or password.",
  );
}
