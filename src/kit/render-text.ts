import type { Block, Book, Command } from "./book.ts";

const indent = "       ";

/** The run-book as plain text, lines ended by `\n`. */
export function bookText({ words, blocks }: Book): string {
  return `${blocks.map((block) => blockText(block).join("\n")).join("\n\n")}\n`;

  function blockText(block: Block): string[] {
    switch (block.kind) {
      case "title":
        return [block.text, "=".repeat(60)];
      case "heading":
        return ["", block.text, "-".repeat(60)];
      case "text":
        return folded(block.text, "");
      case "commands":
        return block.commands.flatMap((command) => [...commandText(command), ""]).slice(0, -1);
      case "steps":
        return block.steps.flatMap(({ text, commands = [] }, index) => {
          const [first = "", ...rest] = folded(text, "    ");
          return [
            `${`${String(index + 1)}.`.padEnd(4)}${first.slice(4)}`,
            ...rest,
            ...commands.flatMap(commandText),
          ];
        });
      case "table":
        return block.rows.flatMap((row) =>
          row.flatMap((cell, column) =>
            folded(`${block.head[column] ?? ""}: ${cell}`, column === 0 ? "  " : "      "),
          ),
        );
    }
  }

  function commandText({ line, answers, codeSaysNothing }: Command): string[] {
    return [
      "",
      `${indent}${line}`,
      ...answers.flatMap(({ state, code, lines }) => [
        `    ${words.answer[state]}${codeSaysNothing === true ? "" : ` (${words.code} ${String(code)})`}:`,
        ...lines.map((text) => `${indent}${text}`),
      ]),
    ];
  }
}

/** Lines of at most about 100 columns; a wide character takes two. Only a space breaks, or a full stop of Japanese. */
function folded(text: string, margin: string): string[] {
  const lines: string[] = [];
  let line = margin;
  for (const part of text.split(/(?<= )|(?<=[、。])/)) {
    if (columns(line + part.trimEnd()) > 100 && line !== margin) {
      lines.push(line.trimEnd());
      line = margin;
    }
    line += part;
  }
  return [...lines, line.trimEnd()];
}

function columns(text: string): number {
  let count = 0;
  for (const char of text) count += (char.codePointAt(0) ?? 0) < 0x1100 ? 1 : 2;
  return count;
}
