import { listings } from "./catalog.ts";
import { mentionsOwnName } from "./names.ts";
import type { Token } from "./tokens.ts";
import { functionNames } from "./vertica-functions.ts";

/** Why a statement may not run, and the token that shows it. */
export interface Refusal {
  token: Token;
  reason: string;
}

/** First words of statements that may run. Everything else is refused: new DuckDB versions bring new words. */
const allowed = new Set(
  "select with from values table insert update delete merge truncate create drop alter comment analyze describe desc summarize show explain pivot unpivot".split(
    " ",
  ),
);
const creatable = new Set(["table", "view", "index", "macro", "function", "sequence", "type"]);
const createModifiers = new Set([
  "or",
  "replace",
  "temp",
  "temporary",
  "local",
  "global",
  "unique",
  "recursive",
]);
const alterable = new Set(["table", "view", "sequence"]);

const oneTransaction = "the whole script is one transaction, which the pool begins and commits";
const fixedSettings = "settings and the search path are the pool's";
const noFiles = "the pool reads and writes no files, other databases or networks";
const reasons: Readonly<Record<string, string>> = {
  begin: oneTransaction,
  start: oneTransaction,
  commit: oneTransaction,
  end: oneTransaction,
  rollback: oneTransaction,
  abort: oneTransaction,
  savepoint: oneTransaction,
  use: fixedSettings,
  set: fixedSettings,
  reset: fixedSettings,
  pragma: fixedSettings,
  attach: noFiles,
  detach: noFiles,
  copy: noFiles,
  export: noFiles,
  import: noFiles,
  install: noFiles,
  load: noFiles,
};

/**
 * Functions that read files, run SQL out of a text, or reach the store itself. External access is off, so
 * most would fail anyway; but `enable_logging` to a file, for one, breaks the whole store when it is refused.
 */
const forbiddenFunction =
  /^(read_\w+|\w+_scan|arrow_scan_dumb|parquet_\w+|glob|sniff_csv|query|query_table|json_execute_serialized_sql|sql_auto_complete|(enable|disable|verify)_\w+|checkpoint|force_checkpoint|truncate_duckdb_logs|write_log|current_setting|getenv|which_secret|add_parquet_key|import_database|copy_database|set_config)$/;
/**
 * Functions and views that describe the server or list what is ours, also named by a text: FROM 'pg_class' reads
 * it. `information_schema` describes the pool, see catalog.ts.
 */
const forbiddenName =
  /^((duckdb|pragma)_\w+|sqlite_(temp_)?(master|schema)|pg_catalog|pg_(am|attrdef|attribute|class|collation|constraint|database|depend|description|enum|index|indexes|namespace|prepared_statements|proc|sequence|sequences|settings|tables|tablespace|type|views))$/;
const seeTables = "SELECT from information_schema.tables, or GET /integration/api/pools/{poolId}/tables";

/** The reason against a statement, or null. Looks at words only; DuckDB parses it later and has the last word. */
export function refusal(tokens: Token[]): Refusal | null {
  return refusedName(tokens) ?? refusedListing(tokens) ?? refusedVerb(tokens);
}

function refusedListing(tokens: Token[]): Refusal | null {
  for (const {
    tokens: [token, object, next],
    lists,
  } of listings(tokens)) {
    if (token === undefined || object === undefined || lists !== null) continue;
    const special =
      /^(databases|schemas|variables|all)$/.test(object.value.toLowerCase()) ||
      (object.value.toLowerCase() === "tables" && next?.value === "from");
    if (token.value === "show" || special) {
      const spelled = `${token.value} ${special ? object.value : ""}`.trim().toUpperCase();
      return {
        token,
        reason: `${spelled} is refused, except SHOW TABLES and SHOW ALL TABLES; or ${seeTables}`,
      };
    }
  }
  return null;
}

