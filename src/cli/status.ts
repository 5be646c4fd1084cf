import { lookAtPool } from "../desk/index.ts";
import { connect } from "./connect.ts";
import type { Run } from "./context.ts";
import { printVerdict } from "./print.ts";

/** `nightdesk status [JOB]`. */
export const run: Run = async (input, context) => {
  const { team, place } = await connect(input, context);
  const scope = { poolId: place.poolId, job: input.argument, clock: context.clock };
  const verdict = await lookAtPool(team, scope, { signal: context.signal });
  return printVerdict(verdict, { json: input.options["json"] === true, place }, context.stdout);
};
