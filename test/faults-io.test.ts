/** A disk that fails under the state: nothing after it is believed, the process ends, and the next one goes on. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mayTrace } from "../scripts/may-trace.mjs";
import { newKeyText } from "../src/engine/key-text.ts";
import { expectInvariants } from "./support/invariants.ts";
import { makeExtractionJob, makePool, readingSessions, waitForStatus } from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { startServerProcess } from "./support/server-process.ts";

let source: TestDatabase;
let folder: string;

beforeAll(async () => {
  source = await createDatabase("io");
  await source.sql(`create table "VBAK" as select g as vbeln from generate_series(1, 1000) g; analyze`);
  folder = await mkdtemp(join(tmpdir(), "nightdesk-io-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await source?.end();
});

test.skipIf(!mayTrace())(
  "F10 an fsync of the state that fails ends the server; the next one ends what it left, and nothing is lost",
  async () => {
    const home = join(folder, "home");
    const key = newKeyText();
    let server = await startServerProcess(home, key);
    try {
      const pool = await makePool(server, source);
      const sleeping = { tableName: "VBAK", filterDefinition: "pg_sleep(600) is not null" };
      const job = await makeExtractionJob(server, pool, "long", [sleeping]);
      await server.ok("POST", `${job.path}/execute`, {});
      await readingSessions(source);

      const syncs = "fsync,fdatasync";
      const tracer = spawn(
        "strace",
        [
          "-f",
          "-o",
          "/dev/null",
          "-e",
          `trace=${syncs}`,
          "-e",
          `inject=${syncs}:error=EIO`,
          "-p",
          String(server.child.pid),
        ],
        { stdio: ["ignore", "ignore", "pipe"] },
      );
      const traced = once(tracer, "exit");
      await once(tracer.stderr, "data");
      const gone = once(server.child, "exit");
      const refused = await server
        .call("POST", "/integration/api/pools", { body: { name: "never made" } })
        .catch(() => null);
      expect(refused?.status ?? 500).toBeGreaterThanOrEqual(500);
      expect(await gone).toEqual([1, null]);
      await traced;
      expect(server.output()).toMatch(
        /the disk under the state failed \(SQLITE_IOERR_FSYNC at .*start the server again/,
      );

      server = await startServerProcess(home, key);
      expect(await waitForStatus(server, pool.poolId, job.jobId, "SUCCESS", "FAIL", "CANCEL")).toBe("FAIL");
      const watched = [{ jobId: job.jobId, path: job.path, tables: {} }];
      await expectInvariants({ server, home, source, poolId: pool.poolId, jobs: watched });
      await server.ok("POST", "/integration/api/pools", { name: "made" });
    } finally {
      await server.end("SIGTERM");
    }
  },
  120_000,
);
