import type { RelayEnd, RemoteObject, RunQuery } from "../model/remote-team.ts";
import { TeamError } from "../model/team.ts";
import { notFound } from "./belonging.ts";
import type { RelayedTeam } from "./relayed-team.ts";
import type { Shared } from "./shared-reads.ts";

type LogTeam = Pick<RelayedTeam, "jobObjects" | "read">;
type Options = { signal: AbortSignal };

/*
 * Past runs and their logs, as the team has them. The path of such a read names a pool, but what a team does with the
 * run of another one is not known: so whose it is, is seen first, by the jobs of the pool that the key knows.
 */

/** Runs of a job of the pool. @throws UserError "not-found". */
export async function relayedRuns(
  team: LogTeam,
  { poolId, jobId }: { poolId: string; jobId: string },
  page: Parameters<RelayEnd["runs"]>[2],
  options: Options,
): Promise<Shared<Awaited<ReturnType<RelayEnd["runs"]>>>> {
  if (!(await jobIds(team, options)).has(jobId)) throw notFound("data job");
  const shared = await team.read((end, given) => end.runs(poolId, jobId, page, given), options);
  for (const item of shared.value.executionItems) mustBeOf(item, "jobId", jobId);
  return shared;
}

/** Items of a run of the pool. @throws UserError "not-found". */
export async function relayedItems(
  team: LogTeam,
  poolId: string,
  query: RunQuery,
  options: Options,
): Promise<Shared<RemoteObject[]>> {
  const { executionId } = query;
  await mustBeOfPool(team, poolId, executionId, options);
  const shared = await team.read((end, given) => end.runItems(poolId, query, given), options);
  for (const item of shared.value) mustBeOf(item, "executionId", executionId);
  return shared;
}

/** Lines of the log of a run of the pool. @throws UserError "not-found". */
export async function relayedLog(
  team: LogTeam,
  poolId: string,
  query: Parameters<RelayEnd["runLog"]>[1],
  options: Options,
): Promise<Shared<Awaited<ReturnType<RelayEnd["runLog"]>>>> {
  await mustBeOfPool(team, poolId, query.executionId, options);
  return team.read((end, given) => end.runLog(poolId, query, given), options);
}

async function mustBeOfPool(
  team: LogTeam,
  poolId: string,
  executionId: string,
  options: Options,
): Promise<void> {
  const known = await jobIds(team, options);
  const query = { executionId, type: "JOB" as const };
  const { value: items } = await team.read((end, given) => end.runItems(poolId, query, given), options);
  const ofPool = ({ jobId }: RemoteObject): boolean =>
    typeof jobId === "string" && known.has(jobId.toLowerCase());
  if (items.length === 0 || !items.every(ofPool)) throw notFound("execution");
  for (const item of items) mustBeOf(item, "executionId", executionId);
}

async function jobIds(team: LogTeam, options: Options): Promise<Set<string>> {
  return new Set((await team.jobObjects(options)).value.map(({ id }) => id.toLowerCase()));
}

/** Some teams leave it out; another one is an answer to something that was not asked. */
function mustBeOf(item: RemoteObject, field: string, id: string): void {
  const sent = item[field] ?? null;
  if (sent === null || (typeof sent === "string" && sent.toLowerCase() === id)) return;
  throw new TeamError(
    "unknown",
    `the team's answer is about another ${field === "jobId" ? "job" : "execution"}`,
  );
}
