/** The tables at the source of every fault, and SQL that behaves badly. */
import type { TestDatabase } from "./postgres.ts";

/** Of BSEG, a kilobyte each: they fill every socket on the way. */
const manyRows = 30_000;

/** BSEG with that many rows, BKPF with a hundred; functions that swallow a cancel, and that compute for a time. */
export async function makeTables(source: Pick<TestDatabase, "sql">, rows = manyRows): Promise<void> {
  // computing() asks for the time seldom: each look takes a snapshot, and a backend that is frozen or killed in that
  // moment keeps the lock which every other process of its server needs to end.
  await source.sql(`
    create table "BSEG" (belnr int primary key, version int, sgtxt text);
    insert into "BSEG" select g, 1, repeat('Rechnung ', 110) || g from generate_series(1, ${String(rows)}) g;
    create table "BKPF" (belnr int primary key, version int, sgtxt text);
    insert into "BKPF" select g, 1, 'Beleg ' || g from generate_series(1, 100) g;
    create function stubborn() returns bool language plpgsql as $$
      begin loop begin perform pg_sleep(60); exception when query_canceled then null; end; end loop; end $$;
    create function computing(seconds float) returns bool language plpgsql as $$
      declare until timestamptz := clock_timestamp() + seconds * interval '1 s'; n bigint := 0;
      begin while clock_timestamp() < until loop for i in 1..100000 loop n := n + 1; end loop; end loop; return true; end $$;
    analyze;
  `);
}
