/** What holds after every fault, whatever it was. */
import { join } from "node:path";
import { expect } from "vitest";
import { contentInPool, stagingIn, type Content } from "./contents.ts";
import { executionsOf, type TestServer } from "./nightdesk.ts";
import type { TestDatabase } from "./postgres.ts";

/** What the invariants look at: the server, the source without any proxy, and the jobs of one pool. */
export interface Watched {
  server: Pick<TestServer, "ok" | "call">;
  home: string;
  source: Pick<TestDatabase, "sql">;
  poolId: string;
  jobs: WatchedJob[];
}

export interface WatchedJob {
  jobId: string;
  path: string;
  /** By table of the pool: the contents it may have, as `contentOf` gives them. */
  tables: Record<string, Content[]>;
}

const terminal = ["SUCCESS", "FAIL", "CANCEL", "SKIPPED"];
/** The first terminal status ever seen of an execution, over all calls of this process. */
const ended = new Map<string, string>();
/** Status and logs are promised within a second. */
const answersWithinMs = 10 * 1000;

/**
 * One terminal state an execution, and it stays; no session at the source for a terminal execution that was not
 * declared; status and logs answer; and where nothing of the pool runs: staging gone, and every table old-complete or
 * new-complete.
 */
export async function expectInvariants(watched: Watched): Promise<void> {
  const { server, poolId, jobs } = watched;
  const over = new Set<string>();
  let running = false;
  for (const { jobId } of jobs) {
    for (const { executionId, status } of await executionsOf(server, poolId, jobId)) {
      if (!terminal.includes(status)) running = true;
      else over.add(executionId);
      const before = ended.get(executionId);
      if (before !== undefined) expect(status, `execution ${executionId} was ${before} before`).toBe(before);
      else if (terminal.includes(status)) ended.set(executionId, status);
    }
  }
  // After the statuses: what is still there now was there when they were written.
  expect(await liesOf(watched, over)).toEqual([]);
  await answers(server, "/healthz");
  await answers(server, `/integration/api/pools/${poolId}/logs/status`);
  await answers(server, `/desk/v1/pools/${poolId}/status`);
  if (!running) await expectWholeTables(watched);

  async function answers(at: Pick<TestServer, "call">, path: string): Promise<void> {
    const asked = performance.now();
    expect((await at.call("GET", path)).status, path).toBe(200);
    expect(performance.now() - asked, path).toBeLessThan(answersWithinMs);
  }
}

/** Ids of the executions that have a session at the source although they are over and nobody declared them so. */
async function liesOf(
  { server, source }: Pick<Watched, "server" | "source">,
  over: ReadonlySet<string>,
): Promise<string[]> {
  const rows = await source.sql<{ tag: string }>(
    "select distinct application_name as tag from pg_stat_activity where application_name like 'nd:%'",
  );
  const left = rows.map(({ tag }) => tag.slice("nd:".length)).filter((id) => over.has(id));
  const declared = await Promise.all(
    left.map(async (id) => (await server.ok("GET", `/desk/v1/executions/${id}/receipt`)).proof?.level),
  );
  return left.filter((_, index) => declared[index] !== "declared");
}

async function expectWholeTables({ server, home, poolId, jobs }: Watched): Promise<void> {
  for (const { path, tables } of jobs) {
    for (const [table, allowed] of Object.entries(tables))
      expect(allowed, `content of ${table}`).toContain(await contentInPool(server, path, table));
  }
  expect(await stagingIn(join(home, "pools", poolId))).toEqual([]);
}
