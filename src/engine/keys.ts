import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { isId, newId } from "../base/ids.ts";
import { Networks, networkFault } from "../base/networks.ts";
import { verbs, type ApiKey, type Grant, type KeyLimits, type Verb } from "../model/definitions.ts";
import { UserError } from "../model/errors.ts";
import type { StateStore } from "../model/state-store.ts";
import { notFound } from "./belonging.ts";
import { checkedHours, outsideHours } from "./key-hours.ts";
import { hashOf, mayBeKey, newKeyText, shownPrefix } from "./key-text.ts";
import { checkedName } from "./names.ts";

/** `lastUsedAt` is written at most this often a key: a read must not cost a durable write each. */
const lastUsedEveryMs = 60_000;
const everything: Grant[] = [{ poolId: "*", verbs: [...verbs] }];
/** What these change is more than jobs: SQL of a transformation reads and writes the whole pool. */
const verbsOfWholes: readonly Verb[] = ["edit", "admin"];
const operation = "create the key";

export interface KeyDraft extends KeyLimits {
  name: string;
  grants: Grant[];
  /** Epoch ms; null: never. */
  expiresAt: number | null;
}

/** What a text is, presented from an address at a moment. */
export type Recognition =
  /** Unknown, mistyped, expired and revoked look alike. */
  | { kind: "unknown" }
  /** Known, but not from there. */
  | { kind: "elsewhere"; key: ApiKey }
  /** `why`: a sentence for its holder. */
  | { kind: "out of hours"; key: ApiKey; why: string }
  | { kind: "usable"; key: ApiKey };

interface Known {
  key: ApiKey;
  hash: Uint8Array;
  /** null: known from everywhere. */
  networks: Networks | null;
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
  #known = new Map<string, Known>();

