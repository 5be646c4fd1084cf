import type { Clock } from "../base/clock.ts";
import type { Team, TeamHold, TeamStart } from "../model/team.ts";
import { verdictOfFailedChange, verdictOfFailure } from "./failure.ts";
import { named } from "./go.ts";
import type { GoTeam } from "./go.ts";
import { lookAfter } from "./hold.ts";
import { partOf } from "./scope.ts";
import type { Part } from "./scope.ts";
import { verdict } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

/** Which holds are to end: exactly one of `job`, `connection`, `holdId` and `all`. */
export interface ReleaseOrder {
  poolId: string;
  /** Id or whole name: the holds laid on it, not those of its pool or connection. */
  job: string | null;
  connection: string | null;
  holdId: string | null;
  /** Every hold of the pool. */
  all: boolean;
  /** Only say what would start. */
  dryRun: boolean;
  clock: Clock;
}

/**
 * Ends holds, or with `dryRun` none, says what starts by it, and answers for what was held. A second release
 * finds nothing to do. Never rejects: failures and an aborted signal are verdicts too.
 */
export async function releaseAndLook(
  team: GoTeam & Pick<Team, "holds" | "release">,
  order: ReleaseOrder,
  { signal }: { signal: AbortSignal },
): Promise<Verdict> {
  const { poolId, clock, dryRun } = order;
  let part: Part;
  let chosen: TeamHold[];
  try {
    const inForce = await team.holds(poolId, { signal });
    const found = await partOf(team, order, { signal });
    const wrong = "usage" in found ? found.usage : wrongOrder(order, inForce);
    if (wrong !== null || "usage" in found) {
      const next = "name one: JOB, --connection C, --hold ID, or --all";
      return verdict("USAGE", wrong ?? "", { holds: named(inForce, new Map()), next });
    }
    part = found;
    chosen = inForce.filter(({ id, objectId }) =>
      order.all ? true : order.holdId === null ? objectId === found.objectId : id === order.holdId,
    );
  } catch (error) {
    return signal.aborted
      ? verdict("UNKNOWN", "interrupted before anything was released")
      : verdictOfFailure(error);
  }
  if (chosen.length === 0) return lookAfter(team, { poolId, part, clock }, "NOTHING WAS HELD", { signal });
  let starts: TeamStart[];
  try {
    starts = await team.release({ poolId, holdIds: chosen.map(({ id }) => id), dryRun }, { signal });
  } catch (error) {
    return verdictOfFailedChange(error, "the release", signal);
  }
  const done = `${dryRun ? "DRY RUN, nothing released" : "RELEASED"}: ${holdCount(chosen)}, ${startWords(starts, dryRun)}`;
  return lookAfter(team, { poolId, part, clock }, done, { signal, facts: { starts } });
}

function wrongOrder({ job, connection, holdId, all }: ReleaseOrder, inForce: TeamHold[]): string | null {
  const ways = [job !== null, connection !== null, holdId !== null, all].filter(Boolean).length;
  if (ways === 0)
    return inForce.length === 0 ? "nothing named, and nothing is held" : "nothing named; this is held";
  if (ways > 1) return "JOB, --connection, --hold and --all do not go together";
  if (holdId !== null && !inForce.some(({ id }) => id === holdId)) return "no hold in force has this id";
  return null;
}

function holdCount({ length }: readonly TeamHold[]): string {
  return length === 1 ? "1 hold" : `${String(length)} holds`;
}

function startWords(starts: readonly TeamStart[], dryRun: boolean): string {
  if (starts.length === 0) return dryRun ? "nothing would start by it" : "nothing starts by it";
  const names = starts.map(({ jobName }) => JSON.stringify(jobName)).join(", ");
  return `by it ${dryRun ? "would start" : "start"} ${names}`;
}
