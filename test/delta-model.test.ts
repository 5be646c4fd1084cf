/** Any order of writes, delta loads, full loads and stops at any step: what a load that ended well leaves is the source. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../src/base/clock.ts";
import { newId } from "../src/base/ids.ts";
import type { ExecutionMode, RunPlan } from "../src/model/execution.ts";
import type { PoolStore } from "../src/model/pool-store.ts";
import { runExecution } from "../src/runner/run-execution.ts";
import { sourceOf } from "../src/sources.ts";
import { openStore, sourceSchema } from "./support/pool-store.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { accessTo, tableOf } from "./support/source-reading.ts";

let source: TestDatabase;
beforeAll(async () => {
  source = await createDatabase("delta_model");
  await source.sql("create table moving (id int primary key, val text, at timestamp)");
});
afterAll(async () => {
  await source?.end();
});

type Step =
  /** Rows that are new or change, dated up to `late` seconds before the newest date there was. */
  | { kind: "write"; ids: number[]; after: number; late: number }
  /** null: to its end; else stopped when it has told so many things. */
  | { kind: "load"; mode: ExecutionMode; stopAfter: number | null };

const offsetSeconds = 60;
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("write" as const),
    ids: fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 6 }),
    after: fc.constantFrom(0, 0, 1, 1000),
    late: fc.nat(offsetSeconds),
  }),
  fc.record({
    kind: fc.constant("load" as const),
    mode: fc.constantFrom<ExecutionMode>("DELTA", "DELTA", "DELTA", "FULL"),
    stopAfter: fc.option(fc.integer({ min: 1, max: 16 })),
  }),
);

function planOf(mode: ExecutionMode): RunPlan {
  const { name, configuration } = accessTo(source);
  const extra = { changeDateColumn: "at", changeDateOffset: 1, changeDateOffsetType: "MINUTES" };
  const table = tableOf("moving", { id: "table", schemaName: "public", extra });
  return {
    executionId: newId(),
    poolId: sourceSchema,
    jobId: "job",
    jobName: "moving",
    mode,
    dataSource: { id: sourceSchema, name, type: "POSTGRESQL", configuration },
    tasks: [{ id: newId(), name: "t", type: "EXTRACTION", position: 1, statement: null, tables: [table] }],
  };
}

/** How the run ended. */
async function load(store: PoolStore, mode: ExecutionMode, stopAfter: number | null): Promise<string> {
  const stop = new AbortController();
  let told = 0;
  const tell = async (): Promise<void> => {
    told += 1;
    if (told === stopAfter) stop.abort({ by: "operator" });
  };
  const events = {
    touching: tell,
    session: tell,
    sessionClosed: tell,
    committing: tell,
    item: tell,
    log: tell,
  };
  const outcome = await runExecution(
    planOf(mode),
    source.password,
    { store, source: sourceOf, events, clock: systemClock },
    { signal: stop.signal },
  );
  return outcome.kind === "failed" ? outcome.failure : outcome.kind;
}

async function rowsAtSource(): Promise<string[]> {
  const rows = await source.sql<{ row: string }>(
    "select concat_ws('|', id, val, (extract(epoch from at) * 1000000)::bigint) as row from moving order by id",
  );
  return rows.map(({ row }) => row);
}

async function rowsInPool(store: PoolStore): Promise<string[]> {
  if ((await store.columns(sourceSchema, "moving")).length === 0) return [];
  const sql = `SELECT concat_ws('|', id, val, epoch_us("at")) FROM moving ORDER BY id`;
  const { rows } = await store.query(sql, [sourceSchema], 1000, { signal: new AbortController().signal });
  return rows.map(([row]) => String(row));
}

test("a load that ends well leaves the source's rows, one that is stopped leaves what was there", async () => {
  const outcomes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      await source.sql("truncate moving");
      const store = await openStore();
      let newest = 0;
      let writes = 0;
      for (const one of steps) {
        if (one.kind === "write") {
          newest += one.after;
          writes += 1;
          await source.sql(
            `insert into moving select id, $2, timestamp '2024-01-01' + $3 * interval '1 second' from unnest($1::int[]) id
               on conflict (id) do update set val = excluded.val, at = greatest(moving.at, excluded.at)`,
            [one.ids, `write ${String(writes)}`, newest - one.late],
          );
          continue;
        }
        const before = await rowsInPool(store);
        const outcome = await load(store, one.mode, one.stopAfter);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        expect(["succeeded", "stopped"]).toContain(outcome);
        expect(await rowsInPool(store)).toEqual(outcome === "stopped" ? before : await rowsAtSource());
        expect(await store.dropAllStaging()).toBe(0);
      }
      expect(await load(store, "DELTA", null)).toBe("succeeded");
      expect(await rowsInPool(store)).toEqual(await rowsAtSource());
      await store.close();
    }),
    { numRuns: 20 },
  );
  // It looked at both.
  expect([...outcomes.values()].every((count) => count > 10)).toBe(true);
  expect([...outcomes.keys()].toSorted()).toEqual(["stopped", "succeeded"]);
  // Ten seconds; a failure takes longer, to be made small.
}, 180_000);
