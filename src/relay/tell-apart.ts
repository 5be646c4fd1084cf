import { ClientError, UnreachableError } from "../sdk/index.ts";
import type { Client } from "../sdk/index.ts";
import { asTeam } from "./failures.ts";

/**
 * `source` for a Nightdesk that says so in full. Whatever else answers (404, a login page, 401 for a path a
 * real team does not have) is taken at the lower word: that never claims too much, and the key is judged by
 * the reads that follow.
 * @throws TeamError "unreachable" when nothing answered: that says nothing about what is there.
 */
export async function tellApart(
  client: Client,
  options: { signal: AbortSignal },
): Promise<"source" | "word"> {
  return asTeam(async () => {
    try {
      const about = await client.desk.about(options);
      return about.product === "nightdesk" && about.proof === "source" ? "source" : "word";
    } catch (error) {
      if (!(error instanceof ClientError) || error instanceof UnreachableError) throw error;
      return "word";
    }
  });
}
