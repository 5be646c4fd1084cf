import type { Clock } from "../base/clock.ts";
import { newId } from "../base/ids.ts";
import type { ApiKey, DataPool } from "../model/definitions.ts";
import { UserError } from "../model/errors.ts";
import { covers, type Hold, type HoldScope } from "../model/hold.ts";
import type { StateStore } from "../model/state-store.ts";
import { dataSourceOf, jobOf, notFound } from "./belonging.ts";

export interface HoldDraft {
  scope: HoldScope;
  /** Of the connection or job; ignored for a pool. */
  objectId: string | null;
  because: string | null;
  /** Epoch ms; null: until it is released. */
  until: number | null;
  keyName: string;
}

/** The rules of holds. That nothing starts under one is kept by the store, in the statement that starts. */
export class Holds {
  readonly #store: StateStore;
  readonly #clock: Clock;
  /** To be called when what may start has changed. */
  readonly #changed: (poolId: string) => void;

  constructor(store: StateStore, clock: Clock, changed: (poolId: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#changed = changed;
  }

  async lay(pool: DataPool, { scope, objectId, because, until, keyName }: HoldDraft): Promise<Hold> {
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
    await this.#store.insertHold(hold);
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
    const held = (await this.#store.jobs(pool.id)).filter(({ id }) => jobs.includes(id));
    return inForce.filter((hold) => held.some((job) => covers(hold, { ...job, jobId: job.id })));
  }

  /** Holds that are in force and that the key may see, by their ids; all of them or none. */
  async named(key: ApiKey, pool: DataPool, holdIds: string[]): Promise<Hold[]> {
    const ids = new Set(holdIds);
    const holds = (await this.seenWith(key, pool)).filter(({ id }) => ids.has(id));
    if (holds.length !== ids.size || holds.length === 0) throw notFound("hold");
    return holds;
  }

  /** Returns them as they are then. */
  async release(pool: DataPool, holds: Hold[], keyName: string): Promise<Hold[]> {
    const released: Hold[] = [];
    for (const hold of holds) {
      await this.#store.endHold(hold.id, this.#clock.now(), keyName);
      released.push((await this.#store.hold(hold.id)) ?? hold);
    }
    this.#changed(pool.id);
    return released;
  }

  async #objectOf(pool: DataPool, scope: HoldScope, objectId: string | null): Promise<string> {
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
