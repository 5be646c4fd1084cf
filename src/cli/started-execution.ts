import type { Client } from "../sdk/index.ts";

/**
 * Starts a job. A Nightdesk says which execution that is; of any other team it is what runs afterwards, or the newest
 * one that was not there before.
 * @returns null where the team does not tell.
 * @throws ClientError of the start itself: a failed look after it does not read as a failed start.
 */
export async function startedExecution(
  client: Client,
  poolId: string,
  jobId: string,
  mode: "FULL" | "DELTA",
  options: { signal: AbortSignal },
): Promise<string | null> {
  const before = await newest(client, poolId, jobId, options);
  const answer = await client.jobs.execute(poolId, jobId, { mode }, options);
  if (answer !== null) return answer.executionId;
  const job = await client.jobs.get(poolId, jobId, options).catch(() => null);
  if (typeof job?.currentExecutionId === "string") return job.currentExecutionId;
  const now = await newest(client, poolId, jobId, options);
  return now === before ? null : now;
}

async function newest(
  client: Client,
  poolId: string,
  jobId: string,
  options: { signal: AbortSignal },
): Promise<string | null> {
  try {
    const { executionItems } = await client.logs.executions(poolId, jobId, { limit: 1, page: 0 }, options);
    return executionItems[0]?.executionId ?? null;
  } catch {
    return null;
  }
}
