import { toAscii } from "../base/ascii.ts";
import type { KitFacts } from "./facts.ts";
import { fill, type Values } from "./fill.ts";
import { english } from "./words-en.ts";
import { japanese } from "./words-ja.ts";

/** In which a command is answered as printed: something runs, or nothing does. */
export type State = "running" | "idle";

/** What a command is answered with; `...` stands for anything, a line `  ...` for any lines that are indented. */
export interface Answer {
  state: State;
  code: number;
  lines: readonly string[];
}

export interface Command {
  line: string;
  answers: readonly Answer[];
  /** Its exit code is curl's own, 0 whatever the word: it is not printed. */
  codeSaysNothing?: true;
}

export interface Step {
  text: string;
  commands?: readonly Command[];
}

/** A part of the run-book; its texts may hold placeholders. */
export type Block =
  | { kind: "title" | "heading" | "text"; text: string }
  | { kind: "steps"; steps: readonly Step[] }
  | { kind: "commands"; commands: readonly Command[] }
  | { kind: "table"; head: readonly string[]; rows: readonly (readonly string[])[] };

/** The run-book in one language. */
export interface Words {
  /** How an answer is introduced. */
  answer: Record<State, string>;
  code: string;
  jobsHead: readonly [string, string, string];
  /** The first step: what Windows needs to trust the server. */
  trust: { plain: Step; given: Step; store: Step };
  /** `jobs` and `trust` are put in where they stand. */
  book: readonly (Block | { kind: "jobs" } | { kind: "preparation"; steps: readonly Step[] })[];
}

/** A text of the kit, with all that it needs to be rendered. */
export interface Book {
  language: "en" | "ja";
  words: Words;
  blocks: Block[];
}

/** The run-book about these facts. `shown`: how a name is shown. @throws UserError where a placeholder is left. */
export function runBook(facts: KitFacts, language: "en" | "ja", shown: (name: string) => string): Book {
  const words = { en: english, ja: japanese }[language];
  const values = valuesOf(facts, shown);
  const text = (line: string): string => fill(line, values);
  const step = ({ text: line, commands }: Step): Step => ({
    text: text(line),
    ...(commands === undefined ? {} : { commands: commands.map(command) }),
  });
  const command = ({ line, answers }: Command): Command => ({ line: text(line), answers });
  const blocks = words.book.map((block): Block => {
    switch (block.kind) {
      case "jobs":
        return {
          kind: "table",
          head: words.jobsHead,
          rows: facts.jobs.map(({ id, name }) => [shown(name), asPrinted(name), `STOP.cmd /JOB ${id}`]),
        };
      case "preparation":
        return { kind: "steps", steps: [words.trust[trustOf(facts)], ...block.steps].map(step) };
      case "steps":
        return { kind: "steps", steps: block.steps.map(step) };
      case "commands":
        return { kind: "commands", commands: block.commands.map(command) };
      case "table":
        return { ...block, rows: block.rows.map((row) => row.map(text)) };
      case "title":
      case "heading":
      case "text":
        return { ...block, text: text(block.text) };
    }
  });
  return { language, words, blocks };
}

function trustOf({ url, certificate }: KitFacts): keyof Words["trust"] {
  if (url.startsWith("http:")) return "plain";
  return certificate === null ? "store" : "given";
}

function valuesOf(
  { url, pool, jobs, contact, key, made, version, certificate }: KitFacts,
  shown: (name: string) => string,
): Values {
  return {
    url,
    pool: shown(pool.name),
    poolId: pool.id,
    jobId: jobs[0]?.id ?? "",
    contact: shown(contact),
    keyName: shown(key.name),
    keyPrefix: key.prefix,
    expires: key.expires,
    made,
    version,
    thumbprint: certificate?.thumbprint ?? "",
  };
}

/** A name as the text answers of the server have it: ASCII, in quotes that it cannot end. */
export function asPrinted(name: string): string {
  return `"${toAscii(name.replace(/["\\]/g, "\\$&"))}"`;
}
