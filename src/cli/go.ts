import { goOrNot } from "../desk/index.ts";
import { connectWithProbes } from "./connect.ts";
import { textOption } from "./context.ts";
import type { Run } from "./context.ts";
import { printVerdict } from "./print.ts";

/** `nightdesk go`. */
export const run: Run = async (input, context) => {
  const { team, place } = await connectWithProbes(input, context);
  const connection = textOption(input, "connection") ?? null;
  const scope = { poolId: place.poolId, connection, clock: context.clock };
  const verdict = await goOrNot(team, scope, { signal: context.signal });
  return printVerdict(verdict, { json: input.options["json"] === true, place }, context.stdout);
};
