import { jobLine, stopAndHold, stopAndProve, withSchedules } from "../desk/index.ts";
import type { StopProgress } from "../desk/index.ts";
import { connectWithProbes } from "./connect.ts";
import { momentOption, textOption, UsageError } from "./context.ts";
import type { Input, Output, Run } from "./context.ts";
import { printVerdict } from "./print.ts";

const usualWaitMs = 60_000;
const longestWaitSeconds = 86_400;

/** `nightdesk stop [JOB]`. */
export const run: Run = async (input, context) => {
  const waitMs = waitOption(input);
  const until = momentOption(input, "holdUntil", context.clock.now());
  const { team, place } = await connectWithProbes(input, context, { waitMs });
  const scope = {
    poolId: place.poolId,
    job: input.argument,
    executionId: textOption(input, "execution") ?? null,
    all: input.options["all"] === true,
    waitMs,
    reason: textOption(input, "reason") ?? null,
    clock: context.clock,
  };
  const options = { signal: context.signal, onProgress: progressTo(context.stderr) };
  const verdict =
    until === undefined
      ? await stopAndProve(team, scope, options)
      : await stopAndHold(team, scope, { until }, options);
  const said = await withSchedules(team, verdict, scope, options);
  return printVerdict(said, { json: input.options["json"] === true, place }, context.stdout);
};

/** Milliseconds. */
function waitOption(input: Input): number {
  const text = textOption(input, "wait");
  if (text === undefined) return usualWaitMs;
  const seconds = Number(text);
  if (!/^\d+(?:\.\d+)?$/.test(text) || seconds === 0 || seconds > longestWaitSeconds) {
    throw new UsageError(`--wait takes seconds, more than 0 and at most ${String(longestWaitSeconds)}`);
  }
  return seconds * 1000;
}

/** On a terminal only: in the log of a scheduler line 1 stays the word. */
function progressTo(stderr: Output): (progress: StopProgress) => void {
  let shown = "";
  return ({ elapsedMs, jobs }) => {
    if (stderr.isTTY !== true) return;
    const open = jobs.filter(({ outcome }) => outcome === "NOT PROVEN").map((job) => `${jobLine(job)}\n`);
    const text = open.join("");
    if (text !== shown) stderr.write(`after ${String(Math.round(elapsedMs / 1000))} s:\n${text}`);
    shown = text;
  };
}
