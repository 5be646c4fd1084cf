/** kill -9 of the server or of a pool's process at random moments of a load, and what must hold after each. */
import { join } from "node:path";
import { newKeyText } from "../../src/engine/key-text.ts";
import { contentAtSource, contentInPool, stagingIn } from "./contents.ts";
import { connectionTo, executionsOf, makeExtractionJob, waitForStatus } from "./nightdesk.ts";
import type { TestDatabase } from "./postgres.ts";
import { poolProcesses } from "./processes.ts";
import { startServerProcess, type ServerProcess } from "./server-process.ts";

export interface KillReport {
  kills: number;
  /** One line each; must be empty. */
  faults: string[];
  /** How often each status was the end. */
  ended: Record<string, number>;
}

/**
 * Loads BSEG as often, and kills once in each load. The server that is left is given to `last` before it is ended.
 * @param source has the tables of source-tables.ts; `access` is how the server reaches it.
 */
export async function killLoop(
  { home, source, access }: { home: string; source: Pick<TestDatabase, "sql">; access: TestDatabase },
  { count, random }: { count: number; random: () => number },
  last: (left: {
    server: ServerProcess;
    poolId: string;
    jobId: string;
    path: string;
  }) => Promise<void> = () => Promise.resolve(),
): Promise<KillReport> {
  const report: KillReport = { kills: 0, faults: [], ended: {} };
  const adminKey = newKeyText();
  let server = await startServerProcess(home, adminKey);
  try {
    const { id: poolId } = await server.ok("POST", "/integration/api/pools", { name: "kills" });
    const { id: dataSourceId } = await server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
      name: "source",
      poolId,
      configuration: connectionTo(access),
    });
    const { jobId, path } = await makeExtractionJob(server, { poolId, dataSourceId }, "load", ["BSEG"]);
    const load = async (): Promise<void> =>
      void (await server.ok("POST", `${path}/execute`, { mode: "FULL" }));
    const end = (): Promise<string> => waitForStatus(server, poolId, jobId, "SUCCESS", "FAIL", "CANCEL");
    await load();
    await end();
    // The second one, with the pool's process open: so long the moments of the kills are spread, and a little more.
    const began = performance.now();
    await load();
    await end();
    const loadMs = performance.now() - began;
    /** Of every execution that is over: an end stays. */
    const ends = new Map<string, string>();

    for (let round = 1; round <= count; round += 1) {
      const old = await contentInPool(server, path, "BSEG");
      await source.sql('update "BSEG" set version = version + 1');
      const fresh = await contentAtSource(source, "BSEG");
      const at = Math.round(random() * loadMs * 1.1);
      await load();
      await new Promise((resolve) => setTimeout(resolve, at));
      const victim = random() < 0.5 ? "server" : "pool's process";
      if (victim === "server") {
        await server.end("SIGKILL");
        server = await startServerProcess(home, adminKey);
      } else {
        for (const pid of await poolProcesses(home, poolId)) process.kill(pid, "SIGKILL");
      }
      const status = await end();
      report.ended[status] = (report.ended[status] ?? 0) + 1;
      report.kills += 1;
      const fault = (says: string): void =>
        void report.faults.push(
          `round ${String(round)}, ${victim} killed after ${String(at)} ms, ${status}: ${says}`,
        );
      const left = await source.sql(
        "select pid from pg_stat_activity where application_name like 'nd:%' and datname = current_database()",
      );
      if (left.length > 0) fault("a session is left at the source");
      const holds = await contentInPool(server, path, "BSEG");
      if (holds !== old && holds !== fresh) fault("the table is neither old nor new");
      if (status === "SUCCESS" && holds !== fresh) fault("the table is not the new one");
      if ((await stagingIn(join(home, "pools", poolId))).length > 0) fault("staging is left");
      for (const { executionId, status: now } of await executionsOf(server, poolId, jobId)) {
        const before = ends.get(executionId) ?? now;
        if (before !== now) fault(`execution ${executionId} was ${before} and is ${now}`);
        ends.set(executionId, now);
      }
    }
    await last({ server, poolId, jobId, path });
  } finally {
    await server.end("SIGTERM");
  }
  return report;
}

/** The figure of a report in one line. */
export function describeKills({ kills, faults, ended }: KillReport): string {
  const ends = Object.entries(ended).map(([status, times]) => `${String(times)} ${status}`);
  return `${String(kills)} kills, ${String(faults.length)} faults; ${ends.join(", ")}`;
}
