import { readFile, rename, writeFile } from "node:fs/promises";

/** Writes a file that only its owner may read (0600), whole or not at all. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  await writeFile(fresh, text, { mode: 0o600, flush: true });
  await rename(fresh, path);
}

export async function writePrivateJson(path: string, value: unknown): Promise<void> {
  await writePrivate(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** What `writePrivateJson` wrote; null if the file is not there or is not JSON. */
export async function readJson<T>(path: string): Promise<Partial<T> | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Partial<T>;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
