import type { DataPool } from "../model/definitions.ts";

/** What is kept of a pool. Made before the reads that fill it: see `forget`. */
interface Kept {
  pool: DataPool | null;
  status: string | null;
}

/**
 * What every poll of a pool needs: its row, and the bytes of its `logs/status`, whose JSON costs more than
 * all the rest of the request. Kept until something of the pool changes.
 */
export class PoolCache {
  readonly #read: (poolId: string) => Promise<DataPool | null>;
  readonly #kept = new Map<string, Kept>();

  constructor(read: (poolId: string) => Promise<DataPool | null>) {
    this.#read = read;
  }

  async pool(poolId: string): Promise<DataPool | null> {
    const known = this.#kept.get(poolId)?.pool;
    if (known !== undefined && known !== null) return known;
    const kept = this.#keep(poolId);
    kept.pool = await this.#read(poolId);
    // Ids that are none are not kept: anybody with a key can think of more of them.
    if (kept.pool === null) this.forget(poolId);
    return kept.pool;
  }

  /** The kept text, or what `make` gives. */
  async status(poolId: string, make: () => Promise<string>): Promise<string> {
    const kept = this.#keep(poolId);
    kept.status ??= await make();
    return kept.status;
  }

  /**
   * To be called after the change is in the store. A read that began before it fills an object that is
   * no longer in the map, so nothing old is ever kept.
   */
  forget(poolId: string): void {
    this.#kept.delete(poolId);
  }

  #keep(poolId: string): Kept {
    let kept = this.#kept.get(poolId);
    if (kept === undefined) {
      kept = { pool: null, status: null };
      this.#kept.set(poolId, kept);
    }
    return kept;
  }
}
