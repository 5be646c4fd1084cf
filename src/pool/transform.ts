import { failpoint } from "../base/failpoint.ts";
import { UserError } from "../model/errors.ts";
import type { LoadMarker } from "../model/pool-store.ts";
import { commit, mark } from "./commit.ts";
import type { Connections } from "./connections.ts";
import { storeError } from "./duckdb-error.ts";
import { beginScript, parseScript, withPrepared } from "./script.ts";

/**
 * Runs a script as one transaction with the marker; any error or abort leaves the pool as it was. The
 * signal is looked at last right before COMMIT, which is never interrupted.
 * @throws UserError naming statement number and position; the signal's reason after an abort.
 */
export async function transform(
  connections: Connections,
  script: string,
  searchPath: string[],
  marker: LoadMarker,
  {
    signal,
    onStatement,
    onCommit,
  }: {
    signal: AbortSignal;
    onStatement?: (number: number, of: number, sql: string) => void;
    onCommit?: () => void;
  },
): Promise<void> {
  await connections.lend(async (connection) => {
    signal.throwIfAborted();
    const statements = await parseScript(connection, script);
    try {
      await beginScript(connection, searchPath);
      for (const statement of statements) {
        signal.throwIfAborted();
        onStatement?.(statement.number, statements.length, statement.text);
        await withPrepared(connection, script, statement, (prepared) => prepared.run(), { signal });
      }
      await mark(connection, marker);
      await failpoint("transform.before-commit");
      signal.throwIfAborted();
      onCommit?.();
      await commit(connections, connection, marker);
      await failpoint("transform.committed");
    } catch (error) {
      await connections.rollBack(connection, error);
      if (error instanceof UserError || (signal.aborted && error === signal.reason)) throw error;
      throw storeError("run the transformation", error);
    }
  });
}
