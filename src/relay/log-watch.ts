import type { Clock } from "../base/clock.ts";
import { ClientError, DeniedError, NotFoundError } from "../sdk/index.ts";
import type { Client } from "../sdk/index.ts";
import { isId } from "../base/ids.ts";

/** Newest lines that are compared. */
const lines = 50;
/** A log that grew after the end was said is watched so many times longer. */
const longer = 10;
/** Executions that are watched at once; who was forgotten is watched anew. */
const mostWatched = 1000;

interface Seen {
  newest: string;
  /** Monotonic. */
  since: number;
  grew: boolean;
}

/**
 * Looks whether an execution that the team calls over still writes to its log: the only thing beside its word that a
 * team shows of its work.
 */
export class LogWatch {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #quietMs: number;
  readonly #seen = new Map<string, Seen>();

  /** @param quietMs how long no line may come. */
  constructor(client: Client, clock: Clock, quietMs: number) {
    this.#client = client;
    this.#clock = clock;
    this.#quietMs = quietMs;
  }

  /**
   * To be asked again until it answers null: nothing speaks against the team's word. Else what does, in one line. A
   * team that shows the relay no log leaves its word alone.
   */
  async objection(
    poolId: string,
    executionId: string,
    options: { signal: AbortSignal },
  ): Promise<string | null> {
    if (!isId(executionId)) return null;
    let newest: string;
    try {
      const query = { executionId, type: "JOB" as const, limit: lines, page: 0 };
      const { logMessages, numOfPages } = await this.#client.logs.detail(poolId, query, options);
      if (!Array.isArray(logMessages)) return "its log does not have the form of the contract";
      newest = JSON.stringify([
        numOfPages,
        logMessages.map((line) => [line?.id, line?.date, line?.logMessage]),
      ]);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      const shown = !(
        error instanceof NotFoundError ||
        (error instanceof DeniedError && error.status === 403)
      );
      return shown ? `its log cannot be read: ${error.message}` : null;
    }
    return this.#judge(executionId, newest);
  }

  #judge(executionId: string, newest: string): string | null {
    const now = this.#clock.monotonic();
    const before = this.#seen.get(executionId);
    if (before === undefined || before.newest !== newest) {
      const grew = before !== undefined;
      if (this.#seen.size >= mostWatched) this.#seen.clear();
      this.#seen.set(executionId, { newest, since: now, grew });
      return grew ? "its log still grows" : "its log is looked at once more";
    }
    const quiet = now - before.since;
    if (quiet >= (before.grew ? this.#quietMs * longer : this.#quietMs)) return null;
    return before.grew ? "its log grew after that" : "its log is looked at once more";
  }
}
