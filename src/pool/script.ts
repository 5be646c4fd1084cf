import { StatementType, type DuckDBConnection, type DuckDBPreparedStatement } from "@duckdb/node-api";
import { UserError } from "../model/errors.ts";
import { interruptible } from "./connections.ts";
import { isStoreFault, readFault, storeError } from "./duckdb-error.ts";
import { catalogSchema, functionSchema, mentionsOwnName } from "./names.ts";
import { identifier, literal } from "./quote.ts";
import { readScript, scriptError, type Statement } from "./statements.ts";

/** What DuckDB may find a statement to be: a second look, after the rules on its words. */
const runnable = new Set<StatementType>([
  StatementType.SELECT,
  StatementType.INSERT,
  StatementType.UPDATE,
  StatementType.DELETE,
  StatementType.MERGE_INTO,
  StatementType.CREATE,
  StatementType.CREATE_FUNC,
  StatementType.ALTER,
  StatementType.DROP,
  StatementType.EXPLAIN,
  // ANALYZE; VACUUM, which is the same to DuckDB, is refused by its word.
  StatementType.VACUUM,
  StatementType.ANALYZE,
]);

/**
 * The statements of a script, every one checked and parsed; nothing has run.
 * @throws UserError naming statement number and position.
 */
export async function parseScript(connection: DuckDBConnection, script: string): Promise<Statement[]> {
  const statements = readScript(script);
  for (const statement of statements) {
    const count = await explained(script, statement, null, () =>
      countStatements(connection, statement.rewritten.sql),
    );
    if (count !== 1) {
      throw scriptError(
        script,
        statement.number,
        statement.start,
        "it stands for several statements; PIVOT needs its values listed: IN (...)",
      );
    }
  }
  return statements;
}

async function countStatements(connection: DuckDBConnection, sql: string): Promise<number> {
  const extracted = await connection.extractStatements(sql);
  return extracted.count;
}

/** Opens the transaction of a script; unqualified names are looked up along the path, our functions last. */
export async function beginScript(connection: DuckDBConnection, searchPath: string[]): Promise<void> {
  const path = [...new Set(searchPath), functionSchema].map(identifier).join(",");
  await connection.run(`SET search_path = ${literal(path)}`);
  await connection.run("BEGIN");
}

/**
 * Prepares a statement of the script and hands it to `use`; both are interrupted when `signal` aborts.
 * @throws UserError naming statement number and position; the signal's reason after an abort.
 */
export async function withPrepared<T>(
  connection: DuckDBConnection,
  script: string,
  statement: Statement,
  use: (prepared: DuckDBPreparedStatement) => Promise<T>,
  { signal }: { signal: AbortSignal },
): Promise<T> {
  return explained(script, statement, signal, () =>
    interruptible(
      connection,
      async () => {
        const prepared = await connection.prepare(statement.rewritten.sql);
        try {
          if (!runnable.has(prepared.statementType)) {
            throw scriptError(
              script,
              statement.number,
              statement.start,
              "it is not one of the statements that a pool runs",
            );
          }
          if (prepared.parameterCount > 0) {
            throw scriptError(
              script,
              statement.number,
              statement.start,
              "it has a parameter, and a script is given none",
            );
          }
          // An abort during the preparation may have interrupted nothing.
          signal.throwIfAborted();
          return await use(prepared);
        } finally {
          prepared.destroySync();
        }
      },
      { signal },
    ),
  );
}

/** Turns what DuckDB says of a statement into the words of the script; our own errors and a stop's reason pass. */
async function explained<T>(
  script: string,
  statement: Statement,
  signal: AbortSignal | null,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError || (signal?.aborted === true && error === signal.reason)) throw error;
    const fault = readFault(error);
    if (isStoreFault(fault)) throw storeError(`statement ${String(statement.number)}`, error);
    throw scriptError(script, statement.number, offsetOf(statement, fault), withoutOwnNames(fault.message));
  }
}

/** DuckDB proposes names that are alike, ours among them. */
function withoutOwnNames(message: string): string {
  const said = message.replaceAll(catalogSchema, "information_schema");
  if (!mentionsOwnName(said)) return said;
  return said.replace(/\s*(Did you mean|Candidate (tables|functions|bindings))\b.*$/su, "").trimEnd();
}

/** Where in the script DuckDB saw the error; the statement's start if it does not say. */
function offsetOf(
  { start, rewritten }: Statement,
  { type, position }: { type: string; position: number | null },
): number {
  // A position behind the end lies in the text of a macro, which is not the author's.
  if (position === null || position > Buffer.byteLength(rewritten.sql)) return start;
  const inSql =
    type === "Parser"
      ? Array.from(rewritten.sql).slice(0, position).join("").length
      : Buffer.from(rewritten.sql).subarray(0, position).toString().length;
  return start + rewritten.original(inSql);
}
