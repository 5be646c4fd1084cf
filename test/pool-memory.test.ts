/** The memory of a pool's process does not follow the rows that go through it: read from /proc, so only on Linux. */
import { readFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { makeExtractionJob, makePool, startTestServer, waitForStatus } from "./support/nightdesk.ts";
import { poolPids } from "./support/processes.ts";
import { createDatabase } from "./support/postgres.ts";

const small = 100_000;
const large = 1_500_000;
/** A row has 200 bytes, so that rows kept by mistake would be 300 MB more. */
const mostGrowth = 1.5;

/** Most memory that the process ever had, in MiB. */
async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

test("fifteen times the rows take the pool's process no more memory", async () => {
  const source = await createDatabase("pool_memory");
  onTestFinished(() => source.end());
  // Alike rows: what the store itself keeps of them, compressed and within its own limit, stays small.
  await source.sql(`create view lines as select g % 100 as a, repeat('x', 180) as b from generate_series(1, ${large}) g;
    create view few as select * from lines limit ${small}`);
  const server = await startTestServer();
  onTestFinished(() => server.stop());
  const peaks: number[] = [];
  for (const table of ["few", "lines"]) {
    // A process of its own for each size: the most of an earlier run would hide that of a later one.
    const pool = await makePool(server, source, table);
    const job = await makeExtractionJob(server, pool, table, [table]);
    await server.ok("POST", `${job.path}/execute`, { mode: "FULL" });
    expect(await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS", "FAIL")).toBe("SUCCESS");
    const [pid] = await poolPids(pool.poolId);
    peaks.push(await peakOf(pid ?? 0));
  }
  const [few = 0, many = 0] = peaks;
  expect(few).toBeGreaterThan(0);
  expect(many / few, `${String(few)} MiB and ${String(many)} MiB`).toBeLessThan(mostGrowth);
}, 120_000);
