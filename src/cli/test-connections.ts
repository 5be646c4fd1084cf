import { quoted, verdict, verdictOfFailure } from "../desk/index.ts";
import { toAscii } from "../base/ascii.ts";
import { asTeam } from "../relay/index.ts";
import { connect } from "./connect.ts";
import type { Run } from "./context.ts";
import { failedCode, printAnswer, printVerdict } from "./print.ts";

/** The server gives up on a silent source by itself, after its own limit. */
const waitMs = 60_000;

/** `nightdesk connections test [CONNECTION]`: 0 when each source lets the server in, 8 when one does not. */
export const run: Run = async (input, context) => {
  const { client, place } = await connect(input, context, { waitMs });
  const json = input.options["json"] === true;
  const { poolId } = place;
  const options = { signal: context.signal };
  const wanted = input.argument;
  try {
    const all = await asTeam(() => client.dataSources.list(poolId, options));
    const chosen = all.filter(({ id, name }) => wanted === null || id === wanted || name === wanted);
    if (wanted !== null && chosen.length !== 1) {
      const names = all.map(({ id, name }) => JSON.stringify(name ?? id)).join(", ");
      const how = chosen.length === 0 ? "no connection has" : `${String(chosen.length)} connections have`;
      const reason = `${how} the name or id ${JSON.stringify(wanted)}; there are ${names === "" ? "none" : names}`;
      return printVerdict(
        verdict("USAGE", reason, { next: "name one by its id" }),
        { json, place },
        context.stdout,
      );
    }
    const tested: { id: string; name: string; reachable: boolean; message: string }[] = [];
    for (const { id, name } of chosen) {
      const { reachable, message } = await asTeam(() => client.dataSources.test(poolId, id, options));
      tested.push({ id, name: name ?? id, reachable, message });
    }
    const works = tested.filter(({ reachable }) => reachable).length;
    const failed = works < tested.length;
    const lines = tested.map(
      ({ name, reachable, message }) =>
        `  ${quoted(name)} ${reachable ? "reachable" : `not reachable: ${toAscii(message)}`}`,
    );
    const reason = `${String(works)} of ${String(tested.length)} ${tested.length === 1 ? "connection" : "connections"} reachable`;
    const answer = {
      code: failed ? failedCode : 0,
      word: failed ? "FAILED" : "REACHABLE",
      reason,
      lines,
      fields: { url: place.url, pool: { id: poolId }, connections: tested },
    } as const;
    return printAnswer(answer, { json }, context.stdout);
  } catch (error) {
    return printVerdict(verdictOfFailure(error), { json, place }, context.stdout);
  }
};
