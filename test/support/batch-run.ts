/** Runs the kit's own .cmd files, as they are shipped, with the real curl: cmd as far as the kit needs it, and strictly. */
import { spawn } from "node:child_process";
import { existsSync, openSync, closeSync, readFileSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { logicalLines, parseLine, type BatchCommand, type ForOptions } from "./batch-parse.ts";

export interface BatchRun {
  code: number;
  /** What was shown, lines ended by `\n`. */
  shown: string;
  lines: string[];
  colours: string[];
  pauses: number;
  /** What curl was called with, and its exit code. */
  calls: { words: string[]; exit: number }[];
}

export interface BatchOptions {
  args?: readonly string[];
  env?: Record<string, string>;
  /** Lines that a person types; none: standard input is at its end, as NUL is. */
  typed?: readonly string[];
  /** Where TEMP is. */
  temp: string;
  /** Called before curl with its words, to change figures that a test cannot wait for. */
  curlWords?: (words: string[]) => string[];
}

/** On Windows it would be a drive; here the root of the file system. */
const drive = "Z:";
const windowsPath = (path: string): string => drive + path.replaceAll("/", "\\");
const hostPath = (path: string): string =>
  path.startsWith(drive) ? path.slice(drive.length).replaceAll("\\", "/") : path;

type Next = { goto: string } | { exit: number } | null;

/** Runs a batch file to its end. @throws Error for whatever is not of the kit's language. */
export async function runBatch(script: string, options: BatchOptions): Promise<BatchRun> {
  const { args = [], env = {}, typed = [], temp, curlWords = (words) => words } = options;
  const variables = new Map<string, string>();
  const set = (name: string, value: string): void => {
    if (value === "") variables.delete(name.toUpperCase());
    else variables.set(name.toUpperCase(), value);
  };
  for (const [name, value] of Object.entries({
    TEMP: windowsPath(temp),
    SystemRoot: "Z:\\nowhere",
    ...env,
  })) {
    set(name, value);
  }
  const answers = [...typed];
  const run: BatchRun = { code: 0, shown: "", lines: [], colours: [], pauses: 0, calls: [] };
  let errorLevel = 0;
  let random = 0;
  let steps = 0;

  run.code = await file(script, [windowsPath(script), ...args]);
  run.lines = run.shown.split("\n").slice(0, -1);
  return run;

  async function file(path: string, parameters: string[]): Promise<number> {
    const lines = logicalLines(readFileSync(path, "latin1"));
    const labels = new Map(
      lines.flatMap((line, at) => (/^:\w+$/.test(line) ? [[line.slice(1), at] as const] : [])),
    );
    for (let at = 0; at < lines.length; at += 1) {
      if ((steps += 1) > 10_000) throw new Error("it goes on and on");
      const line = lines[at] ?? "";
      const command = parseLine(expand(line, parameters));
      if (command.kind === "shift") parameters.splice(1, 1);
      const next = await execute(command, {});
      if (next !== null && "exit" in next) return (errorLevel = next.exit);
      if (next !== null) at = labels.get(next.goto) ?? missing(`no label ${next.goto} in ${path}`);
    }
    return missing(`${path} ends without a code`);
  }

  /** Percent signs, before the line is taken apart. */
  function expand(line: string, parameters: readonly string[]): string {
    return line.replace(
      /%(?:(%)|~dp0|~(\d)|(\w+)(?::([^=%]+)=([^%]*))?%|)/g,
      (whole, ...groups: (string | undefined)[]) => {
        const [percent, parameter, name, from, to] = groups;
        if (percent !== undefined) return "%";
        if (whole === "%~dp0") return (parameters[0] ?? "").replace(/[^\\]*$/, "");
        if (parameter !== undefined) return parameters[Number(parameter)] ?? "";
        if (name === undefined) return missing(`a percent sign that means nothing: ${line}`);
        const value = valueOf(name);
        return from === undefined ? value : value.replaceAll(from, to ?? "");
      },
    );
  }

  function valueOf(name: string): string {
    const known = variables.get(name.toUpperCase());
    if (known !== undefined) return known;
    if (name === "RANDOM") return String((random += 1) + process.pid);
    return name === "ERRORLEVEL" ? String(errorLevel) : "";
  }

  async function execute(command: BatchCommand, loop: Record<string, string>): Promise<Next> {
    /** Variables of `for`, put in after the line was taken apart: nothing in them means anything. */
    const text = (word: string): string =>
      word.replace(/%([a-z])/g, (whole, name: string) => loop[name] ?? whole);
    switch (command.kind) {
      case "nothing":
      case "shift":
        return null;
      case "echo":
        run.shown += `${text(command.text)}\n`;
        return null;
      case "set":
        set(command.name, text(command.value));
        return null;
      case "add":
        set(command.name, String(Number(valueOf(command.name)) + command.by));
        return null;
      case "ask":
        run.shown += `${command.prompt}\n`;
        set(command.name, answers.shift() ?? valueOf(command.name));
        return null;
      case "goto":
        return { goto: command.label };
      case "exit":
        return { exit: Number(command.code) };
      case "call":
        // As cmd does it: said, and the batch file goes on.
        if (existsSync(hostPath(command.path))) await file(hostPath(command.path), [command.path]);
        else errorLevel = 1;
        return null;
      case "delete":
        rmSync(hostPath(command.path));
        return null;
      case "colour":
        run.colours.push(command.value);
        return null;
      case "pause":
        run.pauses += 1;
        return null;
      case "if":
        return holds(command.test, text) === command.not ? null : execute(command.command, loop);
      case "for":
        return forEach(command);
      case "run":
        errorLevel = await curl(command);
        return null;
    }
  }

  function holds(test: (BatchCommand & { kind: "if" })["test"], text: (word: string) => string): boolean {
    switch (test.kind) {
      case "defined":
        return variables.has(test.name.toUpperCase());
      case "exists":
        return existsSync(hostPath(test.path));
      case "same": {
        const [left, right] = [text(test.left), text(test.right)];
        return test.ignoreCase ? left.toUpperCase() === right.toUpperCase() : left === right;
      }
    }
  }

  async function forEach({
    options: how,
    source,
    variables: names,
    body,
  }: BatchCommand & { kind: "for" }): Promise<Next> {
    const lines = how.file ? readFileSync(hostPath(source), "latin1").split(/\r?\n/) : [source];
    for (const line of lines.slice(how.skip)) {
      const found = tokens(line, how);
      if (found === null) continue;
      const [first = "", second = ""] = names;
      for (const command of body) {
        const next = await execute(command, { [first]: found[0], [second]: found[1] });
        if (next !== null) return next;
      }
    }
    return null;
  }

  async function curl({ words, out, err }: BatchCommand & { kind: "run" }): Promise<number> {
    const [program = "", ...given] = words.map(hostPath);
    if (!/^curl(?:\.exe)?$/.test(basename(program))) throw new Error(`the kit runs ${program}`);
    // What cmd says of a program that is not there, and then goes on.
    const isThere = !program.includes("/") || existsSync(program);
    const files = [openSync(hostPath(out), "w"), openSync(hostPath(err), "w")] as const;
    try {
      if (!isThere) return 9009;
      const child = spawn("curl", curlWords(given), {
        stdio: ["ignore", ...files],
        env: { PATH: process.env["PATH"] },
      });
      const exit = await new Promise<number>((ended, failed) => {
        child.on("error", failed);
        child.on("close", (code) => ended(code ?? -1));
      });
      run.calls.push({ words: given, exit });
      return exit;
    } finally {
      files.forEach((file) => closeSync(file));
    }
  }
}

/** What the variables of `for /f` get of a line; null: the line is passed over. */
function tokens(line: string, { eol, delims, tokens: which }: ForOptions): [string, string] | null {
  if (line === "" || line.startsWith(eol)) return null;
  const isDelim = (char: string): boolean => delims.includes(char);
  const chars = line.split("");
  const from = chars.findIndex((char) => !isDelim(char));
  if (from === -1) return null;
  const length = chars.slice(from).findIndex(isDelim);
  if (length === -1) return [chars.slice(from).join(""), ""];
  const rest = chars.slice(from + length);
  const after = rest.findIndex((char) => !isDelim(char));
  return [
    chars.slice(from, from + length).join(""),
    which === "1" || after === -1 ? "" : rest.slice(after).join(""),
  ];
}

function missing(why: string): never {
  throw new Error(why);
}
