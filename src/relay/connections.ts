import type { TeamConnection } from "../model/team.ts";
import type { Client } from "../sdk/index.ts";
import { asTeam } from "./failures.ts";
import { isTextOrNull, notUnderstood, orNull } from "./shapes.ts";

/** Both kinds of team list them on the same wire. */
export async function connectionsOf(
  client: Client,
  poolId: string,
  options: { signal: AbortSignal },
): Promise<TeamConnection[]> {
  return asTeam(async () =>
    (await client.dataSources.list(poolId, options)).map((source) => {
      const name = orNull(source.name);
      if (typeof source.id !== "string" || !isTextOrNull(name)) throw notUnderstood("list of connections");
      return { id: source.id, name: name ?? source.id };
    }),
  );
}
