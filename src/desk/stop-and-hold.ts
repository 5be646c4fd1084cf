import type { Team } from "../model/team.ts";
import { verdictOfFailedChange } from "./failure.ts";
import { labelOf, partOf } from "./scope.ts";
import { stopAndProve } from "./stop-and-prove.ts";
import type { StopProgress, StopScope, StopTeam } from "./stop-and-prove.ts";
import { heldWords } from "./text.ts";
import { verdict, worstWord } from "./verdict.ts";
import type { HoldReport, Verdict } from "./verdict.ts";

/**
 * A stop that stays: first a hold on the job, or on the pool with `all`, so that nothing of it starts meanwhile;
 * then the stop. A hold that is refused keeps no stop back, for the stop is what cannot wait: the stop is done, and
 * the answer has the word of the refusal where that is the worse one, so that nobody takes it for held.
 */
export async function stopAndHold(
  team: StopTeam & Pick<Team, "connections" | "hold">,
  scope: StopScope,
  { until }: { until: number },
  options: { signal: AbortSignal; onProgress?: (progress: StopProgress) => void },
): Promise<Verdict> {
  const held = await layHold(team, scope, until, options);
  const stop = await stopAndProve(team, scope, options);
  if (held === null) return stop;
  if ("hold" in held) {
    const { hold } = held;
    return {
      ...stop,
      holds: [hold],
      reason: `${stop.reason}; ${labelOf(hold)} ${heldWords(hold, stop.settings)}`,
    };
  }
  const { refusal } = held;
  const fate = refusal.word === "UNKNOWN" ? "PERHAPS NOT HELD" : "NOT HELD, so it may start again";
  return verdict(worstWord([stop, refusal], stop.word), `${stop.reason}; ${fate}: ${refusal.reason}`, {
    asOf: stop.asOf,
    jobs: stop.jobs,
    settings: stop.settings,
    partial: stop.partial,
    next: stop.next ?? refusal.next,
  });
}

/** Null where the stop itself says that the command is wrong, or that nothing can be read. */
async function layHold(
  team: StopTeam & Pick<Team, "connections" | "hold">,
  { poolId, job, all, executionId, reason }: StopScope,
  until: number,
  { signal }: { signal: AbortSignal },
): Promise<{ hold: HoldReport } | { refusal: Verdict } | null> {
  if ((job === null) !== all || (all && executionId !== null)) return null;
  const part = await partOf(team, { poolId, job, connection: null }, { signal }).catch(() => null);
  if (part === null || "usage" in part) return null;
  const { scope, objectId, name } = part;
  try {
    const hold = await team.hold({ poolId, scope, objectId, reason, until }, { signal });
    return { hold: { ...hold, name } };
  } catch (error) {
    return { refusal: verdictOfFailedChange(error, "the hold", signal) };
  }
}