  constructor(store: StateStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** @throws UserError "invalid" for a draft that cannot be kept to; "denied" for a maker that has limits. */
  async create(draft: KeyDraft, maker: ApiKey): Promise<{ key: ApiKey; text: string }> {
    if (maker.hours !== null || maker.addresses !== null) {
      throw new UserError("denied", "A key with hours or addresses makes none that could do without.", {
        operation,
        next: "Use an admin key without them.",
      });
    }
    const text = newKeyText();
    return { key: await insertKey(this.#store, this.#clock, text, await this.#checked(draft)), text };
  }

  /** @param address null: nobody knows from where, which is none of those that a key is limited to. */
  async recognise(text: string, address: string | null): Promise<Recognition> {
    const hash = hashOf(text);
    const found = await this.#lookUp(text, hash);
    if (found === null || found.hash.byteLength !== hash.byteLength || !timingSafeEqual(found.hash, hash))
      return { kind: "unknown" };
    return await this.#judge(found.key, found.networks, address);
  }

  /** As `recognise`, the key with this id: for whoever was let in by it before. */
  async again(id: string, address: string | null): Promise<Recognition> {
    const key = await this.#store.keyById(id);
    return key === null ? { kind: "unknown" } : await this.#judge(key, networksOf(key), address);
  }

  async #judge(key: ApiKey, networks: Networks | null, address: string | null): Promise<Recognition> {
    const now = this.#clock.now();
    if (key.revokedAt !== null || (key.expiresAt !== null && key.expiresAt <= now))
      return { kind: "unknown" };
    // Before the hours: whoever has a stolen key learns nothing of it.
    if (networks !== null && (address === null || !networks.has(address))) return { kind: "elsewhere", key };
    const why = key.hours === null ? null : outsideHours(key.hours, now);
    if (why !== null) return { kind: "out of hours", key, why };
    if (this.#useIsDue(key, now)) await this.#noteUse(key, now);
    return { kind: "usable", key };
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

  async #lookUp(text: string, hash: Uint8Array): Promise<Known | null> {
    const known = this.#known;
    const name = Buffer.from(hash).toString("latin1");
    const before = known.get(name);
    if (before !== undefined) return before;
    const stored = mayBeKey(text) ? await this.#store.keyByHash(hash) : null;
    if (stored === null) return null;
    const found = { ...stored, networks: networksOf(stored.key) };
    known.set(name, found);
    return found;
  }

  async #checked(draft: KeyDraft): Promise<KeyDraft> {
    const name = checkedName(draft.name, "key");
    if (draft.expiresAt !== null && draft.expiresAt <= this.#clock.now()) {
      throw refused("expiresAt", "expiresAt is in the past; it is epoch milliseconds.");
    }
    for (const grant of draft.grants) {
      if (grant.poolId !== "*" && (await this.#store.pool(grant.poolId)) === null) {
        throw refused("grants", "A grant names a data pool that is not there.");
      }
    }
    const hours = draft.hours === null ? null : checkedHours(draft.hours);
    if (draft.addresses !== null) checkAddresses(draft.addresses);
    if (draft.jobs !== null) await this.#checkJobs(draft.jobs, draft.grants);
    return { ...draft, name, hours };
  }

  /** @throws UserError for jobs that the grants do not reach, and for rights that cannot be kept to jobs. */
  async #checkJobs(jobIds: string[], grants: Grant[]): Promise<void> {
    if (jobIds.length === 0) throw refused("jobs", "No job is named; leave jobs out for all of them.");
    if (grants.some(({ poolId }) => poolId === "*")) {
      throw refused("grants", "A key for named jobs names their data pools too, not *.");
    }
    const whole = grants.flatMap((grant) => grant.verbs).find((verb) => verbsOfWholes.includes(verb));
    if (whole !== undefined) {
      throw refused(
        "grants",
        `The right to ${whole} cannot be kept to jobs: it reaches the whole data pool.`,
      );
    }
    const pools = await Promise.all(grants.map(({ poolId }) => this.#store.pool(poolId)));
    // Which jobs a team far away has is known there; naming one that it does not have gives no right.
    const relayed = pools.some((pool) => pool?.team !== undefined);
    for (const id of jobIds) {
      const job = await this.#store.job(id);
      if (job === null && relayed && isId(id)) continue;
      if (job === null || !grants.some(({ poolId }) => poolId === job.poolId)) {
        throw refused("jobs", "One of the jobs is not there, or not in a data pool of the grants.");
      }
    }
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

function networksOf({ addresses }: ApiKey): Networks | null {
  return addresses === null ? null : new Networks(addresses);
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
  return key.jobs === null && may(key, verb, "*");
}

/** Whether the job is there for the key; which verbs it has on its pool is another question. */
export function knowsJob({ jobs }: ApiKey, jobId: string): boolean {
  return jobs === null || jobs.includes(jobId);
}

/** For what is more than jobs, asked for with a key for named jobs. */
export function onlyNamedJobs(): UserError {
  return new UserError("denied", "This key is for named data jobs, not for a data pool or connection.", {
    operation: "use a key for named jobs",
    next: "Name one of its jobs, or ask for a key for the data pool.",
  });
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
  const unlimited = { hours: null, jobs: null, addresses: null };
  const draft: KeyDraft = { name: "admin", grants: everything, expiresAt: null, ...unlimited };
  if (given === null) {
    const now = clock.now();
    const usable = (await store.keys()).filter(
      (key) => key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now),
    );
    // One with limits makes no keys, and may be out of its hours or far away when it is needed.
    const whole = usable.filter(({ hours, addresses }) => hours === null && addresses === null);
    if (whole.some((key) => mayOnTeam(key, "admin"))) return null;
    const text = newKeyText();
    await insertKey(store, clock, text, draft);
    return text;
  }
  const takeOver = "take over the admin key";
  if (!mayBeKey(given)) {
    throw new UserError("invalid", "It is too short, has blanks in it, or is a mistyped key of ours.", {
      operation: takeOver,
      next: "Use 32 or more random characters, or start once without it: the server makes a key and shows it.",
    });
  }
  const known = await store.keyByHash(hashOf(given));
  if (known === null) await insertKey(store, clock, given, draft);
  else if (known.key.revokedAt !== null || !mayOnTeam(known.key, "admin")) {
    throw new UserError("conflict", "This key is known, and it is revoked or not an admin's.", {
      operation: takeOver,
      next: "Set another one.",
    });
  }
  return null;
}

/** @throws UserError naming what is wrong with which of them. */
function checkAddresses(addresses: string[]): void {
  if (addresses.length === 0) {
    throw refused("addresses", "No address is named; leave addresses out for all of them.");
  }
  for (const [index, text] of addresses.entries()) {
    const fault = networkFault(text);
    if (fault !== null) throw refused(`addresses.${String(index)}`, `${JSON.stringify(text)} ${fault}.`);
  }
}

function refused(attribute: string, message: string): UserError {
  return new UserError("invalid", message, { operation, attribute });
}

async function insertKey(store: StateStore, clock: Clock, text: string, draft: KeyDraft): Promise<ApiKey> {
  const key: ApiKey = {
    id: newId(),
    name: draft.name,
    prefix: shownPrefix(text),
    grants: draft.grants,
    hours: draft.hours,
    jobs: draft.jobs,
    addresses: draft.addresses,
    createdAt: clock.now(),
    expiresAt: draft.expiresAt,
    revokedAt: null,
    lastUsedAt: null,
  };
  await store.insertKey(key, hashOf(text));
  return key;
}
