import { UserError } from "../model/errors.ts";
import { catalogEdits } from "./catalog.ts";
import { applyEdits, type Rewritten } from "./edits.ts";
import { refusal } from "./rules.ts";
import { tokenize, UnterminatedError, type Token } from "./tokens.ts";
import { UnknownPatternError, verticaEdits } from "./vertica.ts";

/** One statement of a script, checked by the rules and ready to be given to DuckDB. */
export interface Statement {
  /** From 1. */
  number: number;
  /** As its author wrote it, without the semicolon. */
  text: string;
  /** Offset of `text` in the script. */
  start: number;
  tokens: Token[];
  /** What DuckDB gets. */
  rewritten: Rewritten;
}

/** Where something is in a script, for people: both from 1, columns in characters. */
export interface Place {
  line: number;
  column: number;
}

/**
 * Splits a script and checks every statement, so that nothing has run when one is refused. A script
 * without a statement gives an empty list.
 * @throws UserError naming statement number and position.
 */
export function readScript(script: string): Statement[] {
  const nul = script.indexOf("\0");
  if (nul >= 0) throw scriptError(script, null, nul, "it holds a NUL character");
  let tokens: Token[];
  try {
    tokens = tokenize(script);
  } catch (error) {
    if (error instanceof UnterminatedError) {
      throw scriptError(script, numberAt(script, error.offset), error.offset, error.message);
    }
    throw error;
  }
  return groups(tokens).map((group, index) => readStatement(script, index + 1, group));
}

/** The number of the statement that goes on at an offset, all before it being readable. */
function numberAt(script: string, offset: number): number {
  const open: Token = { kind: "string", start: offset, end: script.length, value: "" };
  return groups([...tokenize(script.slice(0, offset)), open]).length;
}

/** Statements end at semicolons; empty ones do not count. */
function groups(tokens: Token[]): Token[][] {
  const all: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === "punctuation" && token.value === ";") all.push([]);
    else all.at(-1)?.push(token);
  }
  return all.filter((group) => group.length > 0);
}

function readStatement(script: string, number: number, tokens: Token[]): Statement {
  const start = tokens[0]?.start ?? 0;
  const text = script.slice(start, tokens.at(-1)?.end);
  const refused = refusal(tokens);
  if (refused !== null) throw scriptError(script, number, refused.token.start, refused.reason);
  try {
    const edits = [...verticaEdits(tokens), ...catalogEdits(tokens)]
      .map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }))
      .sort((a, b) => a.start - b.start);
    return { number, text, start, tokens, rewritten: applyEdits(text, edits) };
  } catch (error) {
    if (error instanceof UnknownPatternError) throw scriptError(script, number, error.offset, error.message);
    throw error;
  }
}

/** An error of the script's author. `offset`: where in the script; null if unknown. */
export function scriptError(
  script: string,
  number: number | null,
  offset: number | null,
  message: string,
): UserError {
  const where = [
    ...(number === null ? [] : [`statement ${String(number)}`]),
    ...(offset === null ? [] : [spell(placeOf(script, offset))]),
  ].join(", ");
  return new UserError("invalid", where === "" ? message : `${where}: ${message}`, {
    operation: "run the SQL script",
    next: "correct the script; nothing of it took effect",
  });
}

function spell({ line, column }: Place): string {
  return `line ${String(line)}, column ${String(column)}`;
}

export function placeOf(script: string, offset: number): Place {
  const lines = script.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: lines.length, column: Array.from(lines.at(-1) ?? "").length + 1 };
}
