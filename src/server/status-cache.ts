/**
 * The bytes of each pool's `logs/status`, kept until something of the pool changes: everybody polls this
 * one, and making its JSON costs more than all the rest of the request.
 */
export class StatusCache {
  readonly #pools = new Map<string, { text: string | null }>();

  /** The kept text, or what `make` gives. */
  async get(poolId: string, make: () => Promise<string>): Promise<string> {
    let entry = this.#pools.get(poolId);
    if (entry === undefined) this.#pools.set(poolId, (entry = { text: null }));
    if (entry.text !== null) return entry.text;
    const text = await make();
    // A change during `make` has put this entry out of the map: what is written here is never read again.
    entry.text = text;
    return text;
  }

  /** To be called after the change is in the store. */
  forget(poolId: string): void {
    this.#pools.delete(poolId);
  }
}
