/**
 * `kills.ts [COUNT] [SEED]`: kill -9 of the server or of a pool's process at random moments of a load (100 times), and
 * after each what must hold: an end, once; nothing at the source; the table as before or all of the new; no staging.
 * Ends with the figure; exit code 1, with the seed and every fault, if something does not hold.
 */
import { join } from "node:path";
import { newKeyText } from "../src/engine/key-text.ts";
import { contentAtSource, contentInPool, stagingIn } from "../test/support/contents.ts";
import { connectionTo, makeExtractionJob, waitForStatus } from "../test/support/nightdesk.ts";
import type { TestDatabase } from "../test/support/postgres.ts";
import { poolProcesses } from "../test/support/processes.ts";
import { startServerProcess } from "../test/support/server-process.ts";
import { makeTables } from "../test/support/source-tables.ts";
import { randomFrom } from "../test/support/stop-loop.ts";
import { Stage } from "./stage.ts";

const count = Number(process.argv[2] ?? 100);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const random = randomFrom(seed);
const faults: string[] = [];
const ended: Record<string, number> = {};

await Stage.with(async (stage) => {
  const access = await stage.postgres();
  const session = await stage.session(access);
  const source = {
    sql: async (text: string, params?: unknown[]) => (await session.query(text, params)).rows,
  } as Pick<TestDatabase, "sql">;
  await makeTables(source);
  const home = join(stage.folder, "home");
  const adminKey = newKeyText();
  let server = await startServerProcess(home, adminKey);
  stage.later(() => server.end("SIGTERM"));
  const { id: poolId } = await server.ok("POST", "/integration/api/pools", { name: "kills" });
  const { id: dataSourceId } = await server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "source",
    poolId,
    configuration: connectionTo(access as TestDatabase),
  });
  const job = await makeExtractionJob(server, { poolId, dataSourceId }, "load", ["BSEG"]);
  const end = (): Promise<string> => waitForStatus(server, poolId, job.jobId, "SUCCESS", "FAIL", "CANCEL");
  const load = async (): Promise<void> =>
    void (await server.ok("POST", `${job.path}/execute`, { mode: "FULL" }));
  await load();
  await end();
  // The second one, with the pool's process open: so long the moments of the kills are spread, and a little more.
  const before = performance.now();
  await load();
  await end();
  const loadMs = performance.now() - before;

  for (let round = 1; round <= count; round += 1) {
    const old = await contentInPool(server, job.path, "BSEG");
    await source.sql('update "BSEG" set version = version + 1');
    const fresh = await contentAtSource(source, "BSEG");
    const began = performance.now();
    await load();
    await new Promise((resolve) => setTimeout(resolve, random() * loadMs * 1.1));
    const victim = random() < 0.5 ? "server" : "pool's process";
    const at = Math.round(performance.now() - began);
    if (victim === "server") {
      await server.end("SIGKILL");
      server = await startServerProcess(home, adminKey);
    } else {
      for (const pid of await poolProcesses(home, poolId)) process.kill(pid, "SIGKILL");
    }
    const status = await end();
    ended[status] = (ended[status] ?? 0) + 1;
    const what = `round ${String(round)}, ${victim} killed after ${String(at)} ms, ${status}`;
    const left = await source.sql("select pid from pg_stat_activity where application_name like 'nd:%'");
    if (left.length > 0) faults.push(`${what}: a session is left at the source`);
    const holds = await contentInPool(server, job.path, "BSEG");
    if (holds !== old && holds !== fresh) faults.push(`${what}: the table is neither old nor new`);
    if (status === "SUCCESS" && holds !== fresh) faults.push(`${what}: the table is not the new one`);
    const staging = await stagingIn(join(home, "pools", poolId));
    if (staging.length > 0) faults.push(`${what}: staging is left`);
  }
});
for (const fault of faults) console.log(fault);
if (faults.length > 0) process.exitCode = 1;
const ends = Object.entries(ended).map(([status, times]) => `${String(times)} ${status}`);
console.log(
  `${String(count)} kills, ${String(faults.length)} faults; ${ends.join(", ")}; seed ${String(seed)}`,
);
