import { errorLine, isNightdeskError } from "../model/errors.ts";
import type { LogLevel } from "../model/execution.ts";

/** A log message in the contract's words: text, code of ExecutionMessageCode, and its parameters. */
export interface Message {
  level: LogLevel;
  text: string;
  code: string | null;
  parameters?: Record<string, string>;
}

const count = (n: number): string => n.toLocaleString("en-US");

/** A failure under the code that clients know for its cause, where the error has one. */
export function withCodeOf(error: unknown, message: Message): Message {
  return isNightdeskError(error) && error.code !== undefined ? { ...message, code: error.code } : message;
}

/** Why a table failed; what clients know by a code in the very words they know. */
export function tableFailure(table: string, error: unknown): Message {
  return isNightdeskError(error) && error.code !== undefined
    ? { level: "ERROR", text: error.message, code: error.code }
    : messages.tableFailed(table, errorLine(error));
}

/** Texts as clients of the platform know them. */
export const messages = {
  extractionStarts: (name: string): Message => ({
    level: "INFO",
    text: `Starting execution of extraction: ${name}`,
    code: "STARTING_EXECUTION_OF_EXTRACTION",
    parameters: { extractionName: name },
  }),
  transformationStarts: (name: string): Message => ({
    level: "INFO",
    text: `Starting execution of transformation: ${name}`,
    code: null,
  }),
  tableStarts: (table: string): Message => ({
    level: "INFO",
    text: `Starting extraction for resource: ${table}`,
    code: "STARTING_EXTRACTION_FOR_RESOURCE",
    parameters: { resource: table },
  }),
  deltaWithoutFilter: (table: string): Message => ({
    level: "WARNING",
    text: `Delta load of table ${table} has no delta filter: a full load is done instead`,
    code: "DELTA_LOAD_HAS_NO_FILTER",
    parameters: { tableName: table },
  }),
  noMark: (table: string, column: string): Message => ({
    level: "WARNING",
    text: `Delta load of table ${table} has no change date of ${column} to go on from: a full load is done instead`,
    code: "DELTA_LOAD_HAS_NO_FILTER",
    parameters: { tableName: table },
  }),
  merged: (target: string, key: readonly string[]): Message => ({
    level: "INFO",
    text: `Changes are merged into table ${target} by primary key (${key.join(", ")})`,
    code: null,
  }),
  appended: (target: string): Message => ({
    level: "WARNING",
    text: `Table ${target} has no primary key among its columns: rows are appended, and what was loaded before stays beside its changes`,
    code: null,
  }),
  columnsLeftOut: (table: string, columns: readonly string[]): Message => ({
    level: "WARNING",
    text: `New columns of table ${table} are left out until its next full load: ${columns.join(", ")}`,
    code: "METADATA_CHANGED_FOR_TABLE",
    parameters: { tableName: table },
  }),
  /** On one line, as clients show it; the filter in it stands as written in a line of its own. */
  query: (sql: string): Message => ({
    level: "INFO",
    text: `Executing query: ${sql.replace(/\s*[\r\n]+\s*/g, " ")}`,
    code: null,
  }),
  filter: (filter: string): Message => ({ level: "INFO", text: `Setting filter to: ${filter}`, code: null }),
  targetName: (target: string): Message => ({
    level: "INFO",
    text: `Using target table name: ${target}`,
    code: "USING_TARGET_TABLE_NAME",
    parameters: { targetTableName: target },
  }),
  progress: (table: string, rows: number, total: number): Message => ({
    level: "INFO",
    text: `Loading ${count(rows)} records for table ${table}. Total extracted records ${count(total)}`,
    code: "LOADING_TABLE",
    parameters: { tableName: table, records: String(rows), total: String(total) },
  }),
  tableRead: (table: string, rows: number): Message => ({
    level: "INFO",
    text: `Total ${count(rows)} records loaded for table ${table}`,
    code: "FINAL_COUNT_FOR_TABLE",
    parameters: { tableName: table, records: String(rows) },
  }),
  noRecords: (table: string): Message => ({
    level: "INFO",
    text: `No records found for table ${table}`,
    code: "NO_RECORDS_FOUND_FOR_TABLE",
    parameters: { tableName: table },
  }),
  swapping: (): Message => ({
    level: "INFO",
    text: "Inserting extracted data into the Data Pool (this may take a while)",
    code: "WAITING_FOR_SUCCESS_STATE",
  }),
  tableLoaded: (table: string): Message => ({
    level: "INFO",
    text: `Table ${table} loaded`,
    code: "TABLE_SUCCESSFULLY_EXTRACTED",
    parameters: { tableName: table },
  }),
  extractionDone: (): Message => ({
    level: "INFO",
    text: "Extraction successful",
    code: "EXTRACTION_SUCCESSFUL",
  }),
  transformationDone: (): Message => ({ level: "INFO", text: "Transformation successful", code: null }),
  noTables: (): Message => ({
    level: "WARNING",
    text: "The extraction has no enabled table and is skipped",
    code: "NO_TABLE_IN_EXTRACTION",
  }),
  modelLoadSkipped: (name: string): Message => ({
    level: "WARNING",
    text: `Data model load ${name} is skipped: this server does not load data models yet`,
    code: null,
  }),
  statement: (number: number, of: number, sql: string): Message => ({
    level: "INFO",
    text: `Executing statement ${String(number)} of ${String(of)}: ${sql}`,
    code: null,
  }),
  tableFailed: (table: string, why: string): Message => ({
    level: "ERROR",
    text: `Extraction of table ${table} failed: ${why}`,
    code: "ERROR_WHILE_EXTRACTING_TABLE",
    parameters: { tableName: table },
  }),
  extractionFailed: (why: string): Message => ({
    level: "ERROR",
    text: `Extraction failed: ${why}`,
    code: "EXTRACTION_FAILED_WITH_EXCEPTION",
    parameters: { exception: why },
  }),
  transformationFailed: (why: string): Message => ({
    level: "ERROR",
    text: `Transformation failed: ${why}`,
    code: null,
  }),
  canceling: (name: string): Message => ({
    level: "INFO",
    text: `Canceling extraction: ${name}`,
    code: "CANCELING_EXTRACTION_WITH_NAME",
    parameters: { extractionName: name },
  }),
} as const;
