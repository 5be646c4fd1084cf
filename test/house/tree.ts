/** The repository's own files, as the house tests read them. */
import { readFileSync, readdirSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import type { Module } from "./layers.ts";

export const repository = resolve(import.meta.dirname, "..", "..");

/** Every file below a folder of the repository whose name ends in one of `endings`; [] if the folder is not there. */
export function filesBelow(folder: string, endings: readonly string[]): Module[] {
  const top = join(repository, folder);
  let entries;
  try {
    entries = readdirSync(top, { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path: relative(repository, path).split(sep).join("/"), text: readFileSync(path, "utf8") };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Names of the folders directly below a folder. */
export function foldersIn(folder: string): string[] {
  return readdirSync(join(repository, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
