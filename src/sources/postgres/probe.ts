import type { LookupFunction } from "node:net";
import { systemClock, type Clock } from "../../base/clock.ts";
import { errorLine } from "../../model/errors.ts";
import { foundLines, type Probe, type ProbeLook } from "../../model/probe.ts";
import type { SourceAccess } from "../../model/source.ts";
import { bounded } from "./bounded.ts";
import { connectLink } from "./connect.ts";
import { messageOf, withoutPassword } from "./errors.ts";
import { controlTag } from "./stop.ts";

/** One more than is kept is of no use, and of a list as long as a table nothing is. */
const mostRows = 20;

/**
 * A SELECT that is expected to find no row. It runs as a part of another one, in a session whose transactions only
 * read, and from inside a SELECT that cannot be changed any more; over a connection of its own for each look: one that was kept could hang on a server that is no longer there.
 * @param limitMs for connecting, and again for the query.
 * @param lookup of the host's name where others have set the probe (`guardedLookup`); absent: the system's own.
 */
export function postgresProbe(
  access: SourceAccess,
  query: string,
  { limitMs, clock = systemClock, lookup }: { limitMs: number; clock?: Clock; lookup?: LookupFunction },
): Probe {
  const way = lookup === undefined ? { limitMs } : { limitMs, lookup };
  const read = async (signal: AbortSignal): Promise<string[]> => {
    const link = await connectLink(access, controlTag, { signal, ...way });
    try {
      const ask = async (): Promise<string[]> => {
        const rows = await link.rows<{ line: string | null }>(
          `select left(probe::text, 300) as line from (\n${query}\n) as probe limit ${String(mostRows)}`,
        );
        return rows.map(({ line }) => line ?? "a row");
      };
      return await bounded(ask, { end: () => link.kill(), limitMs, signal });
    } finally {
      await link.close();
    }
  };
  return {
    look: async ({ signal }): Promise<ProbeLook> => {
      const at = clock.now();
      try {
        const found = await read(signal);
        if (found.length === 0) return { clear: true, at };
        return {
          clear: false,
          found: foundLines(found.map((line) => withoutPassword(line, access.password))),
          at,
        };
      } catch (error) {
        signal.throwIfAborted();
        const said = error instanceof Error && "line" in error ? errorLine(error) : messageOf(error);
        return { unknown: withoutPassword(said, access.password) };
      }
    },
  };
}
