/** Start a job and wait for its end, ten minutes at most. Arguments: POOL_ID JOB_ID */
import { ConflictError } from "nightdesk-sdk";
import { argument, connect, say } from "./connect.js";

const client = connect();
const poolId = argument(1, "the id of the pool");
const jobId = argument(2, "the id of the job");

try {
  const started = await client.jobs.execute(poolId, jobId, { mode: "FULL" });
  if (started === null) throw new Error("this team does not say which execution it started");
  const { status, item } = await client.executions.wait(poolId, started.executionId, {
    everyMs: 500,
    signal: AbortSignal.timeout(600_000),
    onLook: (look) => say(`still ${look.status}`),
  });
  say(`${String(item.name)}: ${status}`);
  process.exitCode = status === "SUCCESS" ? 0 : 8;
} catch (error) {
  // It runs already, or is held: the message says which, by whom and until when.
  if (!(error instanceof ConflictError)) throw error;
  say(`not started: ${error.message}`);
  process.exitCode = 10;
}
