/** The log of an execution, line by line until it is over. Arguments: POOL_ID EXECUTION_ID */
import { setTimeout as sleep } from "node:timers/promises";
import { isEnded } from "nightdesk-sdk";
import { argument, connect, say } from "./connect.js";

const client = connect();
const poolId = argument(1, "the id of the pool");
const executionId = argument(2, "the id of the execution");

const seen = new Set<string>();
for (let over = false; !over;) {
  // The status first: lines that are written between the two reads are then still read.
  over = isEnded((await client.executions.get(poolId, executionId)).status);
  for await (const { date, level, logMessage } of client.logs.messages(poolId, { executionId }, { seen })) {
    say(`${new Date(date).toISOString()} ${level} ${logMessage}`);
  }
  if (!over) await sleep(1000);
}
