/** The commands of a run-book with the answers printed beside them, read from the page as a reader would. */
export interface PrintedCommand {
  line: string;
  answers: { state: string; code: number; lines: string[] }[];
}

export function commandsIn(page: string): PrintedCommand[] {
  const found: PrintedCommand[] = [];
  for (const [, attributes = "", html = ""] of page.matchAll(/<pre ([^>]*)>([^<]*)<\/pre>/g)) {
    const text = unescaped(html);
    const [, state = "", code = ""] = /data-state="(\w+)" data-code="(\d+)"/.exec(attributes) ?? [];
    if (attributes === 'class="command"') found.push({ line: text, answers: [] });
    else found.at(-1)?.answers.push({ state, code: Number(code), lines: text.split("\r\n") });
  }
  return found;
}

/** Whether an answer is the printed one: `...` stands for anything, a line `  ...` for any lines that are indented. */
export function isPrinted(lines: readonly string[], printed: readonly string[]): boolean {
  const patterns = printed.map((line) =>
    line === "  ..." ? "(?:  .*\n)*" : `${line.split("...").map(literal).join(".*")}\n`,
  );
  return new RegExp(`^${patterns.join("")}$`).test(lines.map((line) => `${line}\n`).join(""));
}

/** A line as Windows hands it to a program: words, with what stands in quotes as one. */
export function wordsOf(line: string): string[] {
  return (line.match(/"[^"]*"|[^\s"]+/g) ?? []).map((word) => word.replaceAll('"', ""));
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function unescaped(html: string): string {
  const names: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  return html.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => names[name] ?? "");
}
