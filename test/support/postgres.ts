import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import type { TestServer } from "./global-setup.ts";

/** A database of one test file, and a user of it with no more rights than a source system would give. */
export interface TestDatabase {
  host: string;
  port: number;
  database: string;
  /** May log in and read every table, present and to come; not a superuser. */
  user: string;
  /** Begins with `CANARY-`: search for it where no secret may be. */
  password: string;
  superuser: { user: string; password: string };
  /** Runs as superuser, one statement after the other in one session; bigint and numeric come back as text. */
  sql<Row extends pg.QueryResultRow = Record<string, unknown>>(
    text: string,
    params?: unknown[],
  ): Promise<Row[]>;
  /** Drops the database, whoever is still connected, and the user. */
  end(): Promise<void>;
}

/**
 * Makes a database on the PostgreSQL of this test run; `name` is a hint, the real name is unique. `encoding`: another
 * one than the server's own, as PostgreSQL spells it.
 */
export async function createDatabase(
  name = "test",
  { encoding }: { encoding?: string } = {},
): Promise<TestDatabase> {
  const server = inject("postgres");
  const unique = `${name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .slice(0, 30)}_${randomBytes(5).toString("hex")}`;
  const user = `nd_reader_${unique}`;
  const password = `CANARY-${randomBytes(12).toString("hex")}`;

  await asSuperuser(server, async (client) => {
    const other = `ENCODING '${encoding ?? ""}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`;
    await client.query(`CREATE DATABASE ${unique} ${encoding === undefined ? "" : other}`);
    await client.query(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'`);
  });
  const session = await connect(server, unique);
  await session.query(`GRANT USAGE ON SCHEMA public TO ${user}`);
  await session.query(`ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO ${user}`);
  await session.query(`ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ${user}`);

  return {
    host: server.host,
    port: server.port,
    database: unique,
    user,
    password,
    superuser: { user: server.user, password: server.password },
    sql: async <Row extends pg.QueryResultRow>(text: string, params?: unknown[]) =>
      (await session.query<Row>(text, params)).rows,
    end: async () => {
      await session.end();
      await asSuperuser(server, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${unique} WITH (FORCE)`);
        await client.query(`DROP ROLE IF EXISTS ${user}`);
      });
    },
  };
}

async function connect(server: TestServer, database: string): Promise<pg.Client> {
  const { host, port, user, password } = server;
  const client = new pg.Client({ host, port, user, password, database, application_name: "nightdesk-test" });
  // A test may end this session at the server; the next query then says so.
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function asSuperuser(server: TestServer, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = await connect(server, server.database);
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
