/** The surroundings of every example: address and key from the environment, never from the command line. */
import { readFileSync } from "node:fs";
import { createClient } from "nightdesk-sdk";
import type { Client } from "nightdesk-sdk";

export function connect(): Client {
  const url = process.env["NIGHTDESK_URL"];
  const keyFile = process.env["NIGHTDESK_KEY_FILE"];
  if (url === undefined || keyFile === undefined) {
    throw new Error("set NIGHTDESK_URL, and NIGHTDESK_KEY_FILE to a file with the key");
  }
  // The command's key files hold the whole header; the key alone does as well.
  const key = readFileSync(keyFile, "utf8")
    .trim()
    .replace(/^Authorization: \w+ /i, "");
  return createClient({ url, key, fetch });
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The n-th argument. */
export function argument(n: number, what: string): string {
  const text = process.argv[n + 1];
  if (text === undefined) throw new Error(`give ${what} as argument ${String(n)}`);
  return text;
}
