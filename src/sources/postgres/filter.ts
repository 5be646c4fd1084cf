/**
 * A filter stands in brackets behind WHERE. One that closes them would add to the statement around it, another
 * table by UNION for one, so its brackets are counted, outside of texts, quoted names and comments. What is
 * not closed at the end is not judged here: the server refuses it.
 */

const space = /[\s]+/y;
const lineComment = /--[^\n\r]*/y;
const word = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const parameter = /\$\d+/y;
const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const escapedText = /[eE]'(?:[^'\\]|\\[^]|'')*'/y;
/** Between two parts of one text, the second of which is escaped like the first. */
const nextPart = /(?:[\s]|--[^\n\r]*)*'(?:[^'\\]|\\[^]|'')*'/y;
const plainText = /'(?:[^']|'')*'/y;
const quotedName = /"(?:[^"]|"")*"/y;

/** Why the filter may not stand behind WHERE; null if it may. */
export function filterFault(filter: string): string | null {
  let at = 0;
  let depth = 0;
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(filter)?.[0] ?? null;
  };
  while (at < filter.length) {
    if (filter.startsWith("/*", at)) {
      at = endOfComment(filter, at);
      continue;
    }
    const asked = match(parameter);
    if (asked !== null) return `the filter has the parameter ${asked}, and a filter is given none`;
    const text = match(escapedText);
    if (text !== null) {
      at += text.length;
      for (let more = match(nextPart); more !== null; more = match(nextPart)) at += more.length;
      continue;
    }
    const tag = match(dollarTag);
    if (tag !== null) {
      const close = filter.indexOf(tag, at + tag.length);
      at = close < 0 ? filter.length : close + tag.length;
      continue;
    }
    const skipped =
      match(space) ?? match(lineComment) ?? match(word) ?? match(plainText) ?? match(quotedName);
    if (skipped !== null) {
      at += skipped.length;
      continue;
    }
    const char = filter[at];
    // A quote that is never closed takes in all that follows.
    if (char === "'" || char === '"') return null;
    if (char === "(") depth += 1;
    if (char === ")") depth -= 1;
    if (depth < 0) return "the filter closes a bracket that it did not open";
    at += 1;
  }
  return null;
}

/** Comments nest. */
function endOfComment(filter: string, start: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start + 2;
  let depth = 1;
  for (let found = edge.exec(filter); found !== null; found = edge.exec(filter)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return filter.length;
}