function refusedName(tokens: Token[]): Refusal | null {
  for (const [index, token] of tokens.entries()) {
    if (token.kind === "number" || token.kind === "punctuation") continue;
    if (mentionsOwnName(token.value))
      return { token, reason: `names of the pool's own (${token.value}) are reserved` };
    const name = token.value.toLowerCase();
    const called = token.kind !== "string" && tokens[index + 1]?.value === "(" && !isNamed(tokens, index);
    if (forbiddenName.test(name) || (called && forbiddenFunction.test(name))) {
      return {
        token,
        reason: `${name} is refused: it reaches files, settings or other things outside the pool's tables; for a list of tables ${seeTables}`,
      };
    }
  }
  return null;
}

/** `INSERT INTO query (a)` and `CREATE TABLE query (a INT)` name a table, they call nothing. */
function isNamed(tokens: Token[], index: number): boolean {
  const before = tokens[index - 1]?.value;
  return before === "into" || (tokens[0]?.value === "create" && (before === "table" || before === "exists"));
}

function refusedVerb(tokens: Token[]): Refusal | null {
  const words = [...tokens];
  while (words[0]?.value === "(" && words.length > 1) words.shift();
  const [verb, ...rest] = words;
  if (verb === undefined) return null;
  const name = verb.kind === "word" ? verb.value : null;
  if (name === null || !allowed.has(name)) {
    const spelled = name === null ? "a statement that begins like this" : name.toUpperCase();
    const reason =
      (name === null ? undefined : reasons[name]) ?? "it is not one of the statements that a pool runs";
    return { token: verb, reason: `${spelled} is refused: ${reason}` };
  }
  switch (name) {
    case "explain":
      return refusedExplain(rest);
    case "create":
      return refusedObject(verb, rest, createModifiers, creatable);
    case "drop":
      return refusedObject(verb, rest, new Set(), creatable) ?? refusedDrop(verb, rest);
    case "update":
      return refusedUpdate(verb, rest);
    case "alter":
      return refusedObject(verb, rest, new Set(), alterable);
    default:
      return null;
  }
}

/** EXPLAIN ANALYZE runs what it explains, so the same rules hold for that. */
function refusedExplain(rest: Token[]): Refusal | null {
  const tokens = [...rest];
  while (tokens[0]?.value === "analyze" || tokens[0]?.value === "verbose") tokens.shift();
  if (tokens[0]?.value === "(" && /^(analyze|verbose|format)$/.test(tokens[1]?.value ?? "")) {
    tokens.splice(0, tokens.findIndex(({ value }) => value === ")") + 1);
  }
  return refusedVerb(tokens);
}

function refusedDrop(verb: Token, rest: Token[]): Refusal | null {
  const name = rest.find(
    ({ kind, value }, index) => index > 0 && !(kind === "word" && /^(if|exists)$/.test(value)),
  );
  const ours =
    /^(macro|function)$/.test(rest[0]?.value ?? "") && functionNames.has(name?.value.toLowerCase() ?? "");
  if (!ours || rest.some(({ kind, value }) => kind === "punctuation" && value === ".")) return null;
  return {
    token: verb,
    reason: `DROP of ${String(name?.value)} is refused: name the schema of your own, the pool's stays`,
  };
}

/** UPDATE EXTENSIONS, not an update of a table of that name. */
function refusedUpdate(verb: Token, [table, next]: Token[]): Refusal | null {
  if (table?.value !== "extensions" || (next !== undefined && next.value !== "(")) return null;
  return { token: verb, reason: `UPDATE EXTENSIONS is refused: ${noFiles}` };
}

function refusedObject(
  verb: Token,
  rest: Token[],
  modifiers: Set<string>,
  kinds: Set<string>,
): Refusal | null {
  const object = rest.find(({ kind, value }) => kind !== "word" || !modifiers.has(value));
  if (object?.kind === "word" && kinds.has(object.value)) return null;
  const spelled = `${verb.value} ${object?.value ?? ""}`.trim().toUpperCase();
  return {
    token: verb,
    reason: `${spelled} is refused: a script works on tables, views, indexes, sequences, types and macros`,
  };
}
