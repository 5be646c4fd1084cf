import { open } from "node:fs/promises";
import { UsageError } from "./context.ts";

export interface Key {
  key: string;
  /** Given when the file holds a whole header line, as `curl -H @file` takes it. */
  scheme: "AppKey" | "Bearer" | null;
}

/** More than any key; a wrong file is not read to its end. */
const mostBytes = 8192;

const howTo = "write the key alone into the first line of a file and name it with --key-file";

/**
 * Reads a key from the first line of a file: the key alone, or `Authorization: AppKey KEY`.
 * `warn` hears when other users of the machine can read it.
 * @throws UsageError with what to do; never with the file's content.
 */
export async function readKeyFile(path: string, warn: (line: string) => void): Promise<Key> {
  let text: string;
  try {
    const file = await open(path, "r");
    try {
      const { mode } = await file.stat();
      if (process.platform !== "win32" && (mode & 0o077) !== 0) {
        warn(`warning: other users can read the key file ${path}; chmod 600 it`);
      }
      const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
      text = decode(buffer.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    throw new UsageError(`the key file ${path} ${why}`, howTo);
  }
  return keyIn(text, `the key file ${path}`);
}

/** @throws UsageError if `text` does not begin with a key. `origin`: where it comes from, for the message. */
export function keyIn(text: string, origin: string): Key {
  const line = text.split(/\r?\n/, 1)[0]?.trim() ?? "";
  const header = /^(?:authorization:\s*)?(appkey|bearer)\s+(\S+)$/i.exec(line);
  const key = header?.[2] ?? line;
  if (key === "") throw new UsageError(`${origin} is empty`, howTo);
  if (!/^[\x21-\x7e]+$/.test(key)) throw new UsageError(`${origin} does not begin with a key`, howTo);
  const scheme =
    header?.[1] === undefined ? null : header[1].toLowerCase() === "bearer" ? "Bearer" : "AppKey";
  return { key, scheme };
}

/** Editors and shells of Windows write UTF-16, or UTF-8 with a mark in front. */
function decode(bytes: Buffer): string {
  const text = bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.toString("utf16le") : bytes.toString("utf8");
  return text.replace(/^\ufeff/, "");
}
