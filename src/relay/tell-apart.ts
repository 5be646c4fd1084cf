import { ClientError, UnreachableError } from "../sdk/index.ts";
import type { Client } from "../sdk/index.ts";
import { asTeam } from "./failures.ts";

/** What answers there. `everywhere`: all its pools are proven at their sources; else each answer says it. `time`: the clock of a Nightdesk when it was asked, epoch ms. */
export type Identity = { nightdesk: true; everywhere: boolean; time: number } | { nightdesk: false };

/**
 * Whether it is a Nightdesk, which says so in full. Whatever else answers (404, a login page, 401 for a path a
 * real team does not have) is taken at the lower word: that never claims too much, and the key is judged by
 * the reads that follow.
 * @throws TeamError "unreachable" when nothing answered: that says nothing about what is there.
 */
export async function tellApart(client: Client, options: { signal: AbortSignal }): Promise<Identity> {
  return asTeam(async () => {
    try {
      const { product, proof, time } = await client.desk.about(options);
      const says = proof === "source" || proof === "per pool";
      const inFull = product === "nightdesk" && says && typeof time === "number";
      return inFull ? { nightdesk: true, everywhere: proof === "source", time } : { nightdesk: false };
    } catch (error) {
      if (!(error instanceof ClientError) || error instanceof UnreachableError) throw error;
      return { nightdesk: false };
    }
  });
}
