/** PostgreSQL as a source: a session that reads tables by binary COPY, and a second connection that looks and stops. */
import { systemClock, type Clock } from "../../base/clock.ts";
import type { ColumnBatch } from "../../model/columns.ts";
import type { TableExtraction } from "../../model/definitions.ts";
import type { SourceSessionId } from "../../model/execution.ts";
import type { ChangeRange, Source, SourceSession, TableRead } from "../../model/source.ts";
import { bounded } from "./bounded.ts";
import { describeTable } from "./catalog.ts";
import { connectLink, type Link } from "./connect.ts";
import { readTable } from "./extract.ts";
import { rowRates, type RowRate } from "./row-rate.ts";
import { beginSnapshot, endSnapshot } from "./snapshot.ts";
import { PostgresControl, controlTag } from "./stop.ts";

/** Whoever waits for a proof is told within this that the source is silent; the next look comes anyway. */
const lookLimitMs = 4000;

/**
 * A PostgreSQL source. All sessions of one source object share the limits of rows a second, one limit for what is
 * the same host, port, database and user.
 */
export function createPostgresSource({ clock = systemClock }: { clock?: Clock } = {}): Source {
  const rateOf = rowRates(clock);
  return {
    type: "POSTGRESQL",
    abortMeans: "cancel query",
    open: async (access, tag, options) =>
      new PostgresSession(await connectLink(access, tag, options), rateOf(access.configuration)),
    control: async (access, { signal }) =>
      new PostgresControl(await connectLink(access, controlTag, { signal, limitMs: lookLimitMs })),
  };
}

export const postgresSource: Source = createPostgresSource();

class PostgresSession implements SourceSession {
  readonly id: SourceSessionId;
  readonly #link: Link;
  readonly #rate: RowRate | null;
  #inSnapshot = false;

  constructor(link: Link, rate: RowRate | null) {
    this.id = link.id;
    this.#link = link;
    this.#rate = rate;
  }

  async describe(
    table: TableExtraction,
    { signal, changes }: { signal: AbortSignal; changes?: ChangeRange },
  ): Promise<TableRead> {
    const look = async (): Promise<TableRead> => {
      if (changes !== undefined && !this.#inSnapshot) {
        await beginSnapshot(this.#link);
        this.#inSnapshot = true;
      }
      return await describeTable(this.#link, table, changes);
    };
    return await bounded(look, { end: () => this.#link.kill(), signal });
  }

  async *read(table: TableRead, { signal }: { signal: AbortSignal }): AsyncIterable<ColumnBatch> {
    yield* readTable(this.#link, table, { rate: this.#rate, signal });
    if (!this.#inSnapshot) return;
    await bounded(() => endSnapshot(this.#link), { end: () => this.#link.kill(), signal });
    this.#inSnapshot = false;
  }

  async close(): Promise<void> {
    await this.#link.close();
  }
}
