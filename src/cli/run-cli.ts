import { UsageError } from "./context.ts";
import type { CliContext } from "./context.ts";
import { printVerdict } from "./print.ts";
import { codes, verdict } from "../desk/index.ts";
import { commands } from "./commands.ts";
import type { Command } from "./command.ts";

/**
 * The command `nightdesk`: `argv` without node and script. Resolves with the exit code and never rejects.
 * Whatever goes wrong in a command that answers for a source is UNKNOWN at least, never a code below it.
 */
export async function runCli(argv: readonly string[], surroundings: CliContext): Promise<number> {
  const context = withColours(surroundings);
  const json = argv.includes("--json");
  let answers = true;
  try {
    const { parse } = await import("./parse.ts");
    const parsed = await parse(argv, context.version);
    if (parsed.kind === "text") {
      context.stdout.write(parsed.text);
      return 0;
    }
    if (parsed.kind === "usage") {
      return printVerdict(
        verdict("USAGE", parsed.reason, { next: parsed.next }),
        { json, place: null },
        context.stdout,
      );
    }
    answers = isAnswer(parsed.command);
    const { run } = await parsed.command.load();
    return await run(parsed.input, context);
  } catch (error) {
    if (error instanceof UsageError) {
      const facts = error.next === null ? {} : { next: error.next };
      return printVerdict(verdict("USAGE", error.message, facts), { json, place: null }, context.stdout);
    }
    if (answers) {
      const reason = `a fault of nightdesk itself: ${lineOf(error)}`;
      return printVerdict(verdict("UNKNOWN", reason), { json, place: null }, context.stdout);
    }
    context.stderr.write(`nightdesk: ${lineOf(error)}\n`);
    return 1;
  }
}

/** Colours on a terminal only, and not where NO_COLOR is set to anything (no-color.org) or the terminal has none. */
function withColours(context: CliContext): CliContext {
  const { stdout, env } = context;
  const colours = stdout.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  return {
    ...context,
    stdout: { write: (text) => stdout.write(text), isTTY: stdout.isTTY === true, colours },
  };
}

/** The exit code of an answer that could not be given. */
export const unknownCode = codes.UNKNOWN;

/** Whether the exit code of this command line answers for a source, so that no fault may make it a low one. */
export function answersForSource(argv: readonly string[]): boolean {
  return commands.some(
    (command) => [command.verb.split(" ")[0], command.alias].includes(argv[0]) && isAnswer(command),
  );
}

/** Everything but what runs until it is told to end, and what only prints a script. */
function isAnswer({ object }: Command): boolean {
  return object !== "server" && object !== "sample" && object !== "shell";
}

/** Our own errors bring their line: operation, place, what happened, next step. */
function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = "line" in error && typeof error.line === "string" ? error.line : error.message;
  return text.replace(/\s*[\r\n]+\s*/g, " ");
}
