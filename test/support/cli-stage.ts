/** A real server with a real source, and the command that asks it: for tests of commands that change things. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectionTo, makeExtractionJob, makePool, startTestServer, statusOf } from "./nightdesk.ts";
import type { TestServer } from "./nightdesk.ts";
import { runNightdesk } from "./cli-run.ts";
import type { CliRun } from "./cli-run.ts";
import { createDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";
import { makeTables } from "./source-tables.ts";

export interface CliStage {
  server: TestServer;
  source: TestDatabase;
  poolId: string;
  /** A connection that reads 250 rows a second. */
  slowId: string;
  /** Ids by the names of the jobs: one is over at once, one takes two minutes, one fails. */
  jobs: Record<"Order to cash" | "Finance documents" | "Broken", string>;
  /** For settings of the command's user. */
  folder: string;
  env: Record<string, string>;
  /** Runs a command as an admin; its answer is printable ASCII and holds no key. */
  ask: (...argv: string[]) => Promise<CliRun>;
  status: (job: keyof CliStage["jobs"]) => Promise<string | null>;
  close: () => Promise<void>;
}

export async function openCliStage(): Promise<CliStage> {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-cli-"));
  const source = await createDatabase("cli");
  await makeTables(source);
  const server = await startTestServer();
  const pool = await makePool(server, source);
  const { id: slowId } = await server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "ECC, throttled",
    poolId: pool.poolId,
    configuration: { ...connectionTo(source), maxRowsPerSecond: 250 },
  });
  const slow = { poolId: pool.poolId, dataSourceId: slowId as string };
  const jobs = {
    "Order to cash": (await makeExtractionJob(server, pool, "Order to cash", ["BKPF"])).jobId,
    "Finance documents": (await makeExtractionJob(server, slow, "Finance documents", ["BKPF", "BSEG"])).jobId,
    Broken: (await makeExtractionJob(server, pool, "Broken", ["NOT_THERE"])).jobId,
  };
  const env = {
    NIGHTDESK_URL: server.url,
    NIGHTDESK_POOL: pool.poolId,
    NIGHTDESK_KEY: server.adminKey,
    HOME: folder,
  };
  return {
    server,
    source,
    poolId: pool.poolId,
    slowId: slowId as string,
    jobs,
    folder,
    env,
    ask: async (...argv) => {
      const answer = await runNightdesk(argv, { env });
      if ((answer.stdout + answer.stderr).includes(server.adminKey)) throw new Error("the key was printed");
      const strange = answer.lines.find((line) => !/^[\x20-\x7e]+$/.test(line));
      if (strange !== undefined) throw new Error(`not ASCII: ${JSON.stringify(strange)}`);
      return answer;
    },
    status: (job) => statusOf(server, pool.poolId, jobs[job]),
    close: async () => {
      await server.stop();
      await source.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
