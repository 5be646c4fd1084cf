/** What runs in a pool? Stop it, and believe it only when it is proven. Arguments: POOL_ID */
import { argument, connect, say } from "./connect.js";

const client = connect();
const poolId = argument(1, "the id of the pool");

const { jobs, partial } = await client.desk.status(poolId);
if (partial) say("the key is for named jobs: of other jobs of the pool this says nothing");
for (const { id, name, status, executionId, rows } of jobs) {
  if (status !== "RUNNING" && status !== "QUEUED") continue;
  say(`${name}: ${status}, ${String(rows ?? 0)} rows`);
  // The execution that was seen, or nothing: a newer one is not hit.
  const answer = await client.jobs.stop(poolId, id, { execution: executionId, wait: 120, reason: "example" });
  if (answer.outcome === "NOT PROVEN") {
    say(`${name}: NOT PROVEN, ${answer.proof.note}. Do not shut the source down.`);
    process.exitCode = 20;
    continue;
  }
  say(`${name}: ${answer.outcome}, proof: ${answer.proof?.level ?? "none needed"}`);
  if (answer.executionId === null) continue;
  const { tables } = await client.desk.receipt(answer.executionId);
  for (const { table, effect } of tables) say(`  ${table}: ${effect}`);
}
