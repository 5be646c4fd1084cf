import { goOrNot, withSchedules } from "../desk/index.ts";
import { connectWithProbes } from "./connect.ts";
import { textOption } from "./context.ts";
import type { Run } from "./context.ts";
import { printVerdict } from "./print.ts";

/** `nightdesk go`. */
export const run: Run = async (input, context) => {
  const { team, place } = await connectWithProbes(input, context);
  const connection = textOption(input, "connection") ?? null;
  const scope = { poolId: place.poolId, connection, clock: context.clock };
  const { signal } = context;
  const said = await withSchedules(team, await goOrNot(team, scope, { signal }), scope, { signal });
  return printVerdict(said, { json: input.options["json"] === true, place }, context.stdout);
};
