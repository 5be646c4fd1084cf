import type { Clock } from "../base/clock.ts";
import type { TeamSchedules } from "../model/team.ts";
import { TeamError } from "../model/team.ts";
import { ClientError } from "../sdk/index.ts";
import type { Client } from "../sdk/index.ts";
import type { PoolSchedules } from "./pool-schedules.ts";

/** How long an export is used, and how long a refusal is not asked about again, ms. */
const keptMs = 60_000;
/** Older ones are used only while a newer one is on its way, and up to this age, ms. */
const oldestMs = 600_000;
/** How long a newer one is waited for where there is an older one, ms. */
const patienceMs = 1000;

/** One that takes longer is not waited for by those who come later, ms. */
const slowMs = 1500;

/** When a read began: monotonic, and epoch ms. */
interface Begun {
  since: number;
  readAt: number;
}

/** What it came to; a text: why there are none. */
interface Kept extends Begun {
  found: PoolSchedules | string;
}

interface Going extends Begun {
  read: Promise<Kept>;
}

/**
 * The schedules of a team's pools, out of the export of the pool, which is large, may be slow, and needs rights that a key
 * for the night seldom has. So it is read at most once at a time and once in a minute, whatever came of it.
 */
export class ScheduleReads {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  readonly #going = new Map<string, Going>();

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** `signal`: ends the read that it begins. Rejects only with its reason. */
  async of(poolId: string, { signal }: { signal: AbortSignal }): Promise<TeamSchedules> {
    const kept = this.#kept.get(poolId);
    if (kept !== undefined && this.#age(kept) < keptMs) return this.#told(kept);
    const going = this.#going.get(poolId) ?? this.#begin(poolId, signal);
    const older = kept !== undefined && typeof kept.found !== "string" && this.#age(kept) < oldestMs;
    const slow = this.#age(going) > slowMs;
    if (older) return this.#told(slow ? kept : await this.#within(going.read, kept));
    if (slow) return { readAt: null, why: "they are still being read", pending: true, starts: [] };
    return this.#told(await going.read);
  }

  #begin(poolId: string, signal: AbortSignal): Going {
    const begun = { since: this.#clock.monotonic(), readAt: this.#clock.now() };
    const read = this.#read(poolId, begun, signal);
    const going = { ...begun, read };
    this.#going.set(poolId, going);
    const over = (kept: Kept): void => {
      this.#kept.set(poolId, kept);
      this.#going.delete(poolId);
    };
    // One that was ended is not begun anew at each look.
    read.then(over, () => over({ ...begun, found: "no answer in time" }));
    return going;
  }

  async #read(poolId: string, at: Begun, signal: AbortSignal): Promise<Kept> {
    try {
      const exported = await this.#client.pools.export(poolId, { signal });
      // Only where there is one: most of what reads cron texts is a library.
      const { schedulesIn } = await import("./pool-schedules.ts");
      return { ...at, found: schedulesIn(exported, poolId) };
    } catch (error) {
      if (error instanceof ClientError || error instanceof TeamError) return { ...at, found: error.message };
      throw error;
    }
  }

  async #within(going: Promise<Kept>, older: Kept): Promise<Kept> {
    const waited = new AbortController();
    const late = this.#clock.sleep(patienceMs, { signal: waited.signal }).then(() => older);
    try {
      return await Promise.race([going.catch(() => older), late.catch(() => older)]);
    } finally {
      waited.abort();
    }
  }

  #told({ readAt, found }: Kept): TeamSchedules {
    if (typeof found === "string") return { readAt: null, why: found, pending: false, starts: [] };
    return { readAt, why: null, pending: false, starts: found.startsAfter(this.#clock.now()) };
  }

  #age({ since }: Begun): number {
    return this.#clock.monotonic() - since;
  }
}
