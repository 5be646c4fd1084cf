import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { SecretBox } from "../model/operations.ts";
import { hasKeyFile, makeKeyFile, readKeyFile } from "./key-file.ts";

const cipher = "aes-256-gcm";
const version = "v1.";
const nonceBytes = 12;
const tagBytes = 16;
const use = {
  operation: "open the key of the stored passwords",
  restore: "restore it from a backup; without it the stored passwords are lost and must be entered again",
};

/**
 * AES-256-GCM with the key in `keyFile` (32 random bytes, made with mode 0600 if the file is missing).
 * A sealed text is `v1.` and base64url of nonce, tag and cipher text; the id it is bound to is the
 * additional data, so that it opens for nothing else.
 * @throws UserError "denied" if others may read the file, "invalid" if it does not hold a key.
 */
export function openSecretBox(keyFile: string): SecretBox {
  if (!hasKeyFile(keyFile)) makeKeyFile(keyFile);
  const key = createSecretKey(readKeyFile(keyFile, use));
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
