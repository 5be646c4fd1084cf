/**
 * What a script may see of the catalog: the views of `information_schema` and the lists of tables, without
 * what is the store's own. A script's `information_schema` becomes a schema of ours whose views have the same
 * names and columns; SHOW TABLES and its kin become queries on them. Every other view of the catalog is
 * refused by rules.ts.
 */
import type { Edit } from "./edits.ts";
import { catalogSchema, ownSchemaPrefix, stagingPrefix } from "./names.ts";
import { literal } from "./quote.ts";
import type { Token } from "./tokens.ts";

const users = (schema: string, table?: string): string =>
  [
    `NOT starts_with(${schema}, ${literal(ownSchemaPrefix)})`,
    ...(table === undefined ? [] : [`NOT starts_with(lower(${table}), ${literal(stagingPrefix)})`]),
  ].join(" AND ");

const views: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["tables", "columns", "views", "table_constraints", "key_column_usage"].map((view) => [
      view,
      `FROM information_schema.${view} WHERE ${users("table_schema", "table_name")}`,
    ]),
  ),
  schemata: `FROM information_schema.schemata WHERE ${users("schema_name")}`,
};

/** Makes the views, each in place of one of its name. */
export const catalogStatements: readonly string[] = [
  `CREATE SCHEMA IF NOT EXISTS ${catalogSchema}`,
  ...Object.entries(views).map(
    ([name, query]) => `CREATE OR REPLACE VIEW ${catalogSchema}.${name} AS ${query}`,
  ),
];

/** As DuckDB answers SHOW TABLES. */
const onPath = `SELECT table_name AS name FROM ${catalogSchema}.tables
  WHERE in_search_path(table_catalog, table_schema) ORDER BY name`;
/** As DuckDB answers SHOW ALL TABLES. */
const everywhere = `SELECT t.table_catalog AS database, t.table_schema AS schema, t.table_name AS name,
    list(c.column_name ORDER BY c.ordinal_position) AS column_names,
    list(c.data_type ORDER BY c.ordinal_position) AS column_types, t.table_type = 'LOCAL TEMPORARY' AS temporary
  FROM ${catalogSchema}.tables t JOIN ${catalogSchema}.columns c USING (table_catalog, table_schema, table_name)
  WHERE t.table_schema NOT IN ('information_schema', 'pg_catalog') GROUP BY ALL ORDER BY database, schema, name`;

/** A place where a statement or a query in brackets lists or describes something. */
export interface Listing {
  /** Its words in the script. */
  tokens: Token[];
  /** What it lists: tables on the search path, or all; null: one table, or what a script may not see. */
  lists: "path" | "all" | null;
}

/** SHOW, DESCRIBE and SUMMARIZE are reserved words: bare, they are nothing but these statements. */
export function listings(tokens: Token[]): Listing[] {
  return tokens.flatMap((token, index) => {
    const before = tokens[index - 1];
    if (token.kind !== "word" || !/^(show|describe|desc|summarize)$/.test(token.value)) return [];
    if (before?.value === "." || before?.value === "as") return [];
    // DESC ends a term of ORDER BY everywhere but at the beginning of something.
    if (token.value === "desc" && !beginsSomething(tokens, index)) return [];
    const after = tokens.slice(index + 1);
    const end = after.findIndex(({ kind, value }) => kind === "punctuation" && value === ")");
    const object = end < 0 ? after : after.slice(0, end);
    const said = object.map(({ value }) => value.toLowerCase()).join(" ");
    const lists = said === "tables" ? "path" : /^(all( tables)?)?$/.test(said) ? "all" : null;
    return [{ tokens: [token, ...object], lists }];
  });
}

function beginsSomething(tokens: Token[], index: number): boolean {
  const before = tokens[index - 1];
  if (before === undefined || before.value === "(") return true;
  return tokens[0]?.value === "explain" && !tokens.slice(0, index).some(({ value }) => value === "order");
}

/** Leads a statement to the views of ours. */
export function catalogEdits(tokens: Token[]): Edit[] {
  const edits = listings(tokens).flatMap(({ tokens: [first, ...others], lists }) =>
    first === undefined || lists === null
      ? []
      : [
          {
            start: first.start,
            end: (others.at(-1) ?? first).end,
            text: lists === "path" ? onPath : everywhere,
          },
        ],
  );
  for (const [index, { kind, value, start, end }] of tokens.entries()) {
    const isName = kind === "word" || kind === "quoted";
    if (isName && value.toLowerCase() === "information_schema" && tokens[index + 1]?.value === ".") {
      edits.push({ start, end, text: catalogSchema });
    }
  }
  return edits;
}
