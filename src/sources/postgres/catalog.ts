import type { TableExtraction } from "../../model/definitions.ts";
import { FatalSourceError, isNightdeskError } from "../../model/errors.ts";
import type { ChangeRange, TableRead } from "../../model/source.ts";
import { boundsOf } from "./change-range.ts";
import type { Link } from "./connect.ts";
import { placeOf, statementError } from "./errors.ts";
import { filterFault } from "./filter.ts";
import { quoteTable } from "./quote.ts";
import { readTypeOf, type ReadType } from "./types.ts";

interface Relation {
  oid: number;
  schema: string;
  name: string;
  kind: string;
  /** pg_class.reltuples; below 0 if never counted. */
  rows: number;
}

interface SourceColumn {
  name: string;
  typeName: string | null;
  modifier: number;
}

/** A column that is read, under the name the user gave it. */
interface ChosenColumn extends ReadType {
  sourceName: string;
  name: string;
}

const operation = "describe a table of the source";

/**
 * Looks a table up in the catalog and makes the query that reads it, checked by the server. With `range` the
 * link must be in a snapshot.
 */
export async function describeTable(
  link: Link,
  table: TableExtraction,
  range: ChangeRange | null = null,
): Promise<TableRead> {
  const wanted = table.schemaName === null ? table.tableName : `${table.schemaName}.${table.tableName}`;
  try {
    const relation = await findRelation(link, table);
    const label = `${relation.schema}.${relation.name}`;
    const columns = await columnsOf(link, relation.oid);
    const chosen = chooseColumns(link, table, label, columns);
    const filter = table.filter === null || table.filter.trim() === "" ? null : table.filter;
    const fault = filter === null ? null : filterFault(filter);
    if (fault !== null) throw fatal(link, `${label}: ${fault}`, "correct the filter of the table");
    await check(link, label, selectOf(relation, chosen, filter, null));
    const changes =
      range === null
        ? null
        : await boundsOf(
            link,
            {
              label,
              from: quoteTable(relation.schema, relation.name),
              filter,
              column: dateColumn(link, label, columns, range.column),
            },
            range,
          );
    const select = selectOf(relation, chosen, filter, changes?.condition ?? null);
    return {
      label,
      columns: chosen.map(({ name, type }) => ({ name, type })),
      primaryKey: await primaryKeyOf(link, relation.oid, table, chosen),
      query: select,
      estimatedRows: await estimateOf(link, relation),
      changes,
    };
  } catch (error) {
    if (isNightdeskError(error)) throw error;
    throw statementError(error, link.access, {
      operation,
      subject: wanted,
      next: "check what the user of the connection may read",
    });
  }
}

const findExact = "c.relname = $1 and ($2::text is null or n.nspname = $2)";
const findAnyCase = "lower(c.relname) = lower($1) and ($2::text is null or lower(n.nspname) = lower($2))";

/** The table of exactly this name, or else the only one whose name differs in case alone. */
async function findRelation(link: Link, { tableName, schemaName }: TableExtraction): Promise<Relation> {
  for (const condition of [findExact, findAnyCase]) {
    const found = await link.rows<Relation>(
      `select c.oid::int8::float8 as oid, n.nspname::text as schema, c.relname::text as name,
              c.relkind::text as kind, c.reltuples::float8 as rows
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${condition}
          and ($2::text is not null or pg_table_is_visible(c.oid))
        order by 2, 3 limit 10`,
      [tableName, schemaName],
    );
    if (found.length > 1) {
      const names = found.map(({ schema, name }) => quoteTable(schema, name)).join(", ");
      throw fatal(
        link,
        `"${tableName}" may mean ${names}`,
        "write schema and table exactly as the source does",
      );
    }
    const [relation] = found;
    if (relation !== undefined) return relation;
  }
  const where = schemaName === null ? "on the search path of the connection" : `in schema "${schemaName}"`;
  throw fatal(
    link,
    `there is no table "${tableName}" ${where}`,
    "correct schema and table, or search the tables",
  );
}

async function columnsOf(link: Link, oid: number): Promise<SourceColumn[]> {
  return await link.rows<SourceColumn>(
    `with recursive steps as (
       select attnum, attname, atttypid as typid, atttypmod as modifier
         from pg_attribute where attrelid = $1::int8::oid and attnum > 0 and not attisdropped
       union all
       select s.attnum, s.attname, t.typbasetype, case when t.typtypmod >= 0 then t.typtypmod else s.modifier end
         from steps s join pg_type t on t.oid = s.typid where t.typtype = 'd'
     )
     select s.attname::text as name, s.modifier as modifier,
            case when n.nspname = 'pg_catalog' then t.typname::text end as "typeName"
       from steps s join pg_type t on t.oid = s.typid join pg_namespace n on n.oid = t.typnamespace
      where t.typtype <> 'd' order by s.attnum`,
    [oid],
  );
}

