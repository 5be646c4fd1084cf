import { releaseAndLook } from "../desk/index.ts";
import { connect } from "./connect.ts";
import { textOption } from "./context.ts";
import type { Run } from "./context.ts";
import { printVerdict } from "./print.ts";

/** `nightdesk release [JOB]`. */
export const run: Run = async (input, context) => {
  const { team, place } = await connect(input, context);
  const order = {
    poolId: place.poolId,
    job: input.argument,
    connection: textOption(input, "connection") ?? null,
    holdId: textOption(input, "hold") ?? null,
    all: input.options["all"] === true,
    dryRun: input.options["dryRun"] === true,
    clock: context.clock,
  };
  const verdict = await releaseAndLook(team, order, { signal: context.signal });
  return printVerdict(verdict, { json: input.options["json"] === true, place }, context.stdout);
};
