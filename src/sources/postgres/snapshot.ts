import type { Link } from "./connect.ts";
import { statementError } from "./errors.ts";

/** One view of the source for several statements. No other transaction may be open on the link. */
export async function beginSnapshot(link: Link): Promise<void> {
  await say(link, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

export async function endSnapshot(link: Link): Promise<void> {
  await say(link, "COMMIT");
}

async function say(link: Link, statement: string): Promise<void> {
  try {
    await link.rows(statement);
  } catch (error) {
    throw statementError(error, link.access, {
      operation: "read in one snapshot",
      subject: statement,
      next: "look at the source and run the job again",
    });
  }
}
