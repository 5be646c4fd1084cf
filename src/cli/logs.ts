import { asciiJson, toAscii } from "../base/ascii.ts";
import { isId } from "../base/ids.ts";
import { lookAtPool, timeText, verdict, verdictOfFailure } from "../desk/index.ts";
import { asTeam } from "../relay/index.ts";
import { isEnded, UnexpectedAnswerError, UnreachableError } from "../sdk/index.ts";
import type { Client, LogMessage } from "../sdk/index.ts";
import { connect } from "./connect.ts";
import { textOption, UsageError } from "./context.ts";
import type { Input, Output, Run } from "./context.ts";
import { printVerdict } from "./print.ts";

const everyMs = 1000;
/** Looks without an answer, one after the other, that following bears. */
const mostFailures = 5;
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
  const follow = input.options["follow"] === true;
  let told: Told = { executionId: named, status: null, lines: null };
  try {
    const executionId = named ?? (await latestExecution(client, poolId, jobId ?? "", signal));
    if (executionId === null) return end({ ...told, lines: 0 }, "it never ran", json, stdout);
    const seen = new Set<string>();
    for (let failures = 0; ;) {
      try {
        // The status first: what is written between the two reads is then still read.
        const item = await client.executions.get(poolId, executionId, options);
        if (jobId !== null && item.jobId !== null && item.jobId !== jobId) {
          throw new UsageError("that execution is not one of this job", "leave out JOB or --execution");
        }
        for await (const line of client.logs.messages(poolId, { executionId, logLevels }, { seen, signal })) {
          stdout.write(json ? `${lineJson(line)}\n` : `${lineText(line)}\n`);
        }
        failures = 0;
        told = { executionId, status: item.status, lines: seen.size };
        if (!follow || isEnded(item.status)) {
          return end(told, `execution ${executionId} ${item.status}`, json, stdout);
        }
      } catch (error) {
        const passing = error instanceof UnreachableError || error instanceof UnexpectedAnswerError;
        failures += 1;
        if (!follow || !passing || failures > mostFailures) throw error;
      }
      await clock.sleep(everyMs, options);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (!signal.aborted) {
      const failure = await asTeam(() => Promise.reject(error)).catch(verdictOfFailure);
      return printVerdict(failure, { json, place }, stdout);
    }
    if (told.lines !== null)
      return end(told, `interrupted; execution ${String(told.executionId)} goes on`, json, stdout);
    return printVerdict(verdict("UNKNOWN", "interrupted before the log was read"), { json, place }, stdout);
  }
};

/** What the answer is about. `lines`: printed so far; null: the log was not read yet. */
interface Told {
  executionId: string | null;
  status: string | null;
  lines: number | null;
}

async function latestExecution(
  client: Client,
  poolId: string,
  jobId: string,
  signal: AbortSignal,
): Promise<string | null> {
  for await (const { executionId } of client.executions.list(poolId, jobId, { limit: 1, signal }))
    return executionId;
  return null;
}

function end({ executionId, status, lines }: Told, words: string, json: boolean, stdout: Output): number {
  const reason = `${String(lines)} ${lines === 1 ? "line" : "lines"}, ${words}`;
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

function levelsOption(input: Input): readonly (typeof levels)[number][] {
  const text = textOption(input, "level")?.toUpperCase();
  if (text === undefined) return [];
  const at = levels.findIndex((level) => level === text);
  if (at < 0) throw new UsageError("--level takes debug, info, warning or error");
  return levels.slice(at);
}
