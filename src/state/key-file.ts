import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../model/errors.ts";

const keyBytes = 32;

/** What a key file is for, in the words of its errors. */
export interface KeyUse {
  operation: string;
  /** What to do when the file holds no key. */
  restore: string;
}

export function hasKeyFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

/**
 * The 32 bytes of the file.
 * @throws UserError "denied" if others may read the file, "invalid" if it does not hold a key.
 */
export function readKeyFile(file: string, { operation, restore }: KeyUse): Buffer {
  const { mode } = statSync(file);
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new UserError("denied", `others may read or change it (mode ${(mode & 0o777).toString(8)})`, {
      operation,
      place: file,
      next: `chmod 600 '${file}'`,
    });
  }
  const bytes = readFileSync(file);
  if (bytes.length !== keyBytes) {
    throw new UserError("invalid", `it holds ${String(bytes.length)} bytes, not ${String(keyBytes)}`, {
      operation,
      place: file,
      next: restore,
    });
  }
  return bytes;
}

/** 32 random bytes, mode 0600: whole or not at all, and never over a key that another process made meanwhile. */
export function makeKeyFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString("hex")}.new`;
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    writeSync(descriptor, randomBytes(keyBytes));
    fsyncSync(descriptor);
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    closeSync(descriptor);
    rmSync(draft, { force: true });
  }
}
