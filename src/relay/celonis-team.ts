import { systemClock } from "../base/clock.ts";
import type { Clock } from "../base/clock.ts";
import type { StopMemory } from "../model/remote-team.ts";
import type { Team } from "../model/team.ts";
import type { Client } from "../sdk/index.ts";
import { nightdeskTeam } from "./nightdesk-team.ts";
import { ownMemory } from "./stop-memory.ts";
import { tellApart } from "./tell-apart.ts";
import { usualQuietMs, wireTeam } from "./wire-team.ts";

/**
 * A team over the wire, through the SDK. Asks once what it is: a Nightdesk is operated through its desk API
 * (and its proof counts), anything else through the Celonis wire alone, where only its word can be had.
 * @param job the only one that answers are about, by id or whole name; null: all.
 */
export function celonisTeam(
  client: Client,
  clock: Clock = systemClock,
  {
    memory = ownMemory(clock),
    quietMs = usualQuietMs,
    job = null,
  }: { memory?: StopMemory; quietMs?: number; job?: string | null } = {},
): Team {
  let known: Team | null = null;

  const end = async (options: { signal: AbortSignal }): Promise<Team> => {
    if (known === null) {
      const identity = await tellApart(client, options);
      known = identity.nightdesk
        ? nightdeskTeam(client, clock, identity, job)
        : wireTeam(client, { clock, memory, quietMs });
    }
    return known;
  };

  return {
    proves: async (poolId, options) => (await end(options)).proves(poolId, options),
    settings: async (poolId, options) => (await end(options)).settings(poolId, options),
    partial: (poolId) => known?.partial(poolId) ?? false,
    jobs: async (poolId, options) => (await end(options)).jobs(poolId, options),
    stop: async (request, options) => (await end(options)).stop(request, options),
    stopAll: async (request, options) => (await end(options)).stopAll(request, options),
    connections: async (poolId, options) => (await end(options)).connections(poolId, options),
    go: async (scope, options) => (await end(options)).go(scope, options),
    schedules: async (poolId, options) => (await (await end(options)).schedules?.(poolId, options)) ?? null,
    holds: async (poolId, options) => (await end(options)).holds(poolId, options),
    hold: async (order, options) => (await end(options)).hold(order, options),
    release: async (order, options) => (await end(options)).release(order, options),
    settle: async (word, options) => (await end(options)).settle(word, options),
    receipt: async (executionId, options) => (await end(options)).receipt(executionId, options),
  };
}
