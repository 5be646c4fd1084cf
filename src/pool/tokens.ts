/**
 * Cuts SQL into tokens, only as far as needed to find statements, keywords and names. Comments and white
 * space make no token.
 */
export interface Token {
  kind: TokenKind;
  /** Offsets into the script: [start, end). */
  start: number;
  end: number;
  /** Words in lower case; quoted names and strings as DuckDB reads them, without quotes and escapes; otherwise the text. */
  value: string;
}

/** string: any literal in quotes or dollar quotes. punctuation: one character. */
export type TokenKind = "word" | "quoted" | "string" | "number" | "punctuation";

/** A quote or comment that never ends. */
export class UnterminatedError extends Error {
  /** Where it begins. */
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(`${what} is not closed`);
    this.offset = offset;
  }
}

// DuckDB takes many Unicode spaces for white space; taking too many only splits words that it would refuse.
const space = /[\s\u0085\u180e\u200b-\u200f\u2060]+/y;
const lineComment = /--[^\n\r]*/y;
const word = /[A-Za-z_\u0080-\u{10ffff}](?:(?![\s\u0085\u180e\u200b-\u200f\u2060])[\w$\u0080-\u{10ffff}])*/uy;
const number = /\d[\w.]*|\.\d[\w.]*/y;
/** What may stand between the parts of one text. */
const between = /(?:[\s\u0085\u180e\u200b-\u200f\u2060]|--[^\n\r]*)*/y;
const escape = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|[^])/uy;
const dollarTag = /\$(?:[A-Za-z_\u0080-\u{10ffff}][\w\u0080-\u{10ffff}]*)?\$/uy;

/** @throws UnterminatedError */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0] ?? null;
  };
  while (at < sql.length) {
    const skipped = match(space) ?? match(lineComment);
    if (skipped !== null) {
      at += skipped.length;
      continue;
    }
    if (sql.startsWith("/*", at)) {
      at = endOfComment(sql, at);
      continue;
    }
    const token = nextToken(sql, at, match);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

function nextToken(sql: string, start: number, match: (pattern: RegExp) => string | null): Token {
  const first = sql[start] ?? "";
  if (first === "'") return quotedToken(sql, start, start, "'", false);
  if (first === '"') return quotedToken(sql, start, start, '"', false);
  if ((first === "e" || first === "E") && sql[start + 1] === "'")
    return quotedToken(sql, start, start + 1, "'", true);
  const name = match(word);
  if (name !== null) return { kind: "word", start, end: start + name.length, value: name.toLowerCase() };
  const digits = match(number);
  if (digits !== null) return { kind: "number", start, end: start + digits.length, value: digits };
  const tag = first === "$" ? match(dollarTag) : null;
  if (tag !== null) {
    const close = sql.indexOf(tag, start + tag.length);
    if (close < 0) throw new UnterminatedError(`the dollar quote ${tag}`, start);
    return { kind: "string", start, end: close + tag.length, value: sql.slice(start + tag.length, close) };
  }
  return { kind: "punctuation", start, end: start + 1, value: first };
}

/** A doubled quote stands for itself; in an E string a backslash escapes too. */
function quotedToken(sql: string, start: number, open: number, quote: "'" | '"', backslash: boolean): Token {
  let value = "";
  for (let at = open + 1; at < sql.length; at++) {
    const char = sql[at] ?? "";
    if (backslash && char === "\\") {
      const [text, read] = escaped(sql, at);
      value += text;
      at += read - 1;
    } else if (char !== quote) {
      value += char;
    } else if (sql[at + 1] === quote) {
      value += quote;
      at += 1;
    } else {
      const next = quote === "'" ? continuation(sql, at + 1) : null;
      if (next === null) return { kind: quote === "'" ? "string" : "quoted", start, end: at + 1, value };
      at = next;
    }
  }
  throw new UnterminatedError(quote === "'" ? "a text in single quotes" : "a name in double quotes", start);
}

/** A text goes on in the next pair of quotes on another line, in the same kind of string; null: it ends here. */
function continuation(sql: string, at: number): number | null {
  between.lastIndex = at;
  const gap = between.exec(sql)?.[0] ?? "";
  return sql[at + gap.length] === "'" ? at + gap.length : null;
}

const control: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** What a backslash and the characters behind it stand for, and how many characters that were. */
function escaped(sql: string, at: number): [text: string, read: number] {
  escape.lastIndex = at;
  const [whole = "\\", octal, hex] = escape.exec(sql) ?? [];
  const code = octal === undefined ? hex : octal;
  if (code !== undefined)
    return [String.fromCharCode(parseInt(code, octal === undefined ? 16 : 8) & 255), whole.length];
  const char = whole.slice(1);
  return [control[char] ?? char, whole.length];
}

/** Comments nest, as in DuckDB. */
function endOfComment(sql: string, start: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start + 2;
  let depth = 1;
  for (let found = edge.exec(sql); found !== null; found = edge.exec(sql)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  throw new UnterminatedError("a comment", start);
}
