/** Reads the imports of a module from its text, without a compiler: enough for a gate, and quick. */

export interface Import {
  specifier: string;
  /** True for `import type` and `export type`: gone after compilation. */
  typeOnly: boolean;
  line: number;
}

/** Code with comments blanked and every string replaced by its number, so that no text can look like code. */
interface Masked {
  code: string;
  strings: string[];
}

/** Before a `/`: what makes it the start of a regular expression and not a division. */
const regexMayFollow = /(?:^|[=(,:[!&|?{};+\-*%<>~^]|=>|\b(?:return|typeof|case|of|in|void|await|yield))\s*$/;

function endOfQuoted(text: string, start: number): number {
  const quote = text[start];
  let at = start + 1;
  while (at < text.length && text[at] !== quote) at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

/** The end of a template literal; what stands in `${}` belongs to it, with its own strings and templates. */
function endOfTemplate(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== "`") {
    if (text[at] === "\\") at += 2;
    else if (text.startsWith("${", at)) at = endOfSubstitution(text, at + 2);
    else at += 1;
  }
  return at + 1;
}

function endOfSubstitution(text: string, start: number): number {
  let depth = 1;
  let at = start;
  while (at < text.length) {
    const char = text[at];
    if (char === "`") at = endOfTemplate(text, at);
    else if (char === '"' || char === "'") at = endOfQuoted(text, at);
    else {
      if (char === "{") depth += 1;
      if (char === "}") depth -= 1;
      at += 1;
      if (depth === 0) return at;
    }
  }
  return at;
}

function endOfRegex(text: string, start: number): number {
  let inClass = false;
  let at = start + 1;
  while (at < text.length && text[at] !== "\n" && (inClass || text[at] !== "/")) {
    if (text[at] === "[") inClass = true;
    if (text[at] === "]") inClass = false;
    at += text[at] === "\\" ? 2 : 1;
  }
  return at + 1;
}

function newlinesOf(text: string): string {
  return text.replace(/[^\n]/g, "");
}

function mask(text: string): Masked {
  const strings: string[] = [];
  let code = "";
  let at = 0;
  const skipTo = (end: number, instead: string): void => {
    code += instead + newlinesOf(text.slice(at, end));
    at = end;
  };
  while (at < text.length) {
    const char = text[at] ?? "";
    if (text.startsWith("//", at)) {
      const end = text.indexOf("\n", at);
      skipTo(end === -1 ? text.length : end, " ");
    } else if (text.startsWith("/*", at)) {
      const end = text.indexOf("*/", at + 2);
      skipTo(end === -1 ? text.length : end + 2, " ");
    } else if (char === '"' || char === "'") {
      const end = endOfQuoted(text, at);
      strings.push(text.slice(at + 1, end - 1));
      skipTo(end, `@${String(strings.length - 1)}@`);
    } else if (char === "`") {
      const end = endOfTemplate(text, at);
      strings.push(text.slice(at + 1, end - 1));
      skipTo(end, `@${String(strings.length - 1)}@`);
    } else if (char === "/" && regexMayFollow.test(code.slice(-40))) {
      skipTo(endOfRegex(text, at), "/regex/");
    } else {
      code += char;
      at += 1;
    }
  }
  return { code, strings };
}

/** `import ... from`, `import "x"`, `export ... from`, `import("x")`, `require("x")`, `import.meta.resolve("x")`. */
const importForms =
  /\b(?:import|export)(\s+type\b(?!\s*(?:,|from\b)))?\s*(?:[\w$*{}\s,]*?\bfrom\s*)?@(\d+)@|\b(?:import|require|import\.meta\.resolve)\s*\(\s*@(\d+)@/g;

/** Every import of a module, in order. A specifier that is not a plain string is not seen. */
export function importsOf(text: string): Import[] {
  const { code, strings } = mask(text);
  return [...code.matchAll(importForms)].map((match) => ({
    specifier: strings[Number(match[2] ?? match[3])] ?? "",
    typeOnly: match[1] !== undefined,
    line: code.slice(0, match.index).split("\n").length,
  }));
}
