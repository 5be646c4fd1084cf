import { asciiJson } from "../base/ascii.ts";
import { parseInstant } from "../base/instant.ts";
import { reportReason, reportText, verdictOfFailure } from "../desk/index.ts";
import { shiftReport } from "../relay/index.ts";
import { connect } from "./connect.ts";
import { textOption, UsageError } from "./context.ts";
import type { Input, Run } from "./context.ts";
import { printVerdict } from "./print.ts";

/** `nightdesk report`: 0 when there is a report; what keeps it away has the codes of `status`. */
export const run: Run = async (input, context) => {
  const from = timeOption(input, "from");
  const to = timeOption(input, "to");
  if (from >= to) throw new UsageError("--to must be later than --from");
  const json = input.options["json"] === true;
  const { client, place } = await connect(input, context);
  let report: Awaited<ReturnType<typeof shiftReport>>;
  try {
    report = await shiftReport(client, place.poolId, { from, to }, { signal: context.signal });
  } catch (error) {
    return printVerdict(verdictOfFailure(error), { json, place }, context.stdout);
  }
  const { url, poolId } = place;
  const answer = { code: 0, word: "REPORT", reason: reportReason(report), url, pool: { id: poolId }, report };
  context.stdout.write(json ? `${asciiJson(answer)}\n` : reportText(report));
  return 0;
};

/** Epoch ms. */
function timeOption(input: Input, name: "from" | "to"): number {
  const text = textOption(input, name);
  const ms = text === undefined ? null : parseInstant(text);
  if (ms === null) {
    throw new UsageError(
      `--${name} takes a time with its zone, e.g. 2026-06-18T15:00Z or 2026-06-19T00:00+09:00`,
      "write the zone: Z for UTC, or the difference to it",
    );
  }
  return ms;
}
