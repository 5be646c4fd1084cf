/** The quick size of the loop of kills: `npm run nightly -- kills` is the long one. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectInvariants } from "./support/invariants.ts";
import { describeKills, killLoop } from "./support/kill-loop.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { makeTables } from "./support/source-tables.ts";
import { randomFrom } from "./support/stop-loop.ts";

let source: TestDatabase;
let folder: string;

beforeAll(async () => {
  source = await createDatabase("kills");
  await makeTables(source);
  folder = await mkdtemp(join(tmpdir(), "nightdesk-kills-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await source?.end();
});

test("kill -9 at random moments: an end that stays, nothing at the source, tables whole, no staging", async () => {
  const seed = Date.now() % 1_000_000;
  const home = join(folder, "home");
  const report = await killLoop(
    { home, source, access: source },
    { count: 5, random: randomFrom(seed) },
    async ({ server, poolId, jobId, path }) =>
      expectInvariants({ server, home, source, poolId, jobs: [{ jobId, path, tables: {} }] }),
  );
  expect(report.faults, `seed ${String(seed)}: ${describeKills(report)}`).toEqual([]);
  expect(report.kills).toBe(5);
}, 120_000);
