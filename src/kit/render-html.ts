import type { Block, Book, Command } from "./book.ts";

const style = `body{font:16px/1.5 "Segoe UI","Yu Gothic UI",Meiryo,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#111;background:#fff}
h1{font-size:1.6em}h2{margin-top:2em;border-bottom:2px solid #444}li{margin:.8em 0}
table{border-collapse:collapse}th,td{border:1px solid #777;padding:.3em .6em;text-align:left;vertical-align:top}
pre,td.c{font-family:Consolas,monospace}pre{padding:.5em .8em;margin:.3em 0;overflow-x:auto;white-space:pre-wrap}
pre.command{background:#111;color:#fff}pre.answer{background:#eee;border-left:5px solid #777}
p.when{margin:.6em 0 0;font-size:.9em}@media print{pre.command{background:#fff;color:#000;border:1px solid #000}}`;

/** The run-book as one page that fetches nothing. Its lines are ended by `\n`. */
export function bookHtml({ language, words, blocks }: Book): string {
  const title = blocks.find(({ kind }) => kind === "title");
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title?.kind === "title" ? escaped(title.text) : "Nightdesk"}</title>
<style>${style}</style>
</head>
<body>
${blocks.map(blockHtml).join("\n")}
</body>
</html>
`;

  function blockHtml(block: Block): string {
    switch (block.kind) {
      case "title":
        return `<h1>${escaped(block.text)}</h1>`;
      case "heading":
        return `<h2>${escaped(block.text)}</h2>`;
      case "text":
        return `<p>${escaped(block.text)}</p>`;
      case "commands":
        return block.commands.map(commandHtml).join("\n");
      case "steps":
        return `<ol>\n${block.steps
          .map(
            ({ text, commands = [] }) => `<li>${escaped(text)}\n${commands.map(commandHtml).join("\n")}</li>`,
          )
          .join("\n")}\n</ol>`;
      case "table":
        return `<table>\n<tr>${block.head.map((cell) => `<th>${escaped(cell)}</th>`).join("")}</tr>\n${block.rows
          .map((row) => `<tr>${row.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`)
          .join("\n")}\n</table>`;
    }
  }

  function commandHtml({ line, answers, codeSaysNothing }: Command): string {
    const withCode = (code: number): string =>
      codeSaysNothing === true ? "" : ` (${escaped(words.code)} ${String(code)})`;
    return [
      `<pre class="command">${escaped(line)}</pre>`,
      ...answers.map(
        ({ state, code, lines }) =>
          `<p class="when">${escaped(words.answer[state])}${withCode(code)}:</p>\n` +
          `<pre class="answer" data-state="${state}" data-code="${String(code)}">${escaped(lines.join("\n"))}</pre>`,
      ),
    ].join("\n");
  }
}

function escaped(text: string): string {
  const names: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (char) => names[char] ?? "");
}