/** In the order of the source; a selected column must be there. */
function chooseColumns(
  link: Link,
  table: TableExtraction,
  label: string,
  columns: SourceColumn[],
): ChosenColumn[] {
  if (columns.length === 0) {
    throw fatal(link, `${label} has no columns`, "take the table out of the extraction");
  }
  if (table.columns.length === 0) {
    return columns.map((column) => ({
      ...readTypeOf(column.name, { ...column, preferred: null }),
      sourceName: column.name,
      name: column.name,
    }));
  }
  const selections = new Map<string, { name: string; preferred: string | null }>();
  for (const { columnName, preferredType } of table.columns) {
    const sourceName = findColumn(columns, columnName);
    if (sourceName === null) {
      throw fatal(link, `table ${label} has no column "${columnName}"`, "correct the selection of columns");
    }
    selections.set(sourceName, { name: columnName, preferred: preferredType });
  }
  return columns.flatMap((column) => {
    const selection = selections.get(column.name);
    if (selection === undefined) return [];
    const { name, preferred } = selection;
    return [{ ...readTypeOf(column.name, { ...column, preferred }), sourceName: column.name, name }];
  });
}

function findColumn(columns: SourceColumn[], wanted: string): string | null {
  if (columns.some(({ name }) => name === wanted)) return wanted;
  const alike = columns.filter(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  return alike.length === 1 ? (alike[0]?.name ?? null) : null;
}

function dateColumn(link: Link, label: string, columns: SourceColumn[], wanted: string): SourceColumn {
  const name = findColumn(columns, wanted);
  const found = columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  throw fatal(link, `table ${label} has no column "${wanted}"`, "correct the change date column");
}

function selectOf(
  { schema, name }: Relation,
  chosen: ChosenColumn[],
  filter: string | null,
  condition: string | null,
): string {
  const list = chosen.map(({ expression }) => expression).join(", ");
  // On lines of its own: a comment at the end of the filter ends with its line.
  const where = [...(filter === null ? [] : [`(\n${filter}\n)`]), ...(condition === null ? [] : [condition])];
  return `SELECT ${list} FROM ${quoteTable(schema, name)}${where.length === 0 ? "" : ` WHERE ${where.join(" AND ")}`}`;
}

/**
 * Lets the server judge the SELECT on its own, as the one statement the extended protocol takes.
 */
async function check(link: Link, label: string, select: string): Promise<void> {
  try {
    await link.rows(`${select} LIMIT 0`);
  } catch (error) {
    throw statementError(error, link.access, {
      operation,
      subject: label,
      next: "correct the filter of the table, or grant SELECT on it",
    });
  }
}

async function primaryKeyOf(
  link: Link,
  oid: number,
  table: TableExtraction,
  chosen: ChosenColumn[],
): Promise<string[]> {
  const nameOf = new Map(chosen.map(({ sourceName, name }) => [sourceName, name]));
  if (table.useManualPrimaryKeys) {
    return table.columns.filter(({ primaryKey }) => primaryKey).map(({ columnName }) => columnName);
  }
  const key = await link.rows<{ name: string }>(
    `select a.attname::text as name
       from pg_index i cross join unnest(i.indkey) with ordinality as k(attnum, place)
       join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
      where i.indrelid = $1::int8::oid and i.indisprimary and k.place <= i.indnkeyatts order by k.place`,
    [oid],
  );
  // A part of a key identifies nothing.
  if (!key.every(({ name }) => nameOf.has(name))) return [];
  return key.map(({ name }) => nameOf.get(name) ?? name);
}

async function estimateOf(link: Link, { oid, kind, rows }: Relation): Promise<number | null> {
  if (kind === "v") return null;
  if (rows >= 0 || kind !== "p") return rows >= 0 ? Math.round(rows) : null;
  const [parts] = await link.rows<{ rows: number | null }>(
    `select case when min(c.reltuples) >= 0 then sum(c.reltuples)::float8 end as rows
       from pg_partition_tree($1::int8::oid::regclass) t join pg_class c on c.oid = t.relid where t.isleaf`,
    [oid],
  );
  return parts?.rows ?? null;
}

function fatal(link: Link, message: string, next: string): FatalSourceError {
  return new FatalSourceError(message, { operation, place: placeOf(link.access), next });
}
