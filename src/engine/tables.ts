import { newId } from "../base/ids.ts";
import type { ColumnSelection, TableExtraction, Task } from "../model/definitions.ts";
import { UserError } from "../model/errors.ts";
import type { DefinitionStore } from "../model/state-store.ts";
import { tableOf } from "./belonging.ts";

/** What can be said about a table of an extraction; absent fields stay, or take their default. */
export interface TableDraft {
  tableName?: string;
  schemaName?: string;
  /** "" takes a target name away. */
  targetTableName?: string;
  filter?: string;
  deltaFilter?: string;
  columns?: ColumnSelection[];
  useManualPrimaryKeys?: boolean;
  disabled?: boolean;
  extra?: Record<string, unknown>;
}

/** The rules of the tables of extraction tasks. All or nothing; UserError otherwise. */
export class ExtractionTables {
  readonly #store: DefinitionStore;

  constructor(store: DefinitionStore) {
    this.#store = store;
  }

  async add(extraction: Task, drafts: TableDraft[]): Promise<TableExtraction[]> {
    const there = await this.#store.tables(extraction.id);
    const last = Math.max(0, ...there.map((table) => table.position));
    const added = drafts.map((draft, index) => {
      const blank: TableExtraction = {
        id: newId(),
        taskId: extraction.id,
        jobId: extraction.jobId,
        tableName: "",
        schemaName: null,
        targetTableName: null,
        filter: null,
        deltaFilter: null,
        columns: [],
        useManualPrimaryKeys: false,
        disabled: false,
        position: last + index + 1,
        extra: {},
      };
      return checkedTable(drawn(blank, draft));
    });
    checkTargets([...there, ...added]);
    await this.#store.insertTables(added);
    return added;
  }

  async change(extraction: Task, drafts: (TableDraft & { id: string })[]): Promise<TableExtraction[]> {
    const changed: TableExtraction[] = [];
    for (const draft of drafts) {
      if (changed.some((table) => table.id === draft.id)) {
        throw new UserError("invalid", "The same table is named twice.", {
          operation: "change the tables",
          attribute: "id",
        });
      }
      changed.push(checkedTable(drawn(await tableOf(this.#store, extraction, draft.id), draft)));
    }
    const byId = new Map(changed.map((table) => [table.id, table]));
    const there = await this.#store.tables(extraction.id);
    checkTargets(there.map((table) => byId.get(table.id) ?? table));
    await this.#store.updateTables(changed);
    return changed;
  }

  async remove(table: TableExtraction): Promise<void> {
    await this.#store.deleteTable(table.id);
  }
}

function drawn(table: TableExtraction, draft: TableDraft): TableExtraction {
  return {
    ...table,
    tableName: draft.tableName ?? table.tableName,
    schemaName: orNull(draft.schemaName ?? table.schemaName),
    targetTableName: orNull(draft.targetTableName ?? table.targetTableName),
    filter: orNull(draft.filter ?? table.filter),
    deltaFilter: orNull(draft.deltaFilter ?? table.deltaFilter),
    columns: draft.columns ?? table.columns,
    useManualPrimaryKeys: draft.useManualPrimaryKeys ?? table.useManualPrimaryKeys,
    disabled: draft.disabled ?? table.disabled,
    extra: { ...table.extra, ...draft.extra },
  };
}

function orNull(text: string | null): string | null {
  return text === "" ? null : text;
}

/** Types a column may be given in the pool; the text reaches SQL, so nothing else does. */
const poolType =
  /^(BOOLEAN|SMALLINT|INTEGER|BIGINT|HUGEINT|REAL|FLOAT|DOUBLE|VARCHAR|BLOB|DATE|TIMESTAMP|TIMESTAMPTZ|TIMESTAMP WITH TIME ZONE|DECIMAL ?\( ?([1-9]|[12]\d|3[0-8]) ?, ?(\d|[12]\d|3[0-8]) ?\))$/i;

/** About two years in minutes, and no date that a source could not count back to. */
const mostOffset = 1_000_000;

function checkedTable(table: TableExtraction): TableExtraction {
  const operation = "define the table";
  if (table.tableName === "") {
    throw new UserError("invalid", "A table needs the name it has at the source.", {
      operation,
      attribute: "tableName",
    });
  }
  const { tableName, schemaName, targetTableName } = table;
  for (const [attribute, name] of Object.entries({ tableName, schemaName, targetTableName })) {
    if (name !== null && name.length > 255) {
      throw new UserError("invalid", "A name of a table is at most 255 characters.", {
        operation,
        attribute,
      });
    }
  }
  const { changeDateOffset = 0 } = table.extra;
  if (typeof changeDateOffset === "number" && (changeDateOffset < 0 || changeDateOffset > mostOffset)) {
    throw new UserError(
      "invalid",
      `The offset of a change date is 0 to ${String(mostOffset)}: a look back.`,
      {
        operation,
        place: table.tableName,
        attribute: "changeDateOffset",
      },
    );
  }
  const seen = new Set<string>();
  for (const column of table.columns) {
    const place = `${table.tableName}.${column.columnName}`;
    if (seen.has(column.columnName)) {
      throw new UserError("invalid", "The column is selected twice.", {
        operation,
        place,
        attribute: "columns",
      });
    }
    seen.add(column.columnName);
    if (column.preferredType !== null && !poolType.test(column.preferredType)) {
      throw new UserError("invalid", "The preferredType is not a type of the pool.", {
        operation,
        place,
        attribute: "columns",
        next: "Write it like DECIMAL(38,6), DOUBLE, BIGINT, VARCHAR, DATE or TIMESTAMP.",
      });
    }
  }
  return table;
}

/** Two tables of one extraction are swapped in together: both under one name would lose one of them. */
function checkTargets(tables: TableExtraction[]): void {
  const seen = new Set<string>();
  for (const table of tables) {
    const target = table.targetTableName ?? table.tableName;
    if (seen.has(target.toLowerCase())) {
      throw new UserError("conflict", "Two tables of one extraction would have the same name in the pool.", {
        operation: "define the tables",
        place: target,
        attribute: "targetTableName",
        next: "Give one of them another targetTableName.",
      });
    }
    seen.add(target.toLowerCase());
  }
}
