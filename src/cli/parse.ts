import { Command as Parser, CommanderError } from "commander";
import { commands } from "./commands.ts";
import type { Command } from "./command.ts";
import type { Input } from "./context.ts";

export type Parsed =
  | { kind: "run"; command: Command; input: Input }
  /** Asked for: help or the version. */
  | { kind: "text"; text: string }
  | { kind: "usage"; reason: string; next: string };

const codesHelp = `
Exit codes, of commands that answer for a source:
  0 CLEAR, 4 REPORTED CLEAR, 10 RUNNING, 20 UNKNOWN, 30 DENIED, 40 UNREACHABLE, 50 USAGE
Of run: 8, it did not succeed and nothing of it runs; of lists, logs, keys, kit and report: 0 when it is done;
of audit verify: 0 when the chain holds, else 20.
`;

/** Reads a command line (without node and script). Nothing is run and nothing is written. */
export async function parse(argv: readonly string[], version: string): Promise<Parsed> {
  let parsed: Parsed | null = null;
  let out = "";
  let complaints = "";
  const program = new Parser("nightdesk")
    .description("Operate data jobs from outside, with a stop that is proven.")
    .version(version, "--version", "print the version")
    .helpOption("--help", "print this help")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => (out += text),
      writeErr: (text) => (complaints += text),
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
    })
    .addHelpText(
      "after",
      `${codesHelp}\nExamples:\n${exampleLines(commands.flatMap(({ examples }) => examples.slice(0, 1)))}`,
    );
  for (const command of commands) {
    add(program, command, (input) => (parsed = { kind: "run", command, input }));
  }
  const named = commands.findLast(
    ({ verb, alias }) => alias === argv[0] || verb.split(" ").every((word, index) => argv[index] === word),
  );
  const next = `see nightdesk${named === undefined ? "" : ` ${named.verb}`} --help`;
  if (argv.length === 0) return { kind: "usage", reason: "no command given", next };
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "text", text: out };
    return { kind: "usage", reason: withoutValues(complaints === "" ? error.message : complaints), next };
  }
  return parsed ?? { kind: "usage", reason: "no command given", next };
}

function add(program: Parser, command: Command, choose: (input: Input) => void): void {
  const parser = parserOf(program, command.verb)
    .description(command.summary)
    .helpOption("--help", "print this help")
    .addHelpText("after", `${environmentLines(command)}\nExamples:\n${exampleLines(command.examples)}`);
  if (command.alias !== undefined) parser.alias(command.alias);
  for (const { syntax, meaning } of command.args) parser.argument(syntax, meaning);
  for (const { syntax, meaning, required = false } of command.options) {
    if (required) parser.requiredOption(syntax, meaning);
    else parser.option(syntax, meaning);
  }
  parser.action(() => {
    const [argument] = parser.args;
    // Of "connections test" the options of "connections" are taken by that one, wherever they stand.
    choose({ argument: argument ?? null, options: parser.optsWithGlobals() });
  });
}

/** Of a verb of two words the first is a command that only holds others. */
function parserOf(program: Parser, verb: string): Parser {
  const [first = "", second] = verb.split(" ");
  if (second === undefined) return program.command(first);
  const holder =
    program.commands.find((one) => one.name() === first) ??
    program.command(first).helpOption("--help", "print this help").helpCommand(false);
  return holder.command(second);
}

function environmentLines({ environment = [] }: Command): string {
  if (environment.length === 0) return "";
  return `\nEnvironment:\n${environment.map(({ name, meaning }) => `  ${name}\n      ${meaning}\n`).join("")}`;
}

function exampleLines(examples: readonly string[]): string {
  return examples.map((example) => `  ${example}\n`).join("");
}

/** One line, without what stands after `=`: somebody may have tried to hand over a key there. */
function withoutValues(complaint: string): string {
  return complaint
    .replace(/^error: /, "")
    .replace(/(--?[\w-]+)=[^'\s]*/g, "$1")
    .replace(/\s*\n\s*/g, " ")
    .trim();
}
