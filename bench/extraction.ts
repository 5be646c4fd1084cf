/**
 * How fast rows get from a real PostgreSQL into a pool: the whole path of a real server (job, pool's process,
 * binary COPY, staging, swap, log), from `execute` to SUCCESS as seen over HTTP (asked every 30 ms), against
 *   (a) DuckDB alone: CREATE OR REPLACE TABLE ... AS from a Parquet file of the same rows,
 *   (b) the usual way by hand: COPY ... TO STDOUT (FORMAT csv) into a file, then DuckDB's read_csv into a table.
 * DuckDB has the settings of a pool (512 MiB, 2 threads, a file), rows replace those of the round before on all
 * sides, and all three tables must have one fingerprint at the end.
 */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import type pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { queryPool } from "../test/support/nightdesk.ts";
import { interleave, pairwise, secondsOf, type Bench } from "./figure.ts";
import { columns, fillLines, fingerprintOf, makeLineJob, runToSuccess } from "./finance-lines.ts";
import { Stage } from "./stage.ts";

const table = "BSEG";

export const benchExtraction: Bench = ({ quick, say }) =>
  Stage.with(async (stage) => {
    const rows = quick ? 200_000 : 3_000_000;
    const source = await stage.postgres();
    const session = await stage.session(source);
    say(`filling ${String(rows)} rows`);
    await fillLines(session, table, rows);

    const server = await stage.nightdesk("home");
    const job = await makeLineJob(server, source, table);
    const duckdb = await openDuckDb(stage);
    const csv = join(stage.folder, "lines.csv");
    const parquet = join(stage.folder, "lines.parquet");
    const byHand = async (): Promise<void> => {
      await copyCsv(session, csv);
      await duckdb.run(`CREATE OR REPLACE TABLE by_hand AS ${selectFromCsv(csv)}`);
    };
    const fromParquet = `CREATE OR REPLACE TABLE from_parquet AS SELECT * FROM read_parquet('${parquet}')`;

    // Once each, not counted: it makes the Parquet file, opens the pool's process and warms every cache.
    await byHand();
    await duckdb.run(`COPY by_hand TO '${parquet}' (FORMAT parquet)`);
    await duckdb.run(fromParquet);
    await runToSuccess(server, job);

    const seconds = await interleave(quick ? 1 : 5, {
      ours: async (round) => {
        const taken = await secondsOf(() => runToSuccess(server, job));
        say(`round ${String(round + 1)}: ours ${taken.toFixed(2)} s`);
        return taken;
      },
      parquet: () => secondsOf(() => duckdb.run(fromParquet)),
      csv: () => secondsOf(byHand),
    });

    const [ours] = await queryPool(server, job.path, fingerprintOf(`"${table}"`));
    for (const made of ["from_parquet", "by_hand"]) {
      const [theirs] = (await duckdb.runAndReadAll(fingerprintOf(made))).getRowsJson();
      if (ours?.[0] !== String(rows) || JSON.stringify(ours) !== JSON.stringify(theirs))
        throw new Error(
          `rows differ: ${JSON.stringify(ours)} in the pool, ${JSON.stringify(theirs)} in ${made}`,
        );
    }

    const rate = (taken: number[]): number[] => taken.map((one) => rows / one);
    const figure = { bench: "extraction", ours: rate(seconds.ours), unit: "rows/s" };
    return [
      pairwise({
        ...figure,
        name: "rows/s: a job / DuckDB from Parquet",
        limit: rate(seconds.parquet),
        goal: { sign: ">=", value: 0.5 },
      }),
      pairwise({
        ...figure,
        name: "rows/s: a job / COPY csv + read_csv",
        limit: rate(seconds.csv),
        goal: { sign: ">=", value: 1 },
      }),
    ];
  });

/** As a pool's process opens its file. */
async function openDuckDb(stage: Stage): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(join(stage.folder, "limit.duckdb"), {
    threads: "2",
    memory_limit: "512MiB",
  });
  stage.later(async () => instance.closeSync());
  const connection = await instance.connect();
  stage.later(async () => connection.disconnectSync());
  await connection.run("SET TimeZone = 'UTC'");
  return connection;
}

async function copyCsv(session: pg.Client, file: string): Promise<void> {
  const names = columns.map(([name]) => `"${name}"`).join(", ");
  const copy = session.query(copyTo(`COPY (SELECT ${names} FROM "${table}") TO STDOUT (FORMAT csv)`));
  await pipeline(copy, createWriteStream(file));
}

/** Types are said, not guessed: that is faster, and the same table comes out. */
function selectFromCsv(file: string): string {
  const types = columns.map(([name, type]) => `'${name}': '${type}'`).join(", ");
  return `SELECT * FROM read_csv('${file}', header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
    nullstr = '', allow_quoted_nulls = false, columns = {${types}})`;
}
