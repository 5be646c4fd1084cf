import { settleAndLook } from "../desk/index.ts";
import { connect } from "./connect.ts";
import { executionArgument, textOption, UsageError } from "./context.ts";
import type { Run } from "./context.ts";
import { printVerdict } from "./print.ts";

/** The answer comes after a last look at a source that is silent, and after the end is written. */
const waitMs = 60_000;

/** `nightdesk settle EXECUTION`. */
export const run: Run = async (input, context) => {
  const because = textOption(input, "because");
  if (because === undefined) throw new UsageError("--because takes the reason");
  const executionId = executionArgument(input);
  const { team, place } = await connect(input, context, { waitMs });
  const word = { poolId: place.poolId, executionId, because, clock: context.clock };
  const verdict = await settleAndLook(team, word, { signal: context.signal });
  return printVerdict(verdict, { json: input.options["json"] === true, place }, context.stdout);
};
