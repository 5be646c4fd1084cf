import { quoted, timeText, verdictOfFailure } from "../desk/index.ts";
import { asTeam } from "../relay/index.ts";
import { connect, connectToServer } from "./connect.ts";
import type { Run } from "./context.ts";
import { printAnswer, printVerdict } from "./print.ts";

/** `nightdesk jobs`: 0 when the list is given; what runs is the question of `status`. */
export const runJobs: Run = async (input, context) => {
  const { client, place } = await connect(input, context);
  const json = input.options["json"] === true;
  const options = { signal: context.signal };
  try {
    const [jobs, sources] = await asTeam(async () => [
      await client.jobs.list(place.poolId, options),
      // For their names only: a key that may not list them may still list jobs.
      await client.dataSources.list(place.poolId, options).catch(() => []),
    ]);
    const nameOf = new Map(sources.map(({ id, name }) => [id, name ?? id]));
    const shown = jobs.map((job) => ({
      id: job.id,
      name: job.name ?? job.id,
      status: job.status ?? null,
      executionId: job.currentExecutionId ?? null,
      connectionId: job.dataSourceId ?? null,
      connectionName: job.dataSourceId == null ? null : (nameOf.get(job.dataSourceId) ?? null),
    }));
    const lines = shown.map(({ id, name, status, connectionId, connectionName }) =>
      line([
        `${quoted(name)} ${status === null ? "never ran" : quotedUnlessWord(status)}`,
        connectionId === null ? "no connection" : `connection ${quoted(connectionName ?? connectionId)}`,
        `id ${id}`,
      ]),
    );
    const fields = { url: place.url, pool: { id: place.poolId }, jobs: shown };
    return printAnswer(
      { code: 0, word: "JOBS", reason: count(shown, "job"), lines, fields },
      { json },
      context.stdout,
    );
  } catch (error) {
    return printVerdict(verdictOfFailure(error), { json, place }, context.stdout);
  }
};

/** `nightdesk pools`. */
export const runPools: Run = async (input, context) => {
  const { client, url } = await connectToServer(input, context);
  const json = input.options["json"] === true;
  try {
    const pools = await asTeam(() => client.pools.list({ signal: context.signal }));
    const shown = pools.map(({ id, name, timeStamp }) => ({
      id,
      name: name ?? id,
      changedAt: timeStamp ?? null,
    }));
    const lines = shown.map(({ id, name, changedAt }) =>
      line([
        quoted(name),
        ...(changedAt === null ? [] : [`changed ${timeText(changedAt, null)}`]),
        `id ${id}`,
      ]),
    );
    const fields = { url, pools: shown };
    return printAnswer(
      { code: 0, word: "POOLS", reason: count(shown, "pool"), lines, fields },
      { json },
      context.stdout,
    );
  } catch (error) {
    return printVerdict(verdictOfFailure(error), { json, place: null }, context.stdout);
  }
};

/** `nightdesk connections`. */
export const runConnections: Run = async (input, context) => {
  const { client, place } = await connect(input, context);
  const json = input.options["json"] === true;
  try {
    const sources = await asTeam(() => client.dataSources.list(place.poolId, { signal: context.signal }));
    const shown = sources.map(({ id, name, type }) => ({ id, name: name ?? id, type: type ?? null }));
    const lines = shown.map(({ id, name, type }) =>
      line([quoted(name), ...(type === null ? [] : [quotedUnlessWord(type)]), `id ${id}`]),
    );
    const fields = { url: place.url, pool: { id: place.poolId }, connections: shown };
    const reason = count(shown, "connection");
    return printAnswer({ code: 0, word: "CONNECTIONS", reason, lines, fields }, { json }, context.stdout);
  } catch (error) {
    return printVerdict(verdictOfFailure(error), { json, place }, context.stdout);
  }
};

/** Names stand in quotes, ids come from the wire as they are: both as one ASCII line. */
function line(facts: readonly string[]): string {
  return `  ${facts.join(", ")}`.replace(/[^\x20-\x7e]/g, "?");
}

function quotedUnlessWord(text: string): string {
  return /^[A-Z_]+$/.test(text) ? text : quoted(text);
}

function count(all: readonly unknown[], what: string): string {
  return `${String(all.length)} ${what}${all.length === 1 ? "" : "s"}`;
}
