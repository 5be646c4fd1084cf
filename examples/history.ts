/** How the last executions of a job ended; reads no more pages than it needs. Arguments: POOL_ID JOB_ID [COUNT] */
import { argument, connect, say } from "./connect.js";

const client = connect();
const poolId = argument(1, "the id of the pool");
const jobId = argument(2, "the id of the job");
const count = Number(process.argv[4] ?? 10);

let shown = 0;
for await (const { executionId, status, startDate } of client.executions.list(poolId, jobId, { limit: 2 })) {
  say(
    `${startDate === null ? "not started" : new Date(startDate).toISOString()} ${status} ${String(executionId)}`,
  );
  shown += 1;
  if (shown === count) break;
}
