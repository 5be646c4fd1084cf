import { holdAndLook, listHolds } from "../desk/index.ts";
import { connect } from "./connect.ts";
import { momentOption, textOption } from "./context.ts";
import type { Run } from "./context.ts";
import { printVerdict } from "./print.ts";

/** `nightdesk hold [JOB]`. */
export const runHold: Run = async (input, context) => {
  const until = momentOption(input, "until", context.clock.now()) ?? null;
  const { team, place } = await connect(input, context);
  const order = {
    poolId: place.poolId,
    job: input.argument,
    connection: textOption(input, "connection") ?? null,
    until,
    reason: textOption(input, "reason") ?? null,
    clock: context.clock,
  };
  const verdict = await holdAndLook(team, order, { signal: context.signal });
  return printVerdict(verdict, { json: input.options["json"] === true, place }, context.stdout);
};

/** `nightdesk holds`. */
export const runHolds: Run = async (input, context) => {
  const { team, place } = await connect(input, context);
  const scope = { poolId: place.poolId, clock: context.clock };
  const verdict = await listHolds(team, scope, { signal: context.signal });
  return printVerdict(verdict, { json: input.options["json"] === true, place }, context.stdout);
};
