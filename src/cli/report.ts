import { asciiJson } from "../base/ascii.ts";
import { isZone } from "../base/zones.ts";
import { reportReason, reportText, settingsOf, verdictOfFailure } from "../desk/index.ts";
import { shiftReport } from "../relay/index.ts";
import { connect } from "./connect.ts";
import { UsageError } from "./context.ts";
import type { Run } from "./context.ts";
import { printVerdict } from "./print.ts";
import { rangeAsked, zoneOption } from "./report-range.ts";

/**
 * `nightdesk report`: 0 when there is a report; what keeps it away has the codes of `status`. Days, shifts and the times
 * of its text are those of the zone that is given, else of the pool's desk settings, else UTC.
 */
export const run: Run = async (input, context) => {
  const given = zoneOption(input);
  const asked = rangeAsked(input, given);
  const json = input.options["json"] === true;
  const { client, team, place } = await connect(input, context);
  const { signal } = context;
  const { url, poolId } = place;
  const failed = (error: unknown): number =>
    printVerdict(verdictOfFailure(error), { json, place }, context.stdout);

  let times: Awaited<ReturnType<typeof settingsOf>> | { zone: string; hours24to47: boolean };
  try {
    // A day of the wrong zone would be another day; how times are written decides nothing.
    const settings = () =>
      typeof asked === "function" ? team.settings(poolId, { signal }) : settingsOf(team, poolId, { signal });
    times = given === null ? await settings() : { zone: given, hours24to47: false };
  } catch (error) {
    return failed(error);
  }
  const zone = times?.zone ?? "UTC";
  if (typeof asked === "function" && !isZone(zone)) {
    throw new UsageError(`the pool's zone ${zone} is not known to this machine`, "give --zone");
  }
  const range = typeof asked === "function" ? asked(zone) : asked;
  let report: Awaited<ReturnType<typeof shiftReport>>;
  try {
    report = await shiftReport(client, poolId, range, { signal });
  } catch (error) {
    return failed(error);
  }
  const reason = reportReason(report);
  const answer = { code: 0, word: "REPORT", reason, url, pool: { id: poolId }, zone, report };
  context.stdout.write(json ? `${asciiJson(answer)}\n` : reportText(report, "\n", times));
  return 0;
};
