/** Rules about files as such: names from the domain, no file too long, no room without a purpose. */
import type { Module } from "./layers.ts";

/** Words that say nothing of what a file is about. */
const emptyWords = ["service", "manager", "helper", "handler", "factory", "util", "common", "misc"];

const mostLines = 400;

/** Root files and rooms read the environment through what config.ts hands them; these alone look themselves. */
const mayReadEnvironment = ["src/config.ts", "src/bin.ts"];

/** One line for each fault of one file. */
export function fileFaults({ path, text }: Module): string[] {
  const faults: string[] = [];
  const name = path.slice(path.lastIndexOf("/") + 1);
  const words = name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/).map((word) => word.toLowerCase());
  for (const word of emptyWords) {
    const plural = word.endsWith("y") ? `${word.slice(0, -1)}ies` : `${word}s`;
    if (words.includes(word) || words.includes(plural))
      faults.push(`${path}: "${word}" in a file name says nothing`);
  }
  const lines = text.split("\n").length - 1;
  if (lines > mostLines) faults.push(`${path}: ${String(lines)} lines, more than ${String(mostLines)}`);
  const ofProduct =
    path.startsWith("src/") && !path.endsWith(".test.ts") && !mayReadEnvironment.includes(path);
  if (ofProduct && /\bprocess\.env\b/.test(text))
    faults.push(`${path}: reads process.env; take it from config.ts`);
  return faults;
}

/** The sentence with which a room says what it is for; null if its index.ts or README.md says nothing first. */
export function purposeOf(room: string, files: readonly Module[]): string | null {
  const readme = files.find(({ path }) => path === `src/${room}/README.md`);
  const afterTitle = readme?.text.replace(/^#[^\n]*\n+/, "");
  const index = files.find(({ path }) => path === `src/${room}/index.ts`);
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(index?.text ?? "")?.[1]?.replace(/^\s*\*/gm, "");
  for (const text of [afterTitle, comment]) {
    const sentence = /^\s*([^\s#`>|-][\s\S]*?[.:!])(?:\s|$)/.exec(text ?? "")?.[1];
    if (sentence !== undefined) return sentence.replace(/\s+/g, " ");
  }
  return null;
}
