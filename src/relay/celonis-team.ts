import { systemClock } from "../base/clock.ts";
import type { Clock } from "../base/clock.ts";
import type { Team } from "../model/team.ts";
import type { Client } from "../sdk/index.ts";
import { nightdeskTeam } from "./nightdesk-team.ts";
import { tellApart } from "./tell-apart.ts";
import { wireTeam } from "./wire-team.ts";

/**
 * A team over the wire, through the SDK. Asks once what it is: a Nightdesk is operated through its desk API
 * (and its proof counts), anything else through the Celonis wire alone, where only its word can be had.
 */
export function celonisTeam(client: Client, clock: Clock = systemClock): Team {
  const ends = {
    source: nightdeskTeam(client, clock),
    word: wireTeam(client),
  } as const;
  let known: "source" | "word" | null = null;

  async function proves(options: { signal: AbortSignal }): Promise<"source" | "word"> {
    known ??= await tellApart(client, options);
    return known;
  }

  return {
    proves,
    jobs: async (poolId, options) => ends[await proves(options)].jobs(poolId, options),
    stop: async (request, options) => ends[await proves(options)].stop(request, options),
  };
}
