import pg from "pg";
import { startPostgres, type PostgresServer } from "../src/demo/postgres-server.ts";

/** A real PostgreSQL of this measurement, on a free port, its files below `folder`. */
export async function startSource(folder: string): Promise<PostgresServer> {
  return startPostgres({
    home: folder,
    searchPath: process.env["PATH"],
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off" },
    signal: AbortSignal.timeout(120_000),
  });
}

export async function connectTo(
  { host, port, user, password, database }: PostgresServer,
  name: string,
): Promise<pg.Client> {
  const client = new pg.Client({ host, port, user, password, database, application_name: name });
  await client.connect();
  return client;
}

/** Twelve columns as accounting documents have them: every kind the reader knows, Unicode, nulls. */
export const columns = [
  ["belnr", "varchar(10)", "VARCHAR"],
  ["buzei", "smallint", "SMALLINT"],
  ["bukrs", "varchar(4)", "VARCHAR"],
  ["dmbtr", "numeric(15,2)", "DECIMAL(15,2)"],
  ["menge", "numeric(13,3)", "DECIMAL(13,3)"],
  ["paobjnr", "bigint", "BIGINT"],
  ["gjahr", "integer", "INTEGER"],
  ["sgtxt", "text", "VARCHAR"],
  ["zfbdt", "date", "DATE"],
  ["augdt", "date", "DATE"],
  ["xnegp", "boolean", "BOOLEAN"],
  ["upd_tmstmp", "timestamptz", "TIMESTAMPTZ"],
] as const;

/** Fills a table `name` with `rows` rows from integer hashes. */
export async function fill(client: pg.Client, name: string, rows: number): Promise<void> {
  await client.query(
    `CREATE TABLE ${name} (${columns.map(([column, type]) => `${column} ${type}`).join(", ")})`,
  );
  await client.query(`INSERT INTO ${name}
    SELECT lpad((n / 4)::text, 10, '0'), (n % 4)::smallint, (ARRAY['1000','2000','JP10'])[1 + x % 3],
      (x % 100000000) * 0.01, CASE WHEN x % 4 > 0 THEN (x % 90000) * 0.001 END, x::bigint * 4099, 2024 + x % 3,
      CASE x % 5 WHEN 0 THEN NULL WHEN 1 THEN 'Rechnung Müller & Söhne ' || x WHEN 2 THEN '請求書 東京支店' ELSE 'Wareneingang ' || n END,
      date '2024-01-01' + (x % 1000), CASE WHEN x % 3 > 0 THEN date '2024-02-01' + (x % 1000) END, x % 50 = 0,
      timestamptz '2024-01-01 00:00:00.000001+00' + x * interval '1 microsecond'
    FROM generate_series(1, ${String(rows)}) AS n,
      LATERAL (SELECT abs((n::bigint * 2654435761 % 2147483647)::integer) AS x) AS hashed`);
  await client.query(`ANALYZE ${name}`);
}
