/** What can go wrong, and what to do then: the class says it. Arguments: POOL_ID */
import {
  ClientError,
  DeniedError,
  NotFoundError,
  UnexpectedAnswerError,
  UnreachableError,
} from "nightdesk-sdk";
import { argument, connect, say } from "./connect.js";

const client = connect();
const poolId = argument(1, "the id of the pool");

try {
  const jobs = await client.logs.status(poolId);
  say(`${String(jobs.length)} jobs`);
} catch (error) {
  if (error instanceof DeniedError) say("another key is needed: this one is wrong, expired, or not for this");
  else if (error instanceof NotFoundError) say("there is no such pool, or it is not for this key");
  else if (error instanceof UnreachableError) say("no answer: network, proxy, TLS; run the same line again");
  else if (error instanceof UnexpectedAnswerError) say("something that is no Nightdesk has answered");
  else if (error instanceof ClientError) say(`refused: HTTP ${String(error.status)}`);
  else throw error;
  process.exitCode = 1;
}
