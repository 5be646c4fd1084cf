import { UserError } from "../model/errors.ts";

export type KitLanguage = "en" | "ja";

/** All that a kit says; every text of it is made from these and from the words of the language. */
export interface KitFacts {
  language: KitLanguage;
  /** Address that the operators call: scheme, host and port, no slash at its end. */
  url: string;
  pool: { id: string; name: string };
  /** In the order in which they are listed; at least one. */
  jobs: readonly { id: string; name: string }[];
  /** Whom to call, one line. */
  contact: string;
  key: KitKey;
  /** Times as their readers know them, in a zone and in UTC. */
  made: string;
  /** Version of the program that makes it. */
  version: string;
  /** What Windows has to be told to trust; null: nothing, or what its own store has. */
  certificate: Certificate | null;
}

/** The operators' own key: it can look and stop, in this pool. */
export interface KitKey {
  name: string;
  /** The key itself. */
  text: string;
  prefix: string;
  expires: string;
}

export interface Certificate {
  pem: string;
  /** SHA-1 over it, which is what Windows shows as its thumbprint: 40 hex digits. */
  thumbprint: string;
}

export interface KitFile {
  /** In the kit, with forward slashes. */
  path: string;
  bytes: Uint8Array;
}

const idForm = /^[0-9A-Za-z-]{1,64}$/;
const keyForm = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const addressForm = /^https?:\/\/(?:[0-9A-Za-z.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/;

/** Nothing in it shows as what it is: controls, halves of characters, and what turns the direction of others. */
const unshowable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/**
 * Refuses what a reader at night could not use: something missing, or a name that cannot be shown.
 * @throws UserError, with what to do about it.
 */
export function checkFacts(facts: KitFacts): void {
  const { url, pool, jobs, contact, key, made, version } = facts;
  if (!addressForm.test(url)) throw refusal("the address of the server is not one", "give --operator-url");
  if (!idForm.test(pool.id)) throw refusal("the pool's id is none that a batch file can hold");
  if (!keyForm.test(key.text)) throw refusal("the key holds characters that key.txt cannot hold");
  if (jobs.length === 0) throw refusal("the pool has no job to look at", "make the jobs first");
  if (contact.trim() === "")
    throw refusal("nobody to call is named", "give --contact, or set it for the pool");
  for (const { id, name } of jobs) {
    if (!idForm.test(id))
      throw refusal(`the id of job ${JSON.stringify(name)} is none that a batch file can hold`);
    checkShown(`the name of job ${id}`, name);
  }
  checkShown("the name of the pool", pool.name);
  checkShown("the contact", contact);
  for (const text of [key.name, key.prefix, key.expires, made, version])
    checkShown("a fact of the kit", text);
}

function checkShown(what: string, text: string): void {
  if (text.trim() === "" || unshowable.test(text)) {
    throw refusal(
      `${what} cannot be shown: it is blank, or has a control or an unreadable character`,
      "rename it",
    );
  }
}

export function refusal(message: string, next?: string): UserError {
  return new UserError("invalid", message, {
    operation: "make a kit",
    ...(next === undefined ? {} : { next }),
  });
}
