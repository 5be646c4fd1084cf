import { hash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * The text of a key: `ndk_`, 43 random base62 characters (256 bits), 6 characters of checksum. The checksum
 * tells a mistyped key from a wrong one without a look at the store; it is no secret.
 */
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const prefix = "ndk_";
const randomCharacters = 43;
const form = /^ndk_[0-9A-Za-z]{49}$/;
/** A first admin key may come from elsewhere, `openssl rand -hex 32` say: long, printable, without blanks. */
const chosen = /^[\x21-\x7e]{32,256}$/;

export function newKeyText(): string {
  const body = prefix + randomBase62(randomCharacters);
  return body + checksum(body);
}

/**
 * False for what cannot be a key, so that it costs no look at the store: the form above with a wrong checksum,
 * and texts that not even an administrator could have chosen as the first key.
 */
export function mayBeKey(text: string): boolean {
  if (!text.startsWith(prefix)) return chosen.test(text);
  return form.test(text) && checksum(text.slice(0, -6)) === text.slice(-6);
}

/** Enough to recognise a key in a list, useless to guess it. */
export function shownPrefix(text: string): string {
  return text.slice(0, prefix.length + 6);
}

export function hashOf(text: string): Uint8Array {
  return hash("sha256", text, "buffer");
}

function checksum(body: string): string {
  let rest = crc32(body);
  let text = "";
  for (let digit = 0; digit < 6; digit += 1) {
    text = alphabet.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

function randomBase62(length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      // 248 = 4 * 62: bytes above it would make some characters likelier than others.
      if (byte < 248 && text.length < length) text += alphabet.charAt(byte % 62);
    }
  }
  return text;
}
