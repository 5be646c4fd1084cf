import type { Clock } from "../base/clock.ts";
import { TeamError } from "../model/team.ts";
import type { Team, TeamHold } from "../model/team.ts";
import { verdictOfFailedChange, verdictOfFailure } from "./failure.ts";
import { lookAtPart, named } from "./go.ts";
import type { GoTeam } from "./go.ts";
import { clearWord, judgeJob } from "./judge.ts";
import { jobsReason, readPool, settingsOf } from "./look.ts";
import type { LookTeam } from "./look.ts";
import { labelOf, partOf } from "./scope.ts";
import type { Part } from "./scope.ts";
import { heldWords, otherName } from "./text.ts";
import type { TimesRead } from "./times.ts";
import { verdict, worstWord } from "./verdict.ts";
import type { Verdict, VerdictFacts } from "./verdict.ts";

/** What is to be held: a job, a connection, each by id or whole name, or the whole pool if both are null. */
export interface HoldOrder {
  poolId: string;
  job: string | null;
  connection: string | null;
  /** Epoch ms; null: until it is released. */
  until: number | null;
  reason: string | null;
  clock: Clock;
}

/**
 * Lays a hold and answers for what is held: what of it runs goes on, and counts. Never rejects: failures and an
 * aborted signal are verdicts too.
 */
export async function holdAndLook(
  team: GoTeam & Pick<Team, "hold">,
  order: HoldOrder,
  { signal }: { signal: AbortSignal },
): Promise<Verdict> {
  const { poolId, clock, reason, until } = order;
  let part: Part;
  let hold: TeamHold;
  let times: TimesRead;
  try {
    // Asks who is there, so that a lost connection is told from a hold that may have arrived.
    await team.proves(poolId, { signal });
    const found = await partOf(team, order, { signal });
    if ("usage" in found) return verdict("USAGE", found.usage);
    part = found;
    times = await settingsOf(team, poolId, { signal });
  } catch (error) {
    return signal.aborted
      ? verdict("UNKNOWN", "interrupted before anything was held")
      : verdictOfFailure(error);
  }
  try {
    const { scope, objectId } = part;
    hold = await team.hold({ poolId, scope, objectId, reason, until }, { signal });
  } catch (error) {
    return verdictOfFailedChange(error, "the hold", signal);
  }
  const scope = { poolId, part, clock };
  const answer = await lookAfter(team, scope, `${labelOf(part)} ${heldWords(hold, times)}`, { signal });
  const notHeld = (answer.sources ?? []).flatMap(({ others }) => others.map(otherName));
  if (notHeld.length === 0) return answer;
  return { ...answer, reason: `${answer.reason}; not held, to the same source: ${notHeld.join(", ")}` };
}

/** The answer for a part after something was done about it: `done` says what, and stands whatever the look says. */
export async function lookAfter(
  team: Pick<Team, "proves" | "settings" | "go">,
  scope: { poolId: string; part: Part; clock: Clock },
  done: string,
  { signal, facts = {} }: { signal: AbortSignal; facts?: VerdictFacts },
): Promise<Verdict> {
  try {
    const look = await lookAtPart(team, scope, { signal });
    return { ...look, ...facts, reason: `${done}; ${look.reason}` };
  } catch (error) {
    const words = signal.aborted ? "interrupted" : error instanceof Error ? error.message : String(error);
    const denied =
      error instanceof TeamError && (error.failure === "denied" || error.failure === "not-found");
    return verdict(denied ? "DENIED" : "UNKNOWN", `${done}; then the look failed: ${words}`, facts);
  }
}

/** What is held, and the answer for the pool as its jobs have it. Never rejects. */
export async function listHolds(
  team: LookTeam & Pick<Team, "connections" | "holds">,
  { poolId, clock }: { poolId: string; clock: Clock },
  { signal }: { signal: AbortSignal },
): Promise<Verdict> {
  try {
    const holds = await team.holds(poolId, { signal });
    const connections = holds.some(({ scope }) => scope === "connection")
      ? await team.connections(poolId, { signal })
      : [];
    const look = await readPool(team, poolId, { clock, signal });
    const names = new Map([...connections, ...look.jobs].map(({ id, name }) => [id, name]));
    const jobs = look.jobs.map((job) => judgeJob(job, look));
    const count = `${String(holds.length)} ${holds.length === 1 ? "hold" : "holds"} in force`;
    return verdict(worstWord(jobs, clearWord(look.proves)), `${count}; ${jobsReason(jobs, false)}`, {
      asOf: look.asOf,
      jobs: jobs.filter(({ word }) => word !== "CLEAR"),
      holds: named(holds, names),
      settings: look.settings,
    });
  } catch (error) {
    if (signal.aborted) return verdict("UNKNOWN", "interrupted before the holds were known");
    return verdictOfFailure(error);
  }
}
