import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
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
import type { SecretBox } from "../model/operations.ts";

const cipher = "aes-256-gcm";
const version = "v1.";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const operation = "open the key of the stored passwords";

/**
 * AES-256-GCM with the key in `keyFile` (32 random bytes, made with mode 0600 if the file is missing).
 * A sealed text is `v1.` and base64url of nonce, tag and cipher text; the id it is bound to is the
 * additional data, so that it opens for nothing else.
 * @throws UserError "denied" if others may read the file, "invalid" if it does not hold a key.
 */
export function openSecretBox(keyFile: string): SecretBox {
  const key = readKey(keyFile);
  return {
    seal(boundTo, secret) {
      const nonce = randomBytes(nonceBytes);
      const sealing = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes });
      sealing.setAAD(Buffer.from(boundTo, "utf8"));
      const content = Buffer.concat([sealing.update(secret, "utf8"), sealing.final()]);
      return version + Buffer.concat([nonce, sealing.getAuthTag(), content]).toString("base64url");
    },

    open(boundTo, sealed) {
      try {
        return unseal(key, boundTo, sealed);
      } catch {
        // No cause: nothing of the content or the key may travel with the error.
        throw new Error(
          "a stored secret does not open: it was changed, or sealed for something else or with another key",
        );
      }
    },
  };
}

function unseal(key: KeyObject, boundTo: string, sealed: string): string {
  const text = sealed.slice(version.length);
  const bytes = Buffer.from(text, "base64url");
  // Node's decoder skips what is not base64url; an envelope has exactly one spelling.
  if (
    !sealed.startsWith(version) ||
    bytes.toString("base64url") !== text ||
    bytes.length < nonceBytes + tagBytes
  ) {
    throw new Error("not an envelope");
  }
  const nonce = bytes.subarray(0, nonceBytes);
  const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  opening.setAAD(Buffer.from(boundTo, "utf8"));
  opening.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  const content = bytes.subarray(nonceBytes + tagBytes);
  return Buffer.concat([opening.update(content), opening.final()]).toString("utf8");
}

function readKey(keyFile: string): KeyObject {
  const mode = modeOf(keyFile) ?? makeKey(keyFile);
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new UserError("denied", `others may read or change it (mode ${(mode & 0o777).toString(8)})`, {
      operation,
      place: keyFile,
      next: `chmod 600 '${keyFile}'`,
    });
  }
  const bytes = readFileSync(keyFile);
  if (bytes.length !== keyBytes) {
    throw new UserError("invalid", `it holds ${String(bytes.length)} bytes, not ${String(keyBytes)}`, {
      operation,
      place: keyFile,
      next: "restore it from a backup; without it the stored passwords are lost and must be entered again",
    });
  }
  return createSecretKey(bytes);
}

function modeOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.mode ?? null;
}

/** Whole or not at all, and never over a key that another process made meanwhile. */
function makeKey(keyFile: string): number {
  mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 });
  const draft = `${keyFile}.${randomBytes(6).toString("hex")}.new`;
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    writeSync(descriptor, randomBytes(keyBytes));
    fsyncSync(descriptor);
    linkSync(draft, keyFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    closeSync(descriptor);
    rmSync(draft, { force: true });
  }
  return statSync(keyFile).mode;
}
