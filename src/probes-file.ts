/** The probes of a file, for the command. */
import { open } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UserError } from "./model/errors.ts";
import type { TeamProbe } from "./model/probe.ts";
import { openProbe, writtenProbes, type ProbeSettings, type WrittenProbe } from "./probe-settings.ts";

/** More than any file of probes, and any secret; a wrong file is not read to its end. */
const mostBytes = 256 * 1024;

const windows = process.platform === "win32";

/**
 * Reads a file of probes, and the files with secrets and certificates that it names, from its folder.
 * `warn` hears which secrets others can read.
 * @throws UserError naming file and place; never what stands in a file.
 */
export async function readProbesFile(
  path: string,
  { env, warn }: { env: Readonly<Record<string, string | undefined>>; warn: (line: string) => void },
): Promise<TeamProbe[]> {
  const { text, mode } = await read(path, "the file of probes");
  if (!windows && (mode & 0o022) !== 0) {
    throw fault(path, "others can write to it, and so could run commands or claim a proof", "chmod go-w it");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Node's message quotes what stands there.
    throw fault(path, "is no JSON", "see docs/probes.md");
  }
  try {
    const written = writtenProbes(value);
    const folder = dirname(resolve(path));
    return await Promise.all(
      written.map(async (one) => openProbe(await withSecrets(one, { folder, warn }), env)),
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { message, place, next } = error;
    throw fault([path, place].join(" at "), message, next ?? "see docs/probes.md");
  }
}

async function withSecrets(
  one: WrittenProbe,
  { folder, warn }: { folder: string; warn: (line: string) => void },
): Promise<ProbeSettings> {
  if (one.kind === "command") return one;
  const from = async (file: string, isSecret: boolean): Promise<string> => {
    const path = resolve(folder, file);
    const { text, mode } = await read(path, `probe ${JSON.stringify(one.name)}`);
    if (!isSecret) return text;
    if (!windows && (mode & 0o077) !== 0) warn(`warning: other users can read ${path}; chmod 600 it`);
    const [line = ""] = text.split(/\r?\n/, 1);
    if (line.trim() === "") throw fault(path, "is empty", "write the secret into its first line");
    return line;
  };
  const { caFile, ...rest } = one;
  const ca = caFile === undefined ? {} : { ca: await from(caFile, false) };
  if (rest.kind === "sql") {
    const { passwordFile, ...sql } = rest;
    return { ...sql, ...ca, password: passwordFile === undefined ? "" : await from(passwordFile, true) };
  }
  const { headerFile, ...http } = rest;
  if (headerFile === undefined) return { ...http, ...ca };
  const header = (await from(headerFile, true)).trim();
  if (!/^[^\s:]+:\s*[\x20-\x7e]+$/.test(header)) {
    throw fault(
      headerFile,
      "does not begin with a header",
      "write one line like Authorization: Bearer TOKEN",
    );
  }
  return { ...http, ...ca, header };
}

async function read(path: string, what: string): Promise<{ text: string; mode: number }> {
  try {
    const file = await open(path, "r");
    try {
      const { mode } = await file.stat();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
      return {
        text: buffer
          .subarray(0, bytesRead)
          .toString("utf8")
          .replace(/^\ufeff/, ""),
        mode,
      };
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    throw fault(path, `${what}: the file ${why}`, "name a file that is there");
  }
}

function fault(place: string, message: string, next: string): UserError {
  return new UserError("invalid", message, { operation: "read the probes", place, next });
}
