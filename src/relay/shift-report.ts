import type { DeskReport } from "../contract/index.ts";
import type { Client } from "../sdk/index.ts";
import { asTeam } from "./failures.ts";
import { notUnderstood } from "./shapes.ts";

/**
 * The report of a pool of a Nightdesk, times in epoch ms. A Celonis team has none.
 * @throws TeamError, or the reason of the signal.
 */
export function shiftReport(
  client: Client,
  poolId: string,
  range: { from: number; to: number },
  options: { signal: AbortSignal },
): Promise<DeskReport> {
  return asTeam(async () => {
    const report = await client.desk.report(poolId, range, options);
    const { ran, stops, holds, settles, denied, open } = report;
    if (![ran, stops, holds, settles, denied, open].every(Array.isArray)) throw notUnderstood("report");
    return report;
  });
}
