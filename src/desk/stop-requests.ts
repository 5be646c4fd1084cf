import { TeamError } from "../model/team.ts";
import type { Team } from "../model/team.ts";
import type { StopTarget } from "./stop-target.ts";

/** Requests on their way at the same time. */
const lanes = 8;

export interface StopRequests {
  /** Resolves when each was answered, failed or cut. Never rejects. */
  readonly ended: Promise<void>;
  /** Aborts at that moment: ends a pause early. */
  readonly endedSignal: AbortSignal;
  /** True once the team accepted each of them. */
  accepted(): boolean;
  /** Why the outcome of one is not known; null if there is no such one. */
  trouble(): string | null;
}

/**
 * Sends a stop for every target whose step is `asked`; `atOnce`: one for all of the pool, where the team has that. A
 * refusal is written into the target; any other failure leaves open whether the stop arrived, which only looking can tell.
 */
export function askForStops(
  team: Pick<Team, "stop" | "stopAll">,
  scope: { poolId: string; reason: string | null; atOnce: boolean },
  targets: readonly StopTarget[],
  { signal }: { signal: AbortSignal },
): StopRequests {
  const waiting = targets.filter(({ step }) => step === "asked");
  const asked = waiting.length;
  let accepted = 0;
  let trouble: string | null = null;

  async function ask(target: StopTarget): Promise<void> {
    const { first, meant } = target;
    try {
      const request = { poolId: scope.poolId, jobId: first.id, executionId: meant, reason: scope.reason };
      const answer = await team.stop(request, { signal });
      if (answer === "accepted") accepted++;
      else trouble = "the team says that another execution is active, and nothing was asked of it";
    } catch (error) {
      failed(error, [target]);
    }
  }

  function failed(error: unknown, of: readonly StopTarget[]): void {
    if (signal.aborted) return;
    const words = error instanceof Error ? error.message : String(error);
    const word = refusalOf(error);
    if (word === null) trouble = `the stop request had no clear answer: ${words}`;
    else for (const target of of) target.refusal = { word, note: `the stop was refused: ${words}` };
  }

  /** One call for all of them, if that is wanted and there is such a call. */
  async function askAtOnce(): Promise<void> {
    if (!scope.atOnce || asked === 0) return;
    try {
      if (!(await team.stopAll({ poolId: scope.poolId, reason: scope.reason }, { signal }))) return;
      accepted = asked;
      waiting.length = 0;
    } catch (error) {
      failed(error, waiting.splice(0));
    }
  }

  async function lane(): Promise<void> {
    for (let target = waiting.shift(); target !== undefined && !signal.aborted; target = waiting.shift()) {
      await ask(target);
    }
  }

  const end = new AbortController();
  const ended = askAtOnce()
    .then(() => Promise.all(Array.from({ length: lanes }, lane)))
    .then(() => end.abort());
  return { ended, endedSignal: end.signal, accepted: () => accepted === asked, trouble: () => trouble };
}

function refusalOf(error: unknown): "DENIED" | "USAGE" | null {
  switch (error instanceof TeamError ? error.failure : "unknown") {
    case "denied":
    case "not-found":
      return "DENIED";
    case "invalid":
    case "unable":
      return "USAGE";
    case "unreachable":
    case "conflict":
    case "unknown":
      return null;
  }
}
