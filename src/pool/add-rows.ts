import type { DuckDBConnection } from "@duckdb/node-api";
import { UserError } from "../model/errors.ts";
import type { StagingTarget } from "../model/pool-store.ts";
import { interruptible, rowsOf } from "./connections.ts";
import { identifier, qualified } from "./quote.ts";

/**
 * Adds the staged rows to a target that stays, in the transaction that is open on the connection, and drops the
 * staging table. With a key, rows of the target give way to staged ones of the same key; NULL is a value of a
 * key like any other.
 * @throws UserError for a key that stands for several rows, staged or in the target: merging would lose one.
 */
export async function addRows(
  connection: DuckDBConnection,
  target: StagingTarget,
  staging: string,
  key: string[] | null,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const there = qualified(target.schema, target.table);
  const staged = qualified(target.schema, staging);
  const run = <T>(work: () => Promise<T>): Promise<T> => interruptible(connection, work, { signal });
  if (key !== null) {
    const same = key
      .map((name) => `t.${identifier(name)} IS NOT DISTINCT FROM s.${identifier(name)}`)
      .join(" AND ");
    const twice = async (rows: string): Promise<number> => {
      const grouped = key.map((name) => `t.${identifier(name)}`).join(", ");
      const sql = `SELECT count(*) FROM (SELECT 1 FROM ${rows} GROUP BY ${grouped} HAVING count(*) > 1)`;
      return Number((await run(() => rowsOf(connection, sql)))[0]?.[0]);
    };
    const read = await twice(`${staged} AS t`);
    if (read > 0) throw notUnique(target, key, `${String(read)} of its values came more than once`);
    const stored = await twice(`${there} AS t SEMI JOIN ${staged} AS s ON (${same})`);
    if (stored > 0) {
      throw notUnique(target, key, `${String(stored)} of its values stand in the pool more than once`);
    }
    await run(() => connection.run(`DELETE FROM ${there} AS t USING ${staged} AS s WHERE ${same}`));
  }
  // By name: the target may have got its columns in another order.
  await run(() => connection.run(`INSERT INTO ${there} BY NAME SELECT * FROM ${staged}`));
  await connection.run(`DROP TABLE ${staged}`);
}

function notUnique(target: StagingTarget, key: string[], what: string): UserError {
  return new UserError("invalid", `the primary key (${key.join(", ")}) is none: ${what}`, {
    operation: "merge the changes",
    place: `table "${target.table}"`,
    next: "choose columns that tell every row apart, or no key, and run a full load; nothing was changed",
  });
}
