import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { newId } from "../base/ids.ts";
import { verbs, type ApiKey, type Grant, type Verb } from "../model/definitions.ts";
import { UserError } from "../model/errors.ts";
import type { StateStore } from "../model/state-store.ts";
import { notFound } from "./belonging.ts";
import { hashOf, mayBeKey, newKeyText, shownPrefix } from "./key-text.ts";
import { checkedName } from "./names.ts";

/** `lastUsedAt` is written at most this often a key: a read must not cost a durable write each. */
const lastUsedEveryMs = 60_000;
const everything: Grant[] = [{ poolId: "*", verbs: [...verbs] }];

export interface KeyDraft {
  name: string;
  grants: Grant[];
  /** Epoch ms; null: never. */
  expiresAt: number | null;
}

/**
 * Keys: made, recognised, taken back. The text of a key exists only in the answer that makes it.
 * There is one of these per home, and nobody else writes keys while it lives: so what it has recognised
 * it may remember until it takes a key back.
 */
export class Keys {
  readonly #store: StateStore;
  readonly #clock: Clock;
  readonly #lastWritten = new Map<string, number>();
  /** Recognised keys by their hash. Replaced as a whole by a revocation, so that a look under way adds to the old one. */
  #known = new Map<string, { key: ApiKey; hash: Uint8Array }>();

  constructor(store: StateStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async create(draft: KeyDraft): Promise<{ key: ApiKey; text: string }> {
    const text = newKeyText();
    return { key: await insertKey(this.#store, this.#clock, text, await this.#checked(draft)), text };
  }

  /** The key with this text if it may be used now, else null: unknown, mistyped, expired and revoked look alike. */
  async authenticate(text: string): Promise<ApiKey | null> {
    const hash = hashOf(text);
    const found = await this.#lookUp(text, hash);
    if (found === null || found.hash.byteLength !== hash.byteLength || !timingSafeEqual(found.hash, hash))
      return null;
    const { key } = found;
    const now = this.#clock.now();
    if (key.revokedAt !== null || (key.expiresAt !== null && key.expiresAt <= now)) return null;
    if (this.#useIsDue(key, now)) await this.#noteUse(key, now);
    return key;
  }

  async list(): Promise<ApiKey[]> {
    return await this.#store.keys();
  }

  /** From the next request on it is refused; harmless twice. */
  async revoke(id: string): Promise<void> {
    const revoked = await this.#store.revokeKey(id, this.#clock.now());
    this.#known = new Map();
    if (!revoked) throw notFound("key");
  }

  async #lookUp(text: string, hash: Uint8Array): Promise<{ key: ApiKey; hash: Uint8Array } | null> {
    const known = this.#known;
    const name = Buffer.from(hash).toString("latin1");
    const found = known.get(name) ?? (mayBeKey(text) ? await this.#store.keyByHash(hash) : null);
    if (found !== null) known.set(name, found);
    return found;
  }

  async #checked(draft: KeyDraft): Promise<KeyDraft> {
    const operation = "create the key";
    const name = checkedName(draft.name, "key");
    if (draft.expiresAt !== null && draft.expiresAt <= this.#clock.now()) {
      throw new UserError("invalid", "expiresAt is in the past; it is epoch milliseconds.", {
        operation,
        attribute: "expiresAt",
      });
    }
    for (const grant of draft.grants) {
      if (grant.poolId !== "*" && (await this.#store.pool(grant.poolId)) === null) {
        throw new UserError("invalid", "A grant names a data pool that is not there.", {
          operation,
          attribute: "grants",
        });
      }
    }
    return { ...draft, name };
  }

  #useIsDue(key: ApiKey, now: number): boolean {
    return now - Math.max(key.lastUsedAt ?? 0, this.#lastWritten.get(key.id) ?? 0) >= lastUsedEveryMs;
  }

  async #noteUse(key: ApiKey, now: number): Promise<void> {
    this.#lastWritten.set(key.id, now);
    try {
      await this.#store.keyUsed(key.id, now);
    } catch {
      // A full disk must not keep a cancel out.
    }
  }
}

/** Whether the key has the verb on the pool, be it through "*"; "any": has it a verb there at all. */
export function may(key: ApiKey, verb: Verb | "any", poolId: string): boolean {
  return key.grants.some(
    (grant) =>
      (grant.poolId === "*" || grant.poolId === poolId) &&
      (verb === "any" ? grant.verbs.length > 0 : grant.verbs.includes(verb)),
  );
}

/** As `may`, for what belongs to no pool. */
export function mayOnTeam(key: ApiKey, verb: Verb): boolean {
  return may(key, verb, "*");
}

/**
 * The first key of a server, one for everything: the given text, or, when none is given and no such key is
 * there, a new one. Returns the text of a new one, to be shown once; null otherwise.
 * @throws UserError "invalid" when the given text is not a key's, "conflict" when that key may not be used.
 */
export async function ensureAdminKey(
  store: StateStore,
  clock: Clock,
  given: string | null,
): Promise<string | null> {
  const draft: KeyDraft = { name: "admin", grants: everything, expiresAt: null };
  if (given === null) {
    const now = clock.now();
    const usable = (await store.keys()).filter(
      (key) => key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now),
    );
    if (usable.some((key) => mayOnTeam(key, "admin"))) return null;
    const text = newKeyText();
    await insertKey(store, clock, text, draft);
    return text;
  }
  const operation = "take over the admin key";
  if (!mayBeKey(given)) {
    throw new UserError("invalid", "It is too short, has blanks in it, or is a mistyped key of ours.", {
      operation,
      next: "Use 32 or more random characters, or start once without it: the server makes a key and shows it.",
    });
  }
  const known = await store.keyByHash(hashOf(given));
  if (known === null) await insertKey(store, clock, given, draft);
  else if (known.key.revokedAt !== null || !mayOnTeam(known.key, "admin")) {
    throw new UserError("conflict", "This key is known, and it is revoked or not an admin's.", {
      operation,
      next: "Set another one.",
    });
  }
  return null;
}

async function insertKey(store: StateStore, clock: Clock, text: string, draft: KeyDraft): Promise<ApiKey> {
  const key: ApiKey = {
    id: newId(),
    name: draft.name,
    prefix: shownPrefix(text),
    grants: draft.grants,
    createdAt: clock.now(),
    expiresAt: draft.expiresAt,
    revokedAt: null,
    lastUsedAt: null,
  };
  await store.insertKey(key, hashOf(text));
  return key;
}
