import { lookAtPool, withSchedules } from "../desk/index.ts";
import { connectWithProbes } from "./connect.ts";
import type { Run } from "./context.ts";
import { printVerdict } from "./print.ts";

/** `nightdesk status [JOB] [--watch]`. */
export const run: Run = async (input, context) => {
  const { team, place } = await connectWithProbes(input, context);
  const scope = { poolId: place.poolId, job: input.argument, clock: context.clock };
  const { signal } = context;
  const look = async (): ReturnType<typeof lookAtPool> =>
    withSchedules(team, await lookAtPool(team, scope, { signal }), scope, { signal });
  const form = { json: input.options["json"] === true, place };
  if (input.options["watch"] === true) {
    const { watch } = await import("./watch.ts");
    return watch(look, form, context);
  }
  return printVerdict(await look(), form, context.stdout);
};
