/** The part of cmd's language that the kit is written in, taken apart as cmd does it. Anything else is an error. */

export type BatchCommand =
  | { kind: "echo"; text: string }
  | { kind: "set"; name: string; value: string }
  | { kind: "add"; name: string; by: number }
  | { kind: "ask"; name: string; prompt: string }
  | { kind: "goto"; label: string }
  | { kind: "call"; path: string }
  | { kind: "exit"; code: string }
  | { kind: "delete"; path: string }
  | { kind: "shift" | "pause" | "nothing" }
  | { kind: "colour"; value: string }
  | { kind: "if"; not: boolean; test: BatchTest; command: BatchCommand }
  | { kind: "for"; options: ForOptions; source: string; variables: string[]; body: BatchCommand[] }
  | { kind: "run"; words: string[]; out: string; err: string };

type BatchTest =
  | { kind: "same"; left: string; right: string; ignoreCase: boolean }
  | { kind: "defined"; name: string }
  | { kind: "exists"; path: string };

export interface ForOptions {
  file: boolean;
  eol: string;
  delims: string;
  skip: number;
  tokens: "1" | "1*";
}

/** A line as it stands, or one that begins a block with all lines up to its `)`. */
export function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let block: string[] | null = null;
  for (const line of text.split("\r\n").slice(0, -1)) {
    if (block !== null) {
      block.push(line);
      if (line !== ")") continue;
      lines.push(block.join("\n"));
      block = null;
    } else if (line.endsWith(" do (")) block = [line];
    else lines.push(line);
  }
  if (block !== null) throw new Error("a block that is not closed");
  return lines;
}

/** Takes a line apart in which `%NAME%` is in place already and `%%a` has become `%a`. */
export function parseLine(line: string): BatchCommand {
  const [first = "", ...rest] = line.split("\n");
  if (rest.length === 0) return parseCommand(first);
  const body = rest.slice(0, -1).map((text) => parseCommand(text.trim()));
  const loop = parseFor(first.slice(0, -2));
  return { ...loop, body };
}

function parseCommand(text: string): BatchCommand {
  const is = (pattern: RegExp): RegExpExecArray | null => pattern.exec(text);
  if (is(/^(?:@echo off|rem [^%]*|:\w+|setlocal EnableExtensions DisableDelayedExpansion)$/))
    return { kind: "nothing" };
  if (text.startsWith("if ")) return parseIf(text.slice(3));
  if (text.startsWith("for ")) {
    const { length } = /^for \/f "[^"]*" %[a-z] in \("[^"]*"\) do /.exec(text)?.[0] ?? "";
    return { ...parseFor(text.slice(0, length - 1)), body: [parseCommand(text.slice(length))] };
  }
  if (text === "echo.") return { kind: "echo", text: "" };
  if (text.startsWith("echo ")) return { kind: "echo", text: plain(text.slice(5)) };
  if (text.startsWith("set /a ")) {
    const [, name = "", by = ""] = is(/^set \/a (\w+)\+=(\d+)$/) ?? fail(text);
    return { kind: "add", name, by: Number(by) };
  }
  if (text.startsWith("set /p ")) {
    const [, name = "", prompt = ""] = is(/^set \/p "(\w+)=([^"]*)"$/) ?? fail(text);
    return { kind: "ask", name, prompt };
  }
  if (text.startsWith("set ")) {
    // To the last quote, as cmd does; but one within is where a value could break out, and so an error.
    const [, name = "", value = ""] = is(/^set "(\w+)=([^"]*)"$/) ?? fail(text);
    return { kind: "set", name, value };
  }
  if (text.startsWith("goto ")) return { kind: "goto", label: (is(/^goto (\w+)$/) ?? fail(text))[1] ?? "" };
  if (text.startsWith("call "))
    return { kind: "call", path: (is(/^call "([^"^]+)"$/) ?? fail(text))[1] ?? "" };
  if (text.startsWith("exit "))
    return { kind: "exit", code: (is(/^exit \/b (\d+)$/) ?? fail(text))[1] ?? "" };
  if (text.startsWith("del "))
    return { kind: "delete", path: (is(/^del \/q "([^"*?]+)"$/) ?? fail(text))[1] ?? "" };
  if (text.startsWith("color"))
    return { kind: "colour", value: (is(/^color(?: ([0-9A-F]{2}))?$/) ?? fail(text))[1] ?? "" };
  if (text === "shift" || text === "pause") return { kind: text };
  return parseRun(text);
}

function parseIf(text: string): BatchCommand {
  const [, not = "", rest = ""] = /^(not )?(.*)$/s.exec(text) ?? fail(text);
  const made = (test: BatchTest, then: string): BatchCommand => ({
    kind: "if",
    not: not !== "",
    test,
    command: parseCommand(then),
  });
  const defined = /^defined (\w+) (.+)$/s.exec(rest);
  if (defined !== null) return made({ kind: "defined", name: defined[1] ?? "" }, defined[2] ?? "");
  const exists = /^exist "([^"]+)" (.+)$/s.exec(rest);
  if (exists !== null) return made({ kind: "exists", path: exists[1] ?? "" }, exists[2] ?? "");
  const [, ignore = "", left = "", right = "", then = ""] =
    /^(\/i )?"([^"]*)"=="([^"]*)" (.+)$/s.exec(rest) ?? fail(text);
  return made({ kind: "same", left, right, ignoreCase: ignore !== "" }, then);
}

function parseFor(head: string): BatchCommand & { kind: "for" } {
  const [, options = "", variable = "", source = ""] =
    /^for \/f "([^"]*)" %([a-z]) in \("([^"]*)"\) do$/.exec(head) ?? fail(head);
  const found: ForOptions = { file: false, eol: ";", delims: " \t", skip: 0, tokens: "1" };
  for (const option of options.split(" ")) {
    const [, name = "", value = ""] = /^(\w+)(?:=(.*))?$/.exec(option) ?? fail(head);
    if (name === "usebackq") found.file = true;
    else if (name === "eol" && value.length === 1) found.eol = value;
    else if (name === "delims") found.delims = value;
    else if (name === "skip") found.skip = Number(value);
    else if (name === "tokens" && (value === "1" || value === "1*")) found.tokens = value;
    else fail(head);
  }
  const next = String.fromCharCode(variable.charCodeAt(0) + 1);
  return { kind: "for", options: found, source, variables: [variable, next], body: [] };
}

/** A program with its words, all output into files. */
function parseRun(text: string): BatchCommand {
  const [, command = "", out = "", err = ""] = /^(".*) >"([^"]+)" 2>"([^"]+)"$/.exec(text) ?? fail(text);
  const words = command.match(/"[^"]*"|[^\s"]+/g) ?? [];
  if (words.join(" ") !== command) fail(text);
  return {
    kind: "run",
    words: words.map((word) => (word.startsWith('"') ? word.slice(1, -1) : plain(word))),
    out,
    err,
  };
}

/** Text outside of quotes: no character of it may mean anything to cmd. */
function plain(text: string): string {
  if (/[&|<>^"]/.test(text)) fail(text);
  return text;
}

function fail(text: string): never {
  throw new Error(`not of the language that the kit is written in: ${text}`);
}
