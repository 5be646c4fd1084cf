import { changeDateOf } from "../model/change-date.ts";
import type { TableExtraction } from "../model/definitions.ts";
import { UserError } from "../model/errors.ts";
import type { PlannedTask } from "../model/execution.ts";
import type { ChangeMark, MarkPlace, StagingTarget, TableLoad, TargetState } from "../model/pool-store.ts";
import type { SourceSession, TableRead } from "../model/source.ts";
import { messages } from "./log.ts";
import type { Record } from "./record.ts";
import type { Run } from "./run.ts";

/** How one table is read and how its rows come in. */
export interface ChosenLoad {
  read: TableRead;
  load: TableLoad;
}

/** What a choice needs: the table with its texts resolved, and where its rows will stand. */
export interface Choice {
  run: Run;
  task: PlannedTask;
  table: TableExtraction;
  session: SourceSession;
  record: Record;
  targetFor: (read: TableRead) => StagingTarget;
}

/**
 * Chooses between all rows and the changed ones. A delta load needs something that says what has changed, a
 * target that it can go on from, and columns as they were; the log tells which way it went and why.
 * @throws UserError COLUMNS_HAVE_CHANGED.
 */
export async function chooseLoad(choice: Choice): Promise<ChosenLoad> {
  const { run, table, session, record } = choice;
  const { signal } = run;
  const first = await session.describe(table, { signal });
  record.item.estimatedRows = first.estimatedRows;
  await record.log(messages.tableStarts(first.label));
  const target = table.targetTableName ?? table.tableName;
  if (target !== table.tableName) await record.log(messages.targetName(target));
  const changeDate = changeDateOf(table);
  const place: MarkPlace = {
    tableExtractionId: table.id,
    sourceTable: sourceTableOf(run, first),
    column: changeDate?.column ?? "",
  };
  const delta = run.plan.mode === "DELTA" ? await deltaOf(choice, first, place) : null;
  const rows = delta === null ? table : { ...delta.table, filter: bothOf(table.deltaFilter, table.filter) };
  if (given(rows.filter)) await record.log(messages.filter(rows.filter));
  let read = first;
  if (changeDate !== null) {
    const changes = { ...changeDate, mark: delta?.mark ?? null };
    read = await session.describe(rows, { signal, changes });
    if (read.changes?.condition != null) await record.log(messages.filter(read.changes.condition));
  } else if (delta !== null) {
    read = await session.describe(rows, { signal });
  }
  const value = read.changes?.mark ?? null;
  const mark: ChangeMark | null = value === null ? null : { ...place, value };
  if (delta === null || delta.state.kind === "absent") return { read, load: { how: "replace", mark } };
  const key = read.primaryKey;
  if (key.length > 0) {
    await record.log(messages.merged(target, key));
    return { read, load: { how: "merge", key, mark } };
  }
  await record.log(messages.appended(target));
  return { read, load: { how: "append", mark } };
}

/** With its database: what was read of a table says nothing about one of the same name elsewhere. */
function sourceTableOf({ plan: { dataSource } }: Run, { label }: TableRead): string {
  if (dataSource === null) return label;
  const { host, port, database } = dataSource.configuration;
  return `${host}:${String(port)}/${database}/${label}`;
}

interface Delta {
  state: TargetState;
  /** The table with the columns that may be read. */
  table: TableExtraction;
  mark: string | null;
}

/** null: all rows are to be read. */
async function deltaOf(
  { run, task, table, record, targetFor }: Choice,
  first: TableRead,
  place: MarkPlace,
): Promise<Delta | null> {
  const byDate = place.column !== "";
  if (!byDate && !given(table.deltaFilter)) {
    await record.log(messages.deltaWithoutFilter(table.tableName));
    return null;
  }
  const target = targetFor(first);
  const state = await run.store.compare(target);
  const mark =
    state.kind === "table" && byDate ? await run.store.changeMark(place, target.schema, target.table) : null;
  if (byDate && mark === null) {
    await record.log(messages.noMark(table.tableName, place.column));
    return null;
  }
  switch (state.kind) {
    case "absent":
      return { state, table, mark };
    case "view":
      throw new UserError("conflict", "a view stands in the place of the table", {
        operation: "load the changes",
        place: `table "${target.table}"`,
        next: "drop the view, or run a full load, which replaces it",
      });
    case "table":
      return { state, table: await withKnownColumns(task, table, record, first, state), mark };
  }
}

/** The table as far as the target knows its columns. */
async function withKnownColumns(
  { ignoreMetadataChanges = false }: PlannedTask,
  table: TableExtraction,
  record: Record,
  { columns, primaryKey }: TableRead,
  { added, removed, retyped }: TargetState & { kind: "table" },
): Promise<TableExtraction> {
  // What the extraction itself appends, or what tells rows apart, cannot be left out.
  const left = added.filter(
    (name) =>
      ignoreMetadataChanges && columns.some((column) => column.name === name) && !primaryKey.includes(name),
  );
  const changed = [
    ...added.filter((name) => !left.includes(name)),
    ...removed.map((name) => `${name} removed`),
    ...retyped.map(({ column, was, is }) => `${column} ${was} is ${is} now`),
  ];
  if (changed.length > 0) {
    throw new UserError(
      "invalid",
      `Columns: (${changed.join(", ")}) have changed. Table won't be delta loaded. Please perform a full load instead.`,
      { operation: "load the changes", place: `table "${table.tableName}"`, code: "COLUMNS_HAVE_CHANGED" },
    );
  }
  if (left.length > 0) await record.log(messages.columnsLeftOut(table.tableName, left));
  const selected = new Map(table.columns.map((column) => [column.columnName, column]));
  return {
    ...table,
    columns: columns
      .filter(({ name }) => !left.includes(name))
      .map(({ name }) => selected.get(name) ?? { columnName: name, primaryKey: false, preferredType: null }),
  };
}

function given(text: string | null): text is string {
  return text !== null && text.trim() !== "";
}

/** Each on lines of its own: a comment at its end ends with its line. */
function bothOf(one: string | null, other: string | null): string | null {
  if (!given(one)) return other;
  return given(other) ? `(\n${one}\n) AND (\n${other}\n)` : one;
}
