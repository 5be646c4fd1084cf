import type { Clock } from "../base/clock.ts";
import { newId } from "../base/ids.ts";
import type { ApiKey, DataPool } from "../model/definitions.ts";
import { UserError } from "../model/errors.ts";
import { covers, type Hold, type HoldScope, type Waiting } from "../model/hold.ts";
import type { StateStore } from "../model/state-store.ts";
import { dataSourceOf, jobOf, notFound } from "./belonging.ts";
import { onlyNamedJobs } from "./keys.ts";
import type { Queue } from "./queue.ts";

export interface HoldDraft {
  scope: HoldScope;
  /** Of the connection or job; ignored for a pool. */
  objectId: string | null;
  because: string | null;
  /** Epoch ms; null: until it is released. */
  until: number | null;
  keyName: string;
  /** Of a pool of another team: what runs there already. */
  spared?: string[];
}

/** What a release does, or would do. */
export interface Release {
  /** As they were, in the order in which they were laid. */
  released: Hold[];
  /** As they are then; null where nothing was ended. */
  ended: Hold[] | null;
  /** What starts by it, in order. */
  starts: Waiting[];
}

/** The rules of holds. That nothing starts under one is kept by the store, in the statement that starts. */
export class Holds {
  readonly #store: StateStore;
  readonly #clock: Clock;
  readonly #queue: Queue;
  /** To be called when what may start has changed. */
  readonly #changed: (poolId: string) => void;

  constructor(store: StateStore, clock: Clock, queue: Queue, changed: (poolId: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#queue = queue;
    this.#changed = changed;
  }

  async lay(pool: DataPool, { scope, objectId, because, until, keyName, spared }: HoldDraft): Promise<Hold> {
    const operation = `hold a ${scope}`;
    const now = this.#clock.now();
    if (until !== null && until <= now) {
      throw new UserError("invalid", "until is in the past; it is epoch milliseconds.", {
        operation,
        attribute: "until",
      });
    }
    const hold: Hold = {
      id: newId(),
      poolId: pool.id,
      scope,
      objectId: await this.#objectOf(pool, scope, objectId),
      keyName,
      because,
      createdAt: now,
      until,
      endedAt: null,
      endedBy: null,
    };
    await this.#store.insertHold(hold, spared);
    this.#changed(pool.id);
    return hold;
  }

  /** In force now, oldest first. */
  async list(pool: DataPool): Promise<Hold[]> {
    return await this.#store.holds(pool.id, this.#clock.now());
  }

  /** As `list`, for a key for named jobs without those that hold none of them. */
  async seenWith(key: ApiKey, pool: DataPool): Promise<Hold[]> {
    const inForce = await this.list(pool);
    const { jobs } = key;
    if (jobs === null) return inForce;
    // What a connection far away is used by is not known here.
    if (pool.team !== undefined) {
      return inForce.filter(({ scope, objectId }) => scope === "pool" || jobs.includes(objectId));
    }
    const held = (await this.#store.jobs(pool.id)).filter(({ id }) => jobs.includes(id));
    return inForce.filter((hold) => held.some((job) => covers(hold, { ...job, jobId: job.id })));
  }

  /**
   * Ends holds by their ids, all of them or none, and says what that lets start; with `dryRun` only says it.
   * @throws UserError "not-found" if one of them is not in force or not to be seen with the key, "denied" if one is of
   *   more than jobs and the key is not.
   */
  async release(
    pool: DataPool,
    holdIds: readonly string[],
    { key, dryRun }: { key: ApiKey; dryRun: boolean },
  ): Promise<Release> {
    const ids = new Set(holdIds);
    const seen = (await this.seenWith(key, pool)).filter(({ id }) => ids.has(id));
    if (seen.length !== ids.size) throw notFound("hold");
    // It sees those of its pool and connection, because they hold its jobs; and others too.
    if (key.jobs !== null && seen.some(({ scope }) => scope !== "job")) throw onlyNamedJobs();
    const now = this.#clock.now();
    const done = dryRun ? null : await this.#store.endHolds(pool.id, [...ids], now, key.name);
    if (!dryRun && done === null) throw notFound("hold");
    const moment = done?.before ?? (await this.#store.queueAt(pool.id, now));
    const released = moment.holds.filter((hold) => hold.poolId === pool.id && ids.has(hold.id));
    if (released.length !== ids.size || released.length === 0) throw notFound("hold");
    if (done !== null) this.#changed(pool.id);
    return { released, ended: done?.ended ?? null, starts: this.#queue.freedIn(moment, pool.id, released) };
  }

  async #objectOf(pool: DataPool, scope: HoldScope, objectId: string | null): Promise<string> {
    // What a team far away has was looked for there.
    if (pool.team !== undefined) return scope === "pool" ? pool.id : (objectId ?? "");
    switch (scope) {
      case "pool":
        return pool.id;
      case "connection":
        return (await dataSourceOf(this.#store, pool.id, objectId ?? "")).id;
      case "job":
        return (await jobOf(this.#store, pool.id, objectId ?? "")).id;
    }
  }
}
