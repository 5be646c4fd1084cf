import type { ReadStream } from "node:tty";
import type { Output } from "./context.ts";

/** The part of `process.stdin` that is needed. */
export type Typed = AsyncIterable<Buffer | string> & Partial<Pick<ReadStream, "isTTY" | "setRawMode">>;

/** More than any key. */
const mostCharacters = 8192;

/**
 * Asks for a secret. On a terminal nothing of it is shown; otherwise the first line of the input is taken, without a
 * prompt. Ctrl-C and the end of the input give "".
 * @param output where the prompt goes: never what is typed.
 */
export async function readSecret(prompt: string, input: Typed, output: Output): Promise<string> {
  const terminal = input.isTTY === true;
  if (terminal) {
    output.write(prompt);
    input.setRawMode?.(true);
  }
  try {
    return terminal ? await typedLine(input) : await firstLine(input);
  } finally {
    if (terminal) {
      input.setRawMode?.(false);
      output.write("\n");
    }
  }
}

async function firstLine(input: Typed): Promise<string> {
  let text = "";
  for await (const chunk of input) {
    text += chunk.toString();
    if (text.includes("\n") || text.length > mostCharacters) break;
  }
  return text.split(/\r?\n/, 1)[0] ?? "";
}

/** Raw: the terminal hands over every key as it is pressed, and shows none. */
async function typedLine(input: Typed): Promise<string> {
  let text = "";
  for await (const chunk of input) {
    for (const char of chunk.toString()) {
      if (char === "\r" || char === "\n") return text;
      if (char === "\u0003") return "";
      if (char === "\u0004") return text;
      if (char === "\u0008" || char === "\u007f") text = text.slice(0, -1);
      else if (char >= " ") text += char;
    }
    if (text.length > mostCharacters) return text;
  }
  return text;
}
