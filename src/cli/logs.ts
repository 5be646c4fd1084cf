import { asciiJson, toAscii } from "../base/ascii.ts";
import { isId } from "../base/ids.ts";
import { lookAtPool, timeText, verdictOfFailure } from "../desk/index.ts";
import { asTeam } from "../relay/index.ts";
import { isEnded } from "../sdk/index.ts";
import type { LogMessage } from "../sdk/index.ts";
import { connect } from "./connect.ts";
import { textOption, UsageError } from "./context.ts";
import type { CliContext, Input, Output, Run } from "./context.ts";
import { printVerdict } from "./print.ts";

const everyMs = 1000;
const levels = ["DEBUG", "INFO", "WARNING", "ERROR"] as const;

/**
 * `nightdesk logs [JOB] [--execution ID] [--follow]`: a line each, oldest first, then the answer: 0 when the log was
 * given. That says nothing about what runs now.
 */
export const run: Run = async (input, context) => {
  const named = textOption(input, "execution") ?? null;
  if (named !== null && !isId(named)) throw new UsageError("--execution takes the id of an execution");
  if (named === null && input.argument === null) {
    throw new UsageError("no job named", "name a JOB, or give --execution ID");
  }
  const logLevels = levelsOption(input);
  const { client, team, place } = await connect(input, context);
  const { poolId } = place;
  const { clock, signal, stdout } = context;
  const json = input.options["json"] === true;
  const options = { signal };

  let jobId: string | null = null;
  if (input.argument !== null) {
    const look = await lookAtPool(team, { poolId, job: input.argument, clock }, options);
    const [job] = look.jobs;
    if (job === undefined || look.jobs.length !== 1 || look.word === "USAGE") {
      return printVerdict(look, { json, place }, stdout);
    }
    jobId = job.id;
  }
  try {
    const executionId =
      named ??
      (await asTeam(async () => {
        for await (const item of client.executions.list(poolId, jobId ?? "", { limit: 1, signal }))
          return item.executionId;
        return null;
      }));
    if (executionId === null)
      return end({ executionId, status: null, lines: 0 }, "it never ran", json, stdout);
    const seen = new Set<string>();
    let lines = 0;
    for (;;) {
      // The status first: what is written between the two reads is then still read.
      const item = await asTeam(() => client.executions.get(poolId, executionId, options));
      if (jobId !== null && item.jobId !== null && item.jobId !== jobId) {
        throw new UsageError("that execution is not one of this job", "leave out JOB or --execution");
      }
      await asTeam(async () => {
        for await (const line of client.logs.messages(poolId, { executionId, logLevels }, { seen, signal })) {
          stdout.write(json ? `${lineJson(line)}\n` : `${lineText(line)}\n`);
          lines += 1;
        }
      });
      const { status } = item;
      const told = { executionId, status, lines };
      if (isEnded(status) || input.options["follow"] !== true)
        return end(told, `execution ${executionId} ${status}`, json, stdout);
      if (!(await slept(context)))
        return end(told, `interrupted; execution ${executionId} ${status}`, json, stdout);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (signal.aborted)
      return end({ executionId: named, status: null, lines: null }, "interrupted", json, stdout);
    return printVerdict(verdictOfFailure(error), { json, place }, stdout);
  }
};

function end(
  told: { executionId: string | null; status: string | null; lines: number | null },
  words: string,
  json: boolean,
  stdout: Output,
): number {
  const { executionId, status, lines } = told;
  const reason = lines === null ? words : `${String(lines)} ${lines === 1 ? "line" : "lines"}, ${words}`;
  if (json) {
    stdout.write(`${asciiJson({ code: 0, word: "LOG", reason, executionId, status, lines })}\n`);
    return 0;
  }
  stdout.write(`CODE 0 REASON ${toAscii(reason)}\n`);
  return 0;
}

/** The time in front keeps a line from looking like an answer, whatever it says. */
function lineText({ date, level, logMessage }: LogMessage): string {
  return `${timeText(date, null)} ${toAscii(level)} ${toAscii(logMessage)}`;
}

function lineJson({ id, date, level, logMessage, logTranslationCode, executionItemId }: LogMessage): string {
  return asciiJson({
    id,
    date,
    level,
    message: logMessage,
    messageCode: logTranslationCode,
    itemId: executionItemId,
  });
}

/** False when the process is to end. */
async function slept({ clock, signal }: CliContext): Promise<boolean> {
  try {
    await clock.sleep(everyMs, { signal });
    return true;
  } catch {
    return false;
  }
}

function levelsOption(input: Input): readonly (typeof levels)[number][] {
  const text = textOption(input, "level")?.toUpperCase();
  if (text === undefined) return [];
  const at = levels.findIndex((level) => level === text);
  if (at < 0) throw new UsageError("--level takes debug, info, warning or error");
  return levels.slice(at);
}
