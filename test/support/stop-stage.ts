/** The jobs of a loop of stops, in a pool of their own. */
import { connectionTo, makeExtractionJob, makeTransformation, type TestServer } from "./nightdesk.ts";
import type { TestDatabase } from "./postgres.ts";
import type { State, StopJob } from "./stop-loop.ts";

/** Settings of the server: a swap is over in milliseconds, and hardly a stop would come in it. */
export const swapsTakeTime = { NIGHTDESK_FAILPOINTS: "swap.begun=delay:60,commit.begun=delay:40" };

/** One job for each state; `source` holds BSEG and BKPF. */
export async function makeStopJobs(
  server: Pick<TestServer, "ok" | "call">,
  source: Pick<TestDatabase, "host" | "port" | "database" | "user" | "password">,
): Promise<{ poolId: string; jobs: Record<State, StopJob> }> {
  const { id: poolId } = await server.ok("POST", "/integration/api/pools", { name: "stops" });
  const connect = async (
    name: string,
    maxRowsPerSecond: number,
  ): Promise<{ poolId: string; dataSourceId: string }> => {
    const configuration = { ...connectionTo(source as TestDatabase), maxRowsPerSecond };
    const { id } = await server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
      name,
      poolId,
      configuration,
    });
    return { poolId, dataSourceId: id as string };
  };
  const fast = await connect("fast", 0);
  const slow = await connect("throttled", 1000);
  const { id } = await server.ok("POST", `/integration/api/pools/${poolId}/jobs`, {
    name: "transform",
    dataPoolId: poolId,
  });
  const path = `/integration/api/pools/${poolId}/jobs/${id as string}`;
  await makeTransformation(
    server,
    path,
    "endless",
    "create or replace table endless as select count(*) c from range(100000000) a, range(1000000) b",
  );
  const transforming = { jobId: id as string, path };
  const job = (name: string, tables: Parameters<typeof makeExtractionJob>[3], on = fast): Promise<StopJob> =>
    makeExtractionJob(server, on, name, tables);
  return {
    poolId,
    jobs: {
      connecting: await job("connecting", ["BSEG"]),
      "first row not sent": await job("sleeping", [
        { tableName: "BKPF", filterDefinition: "pg_sleep(600) is not null" },
      ]),
      streaming: await job("streaming", ["BSEG"], slow),
      "blocked on a full socket": await job("blocked", ["BSEG"], slow),
      swapping: await job("swapping", ["BKPF"]),
      transforming,
      queued: await job("queued", ["BKPF"]),
    },
  };
}
