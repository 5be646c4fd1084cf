/** The rows that are moved: 12 mixed columns of accounting lines, from integer arithmetic, the same everywhere. */
import type pg from "pg";
import { makeExtractionJob, until } from "../test/support/nightdesk.ts";
import { makePool, type ServedNightdesk, type SourceDatabase } from "./stage.ts";

/** Column and its type in DuckDB, as our own extraction stores it. */
export const columns: readonly (readonly [name: string, type: string])[] = [
  ["BUKRS", "VARCHAR"],
  ["BELNR", "VARCHAR"],
  ["GJAHR", "INTEGER"],
  ["BUZEI", "SMALLINT"],
  ["SHKZG", "VARCHAR"],
  ["DMBTR", "DECIMAL(15,2)"],
  ["PAOBJNR", "BIGINT"],
  ["SGTXT", "VARCHAR"],
  ["BUDAT", "DATE"],
  ["AUGDT", "DATE"],
  ["XNEGP", "BOOLEAN"],
  ["UPD_TMSTMP", "TIMESTAMP WITH TIME ZONE"],
];

/** Makes the table and fills it; text with Unicode, empty texts and nulls among them. */
export async function fillLines(client: pg.Client, table: string, rows: number): Promise<void> {
  await client.query(`
    CREATE UNLOGGED TABLE "${table}" (
      "BUKRS" varchar(4) NOT NULL, "BELNR" varchar(10) NOT NULL, "GJAHR" integer NOT NULL, "BUZEI" smallint NOT NULL,
      "SHKZG" varchar(1) NOT NULL, "DMBTR" numeric(15,2) NOT NULL, "PAOBJNR" bigint NOT NULL, "SGTXT" text,
      "BUDAT" date NOT NULL, "AUGDT" date, "XNEGP" boolean NOT NULL, "UPD_TMSTMP" timestamptz NOT NULL
    )`);
  await client.query(
    `INSERT INTO "${table}"
     SELECT (ARRAY['1000', '2000', '3000', 'JP01'])[1 + a % 4], lpad((100000000 + n / 5)::text, 10, '0'),
       2023 + n * 3 / $1, 1 + n % 5, CASE WHEN n % 5 = 0 THEN 'S' ELSE 'H' END, (a % 900000000)::numeric * 0.01,
       n::bigint * 100000 + a % 7,
       CASE a % 10 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE
         (ARRAY['Rechnung Müller & Söhne GmbH', '請求書 東京支店', 'Zahlung erhalten 💶', 'Freight Kraków → Göteborg',
           'Wareneingang', 'Skonto 2 %', 'Line with "quotes" and, commas'])[1 + a % 7] || ' ' || a % 100000 END,
       date '2023-01-02' + (n * 900 / $1)::int, CASE WHEN a % 4 <> 0 THEN date '2023-01-02' + (a % 945)::int END,
       a % 50 = 0, to_timestamp(1672617600 + n * 77760000 / $1 + (a % 1000000) * 0.000001)
     FROM (SELECT n, ((n * 2654435761) & 4294967295) # (n >> 7) AS a FROM generate_series(0, $1::bigint - 1) AS n) AS number`,
    [rows],
  );
  await client.query(`VACUUM ANALYZE "${table}"`);
}

/** One row that is the same only for the same rows: their number, and a hash over all columns. For DuckDB. */
export function fingerprintOf(table: string): string {
  const names = columns.map(([name]) => `"${name}"`).join(", ");
  return `SELECT count(*)::VARCHAR, bit_xor(hash(${names}))::VARCHAR, sum("DMBTR")::VARCHAR FROM ${table}`;
}

export interface LineJob {
  poolId: string;
  jobId: string;
  /** Of the job, to its routes. */
  path: string;
}

/** A pool with a connection to the source, without a limit of rows per second, and a job that extracts the table. */
export async function makeLineJob(
  server: ServedNightdesk,
  source: SourceDatabase,
  table: string,
): Promise<LineJob> {
  const pool = await makePool(server, source);
  const job = await makeExtractionJob(server, pool, `load ${table}`, [table]);
  return { poolId: pool.poolId, ...job };
}

/** From `execute` to SUCCESS. @throws Error for any other end. */
export async function runToSuccess(server: ServedNightdesk, { poolId, jobId, path }: LineJob): Promise<void> {
  await server.ok("POST", `${path}/execute`, { mode: "FULL" });
  const status = await until(
    async () => {
      const jobs = await server.ok("GET", `/integration/api/pools/${poolId}/logs/status`);
      const { status } = jobs.find(({ id }: { id: string }) => id === jobId);
      return status === "QUEUED" || status === "RUNNING" ? null : status;
    },
    { seconds: 3600 },
  );
  if (status !== "SUCCESS") throw new Error(`the job ended with ${String(status)}`);
}
