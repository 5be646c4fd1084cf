import { readReceipt } from "../desk/index.ts";
import { connect } from "./connect.ts";
import { executionArgument } from "./context.ts";
import type { Run } from "./context.ts";
import { printReceipt, printVerdict } from "./print.ts";

/** `nightdesk receipt EXECUTION`. */
export const run: Run = async (input, context) => {
  const executionId = executionArgument(input);
  const { team, place } = await connect(input, context);
  const json = input.options["json"] === true;
  const answer = await readReceipt(team, executionId, { signal: context.signal });
  return "receipt" in answer
    ? printReceipt(answer, { json }, context.stdout)
    : printVerdict(answer.verdict, { json, place }, context.stdout);
};
