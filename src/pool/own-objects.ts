import { version, type DuckDBConnection } from "@duckdb/node-api";
import { createHash } from "node:crypto";
import { catalogStatements } from "./catalog.ts";
import { rowsOf } from "./connections.ts";
import { bookSchema, functionSchema } from "./names.ts";
import { functionStatements } from "./vertica-functions.ts";

/**
 * Makes the functions for Vertica's SQL and the views of the catalog in a pool that does not have exactly these. A
 * pool that has them is not written to, so that it opens on a full disk too.
 */
export async function installOwnObjects(connection: DuckDBConnection): Promise<void> {
  const statements = [...functionStatements, ...catalogStatements];
  // A view keeps the columns of the version that made it.
  const digest = createHash("sha256")
    .update([version(), ...statements].join())
    .digest("hex");
  const installed = `${bookSchema}.installed_functions`;
  await connection.run(`CREATE SCHEMA IF NOT EXISTS ${functionSchema}`);
  await connection.run(`CREATE TABLE IF NOT EXISTS ${installed} (digest VARCHAR)`);
  if ((await rowsOf(connection, `SELECT 1 FROM ${installed} WHERE digest = ?`, [digest])).length > 0) return;
  await connection.run("BEGIN");
  try {
    for (const statement of statements) await connection.run(statement);
    await connection.run(`DELETE FROM ${installed}`);
    await connection.run(`INSERT INTO ${installed} VALUES (?)`, [digest]);
    await connection.run("COMMIT");
  } catch (error) {
    await connection.run("ROLLBACK").catch(() => undefined);
    throw error;
  }
}
