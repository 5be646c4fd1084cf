import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { ApiKey } from "../model/definitions.ts";
import type { StateStore } from "../model/state-store.ts";
import { hashOf } from "./key-text.ts";

/** A night shift, and some. After it one signs in again, used or not. */
const longestMs = 14 * 3_600_000;
/** Without any call: the page is closed, or its machine asleep. */
const longestIdleMs = 2 * 3_600_000;
/** Use is written at most this often a session: a read must not cost a durable write each. */
const usedEveryMs = 60_000;

const linkLastsMs = 10 * 60_000;
const linkPrefix = "ndl_";
/** Links that nobody came by yet; more than a person makes. */
const mostLinks = 100;

/** A sign-in that is not over. */
export interface SignedIn {
  /** Whether this key may still be used, and from where, is for the door to say. */
  keyId: string;
  /** What the page must send along to change something; a foreign page cannot read it. */
  token: string;
  /** Epoch ms. */
  endsAt: number;
}

/**
 * Sign-ins at the page. Each stands for its key and no more: the door makes the key of it again at every call. It is
 * kept over restarts, so that a server that comes back at night does not ask for keys.
 */
export class PageSessions {
  readonly #store: StateStore;
  readonly #clock: Clock;
  readonly #links = new Map<string, { keyId: string; until: number }>();

  constructor(store: StateStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** A new session of the key; `id` goes into the cookie and is known nowhere else. */
  async open(key: ApiKey): Promise<{ id: string } & SignedIn> {
    const now = this.#clock.now();
    const id = randomBytes(32).toString("base64url");
    await this.#store.deleteIdlePageSessions(now - longestIdleMs);
    await this.#store.insertPageSession({ keyId: key.id, openedAt: now, usedAt: now }, hashOf(id));
    return { id, keyId: key.id, token: tokenOf(id), endsAt: now + longestMs };
  }

  /** null: there is none with this id, or it is over. */
  async find(id: string): Promise<SignedIn | null> {
    const hash = hashOf(id);
    const session = await this.#store.pageSession(hash);
    if (session === null) return null;
    const now = this.#clock.now();
    const endsAt = session.openedAt + longestMs;
    if (now >= endsAt || now - session.usedAt >= longestIdleMs) return null;
    if (now - session.usedAt >= usedEveryMs) await this.#noteUse(hash, now);
    return { keyId: session.keyId, token: tokenOf(id), endsAt };
  }

  /** Harmless twice. */
  async close(id: string): Promise<void> {
    await this.#store.deletePageSession(hashOf(id));
  }

  /** What one can sign in with in the place of this key: once, within ten minutes, at this server while it lives. */
  makeLink(key: ApiKey): string {
    const now = this.#clock.now();
    for (const [hash, { until }] of this.#links) if (until <= now) this.#links.delete(hash);
    const [oldest] = this.#links.keys();
    if (oldest !== undefined && this.#links.size >= mostLinks) this.#links.delete(oldest);
    const text = linkPrefix + randomBytes(32).toString("base64url");
    this.#links.set(nameOf(text), { keyId: key.id, until: now + linkLastsMs });
    return text;
  }

  /** Id of the key behind the link, which is used up by that; null where it is none, or not any more. */
  spendLink(text: string): string | null {
    if (!text.startsWith(linkPrefix)) return null;
    const link = this.#links.get(nameOf(text));
    this.#links.delete(nameOf(text));
    return link === undefined || link.until <= this.#clock.now() ? null : link.keyId;
  }

  async #noteUse(hash: Uint8Array, now: number): Promise<void> {
    try {
      await this.#store.pageSessionUsed(hash, now);
    } catch {
      // A full disk must not keep a stop out.
    }
  }
}

/** Follows from the id, so that a page that is loaded again can be told it, and says nothing of the id. */
function tokenOf(id: string): string {
  return Buffer.from(hashOf(`token of ${id}`)).toString("base64url");
}

/** By its hash: to look one up takes no time that says anything about another. */
function nameOf(text: string): string {
  return Buffer.from(hashOf(text)).toString("base64url");
}
