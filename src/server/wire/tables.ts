import { z } from "zod";
import {
  changeDateOffsetTypes,
  dataPushDeleteStrategies,
  dataPushUpsertStrategies,
  joinTypes,
  tableExtractionTypes,
  type ExtractionConfigurationValue,
  type ExtractionWithTablesTransport,
  type KeyValue,
  type TableExtractionTransport,
} from "../../contract/index.ts";
import type { TableDraft } from "../../engine/tables.ts";
import type { ExtractionConfiguration, TableExtraction } from "../../model/definitions.ts";
import { UserError } from "../../model/errors.ts";
import { givenId, id, numberOrText, text } from "./fields.ts";
import { taskShape } from "./jobs.ts";

const keyValue = z.strictObject({ key: z.string(), value: text });
const keyValueGiven = z.object({ key: z.string(), value: z.string().exactOptional() });

export const tableTransport: z.ZodType<TableExtractionTransport> = z.strictObject({
  id,
  taskId: id,
  jobId: id.nullable(),
  tableExecutionItemId: id.nullable(),
  tableName: text,
  targetTableName: text,
  renameTargetTable: z.boolean(),
  schemaName: text,
  filterDefinition: text,
  deltaFilterDefinition: text,
  useManualPKs: z.boolean(),
  disabled: z.boolean(),
  customizeColumnSelection: z.boolean(),
  columns: z.array(
    z.strictObject({
      columnName: z.string(),
      fromJoin: z.boolean(),
      anonymized: z.boolean(),
      primaryKey: z.boolean(),
      preferredType: text,
      dateFormat: text,
    }),
  ),
  selectedColumns: z.array(z.string()),
  creationDateColumn: text,
  creationDateValueStart: z.union([z.number(), z.string()]).nullable(),
  creationDateValueEnd: z.union([z.number(), z.string()]).nullable(),
  creationDateParameterStart: text,
  creationDateParameterEnd: text,
  creationDateValueToday: z.boolean(),
  endDateDisabled: z.boolean(),
  changeDateColumn: text,
  changeDateOffset: z.number(),
  changeDateOffsetType: z.enum(changeDateOffsetTypes),
  disableChangeLog: z.boolean(),
  tableExtractionType: z.enum(tableExtractionTypes),
  parent: z.boolean(),
  parentTable: text,
  dependsOn: text,
  joinType: z.enum(joinTypes),
  columnValueTable: text,
  columnValueColumn: text,
  columnValueTargetColumn: text,
  columnValuesAtATime: z.number(),
  dataPushDeleteStrategy: z.enum(dataPushDeleteStrategies),
  joins: z.array(z.unknown()),
  dependentTables: z.array(z.unknown()),
  connectorSpecificConfiguration: z.array(keyValue),
  calculatedColumns: z.array(z.unknown()),
  mirrorTableNames: z.array(z.string()),
});

export const extractionConfigurationValue: z.ZodType<ExtractionConfigurationValue> = z.strictObject({
  dataPushUpsertStrategy: z.enum(dataPushUpsertStrategies).nullable(),
  debugMode: z.boolean(),
  deleteJob: z.boolean(),
  connectorSpecificConfiguration: z.array(keyValue),
  ignoreMetadataChanges: z.boolean(),
});

const keptConfiguration = z.object({
  dataPushUpsertStrategy: z.enum(dataPushUpsertStrategies).exactOptional(),
  debugMode: z.boolean().exactOptional(),
  deleteJob: z.boolean().exactOptional(),
  connectorSpecificConfiguration: z.array(keyValueGiven).exactOptional(),
});
export const configurationGiven = keptConfiguration.extend({
  ignoreMetadataChanges: z.boolean().exactOptional(),
});

export function toConfigurationDraft(
  given: z.output<typeof configurationGiven>,
): Partial<ExtractionConfiguration> {
  const { ignoreMetadataChanges } = given;
  return {
    ...(ignoreMetadataChanges === undefined ? {} : { ignoreMetadataChanges }),
    extra: keptConfiguration.parse(given),
  };
}

export function toConfiguration({
  ignoreMetadataChanges,
  extra,
}: ExtractionConfiguration): ExtractionConfigurationValue {
  const { connectorSpecificConfiguration = [], ...kept } = keptConfiguration.parse(extra);
  return {
    dataPushUpsertStrategy: null,
    debugMode: false,
    deleteJob: false,
    ...kept,
    connectorSpecificConfiguration: connectorSpecificConfiguration.map(withValue),
    ignoreMetadataChanges,
  };
}

function withValue({ key, value }: z.output<typeof keyValueGiven>): KeyValue {
  return { key, value: value ?? null };
}

export const extractionTransport: z.ZodType<ExtractionWithTablesTransport> = taskShape.extend({
  extractionConfigurationValueTransport: extractionConfigurationValue.nullable(),
  extractionConfiguration: z.unknown(),
  tables: z.array(tableTransport),
  metadataTables: z.array(z.strictObject({ tableName: z.string(), columns: z.array(z.unknown()) })),
});

const listed = z.array(z.string());

/** Fields this server keeps and gives back. Of these it acts on the change date alone. */
const kept = z.object({
  customizeColumnSelection: z.boolean().exactOptional(),
  selectedColumns: listed.exactOptional(),
  creationDateValueToday: z.boolean().exactOptional(),
  endDateDisabled: z.boolean().exactOptional(),
  changeDateColumn: z.string().exactOptional(),
  changeDateOffset: numberOrText(z.number().int()).exactOptional(),
  changeDateOffsetType: z.enum(changeDateOffsetTypes).exactOptional(),
  disableChangeLog: z.boolean().exactOptional(),
  parent: z.boolean().exactOptional(),
  columnValuesAtATime: numberOrText(z.number().int()).exactOptional(),
  dataPushDeleteStrategy: z.enum(dataPushDeleteStrategies).exactOptional(),
  connectorSpecificConfiguration: z.array(keyValueGiven).exactOptional(),
  mirrorTableNames: listed.exactOptional(),
});

/** Fields that would change which rows or columns arrive: refused instead of silently ignored. */
const notYet = z.object({
  creationDateColumn: z.string().exactOptional(),
  creationDateValueStart: z.union([z.number(), z.string()]).exactOptional(),
  creationDateValueEnd: z.union([z.number(), z.string()]).exactOptional(),
  creationDateParameterStart: z.string().exactOptional(),
  creationDateParameterEnd: z.string().exactOptional(),
  tableExtractionType: z.enum(tableExtractionTypes).exactOptional(),
  parentTable: z.string().exactOptional(),
  dependsOn: z.string().exactOptional(),
  joinType: z.enum(joinTypes).exactOptional(),
  columnValueTable: z.string().exactOptional(),
  columnValueColumn: z.string().exactOptional(),
  columnValueTargetColumn: z.string().exactOptional(),
  joins: z.array(z.unknown()).exactOptional(),
  dependentTables: z.array(z.unknown()).exactOptional(),
  calculatedColumns: z.array(z.unknown()).exactOptional(),
});
/** What clients and exports send where nothing is meant. */
const harmless = new Set<unknown>([undefined, false, 0, "", "0", "false", "NONE", "PARENT_TABLE"]);
/** Keys of connectors that choose rows or add columns; the others say how to read, or what only some sources have. */
const choosingKeys = new Set([
  "MAX_EXTRACTED_RECORDS",
  "REMOVE_DUPLICATES_WITH_ORDER",
  "EXTRACT_DISPLAY_VALUES",
  "EXTRACT_DATA_OFFSET",
  "CHANGELOG_TABLE_NAME",
  "SOURCE_SYSTEM_JOIN_COLUMN",
  "CLIENT",
  "USER",
  "TRANSACTION",
  "PROGRAM",
  "TASK_TYPE",
]);

const known = z.object({
  id: givenId.exactOptional(),
  taskId: givenId.exactOptional(),
  jobId: givenId.exactOptional(),
  tableName: z.string().exactOptional(),
  targetTableName: z.string().exactOptional(),
  renameTargetTable: z.boolean().exactOptional(),
  schemaName: z.string().exactOptional(),
  filterDefinition: z.string().exactOptional(),
  deltaFilterDefinition: z.string().exactOptional(),
  useManualPKs: z.boolean().exactOptional(),
  disabled: z.boolean().exactOptional(),
  columns: z
    .array(
      z.object({
        columnName: z.string().min(1),
        primaryKey: z.boolean().default(false),
        fromJoin: z.boolean().default(false),
        anonymized: z.boolean().default(false),
        preferredType: z.string().exactOptional(),
      }),
    )
    .exactOptional(),
});

export const tablesGiven = z.array(known.extend(kept.shape).extend(notYet.shape)).min(1).max(1000);
export type TableGiven = z.output<typeof tablesGiven>[number];

/** @throws UserError "invalid" for what this server cannot do yet. */
export function toTableDraft(given: TableGiven): TableDraft {
  refuseNotYet(given);
  const { tableName, schemaName, useManualPKs, disabled, columns } = given;
  const extra = kept.parse(given);
  return {
    ...(tableName === undefined ? {} : { tableName }),
    ...(schemaName === undefined ? {} : { schemaName }),
    ...targetOf(given),
    ...(given.filterDefinition === undefined ? {} : { filter: given.filterDefinition }),
    ...(given.deltaFilterDefinition === undefined ? {} : { deltaFilter: given.deltaFilterDefinition }),
    ...(useManualPKs === undefined ? {} : { useManualPrimaryKeys: useManualPKs }),
    ...(disabled === undefined ? {} : { disabled }),
    ...(columns === undefined
      ? {}
      : {
          columns: columns.map(({ columnName, primaryKey, preferredType }) => ({
            columnName,
            primaryKey,
            preferredType: preferredType === undefined || preferredType === "" ? null : preferredType,
          })),
        }),
    extra,
  };
}

/** An explicit `renameTargetTable: false` counts more than a name that a client sends along. */
function targetOf(given: TableGiven): { targetTableName?: string } {
  if (given.renameTargetTable === false) return { targetTableName: "" };
  return given.targetTableName === undefined ? {} : { targetTableName: given.targetTableName };
}

function refuseNotYet(given: TableGiven): void {
  const asked = Object.entries(notYet.parse(given)).find(
    ([, value]) => !harmless.has(value) && !(Array.isArray(value) && value.length === 0),
  );
  const attribute = asked?.[0] ?? choosingAttribute(given);
  if (attribute === undefined) return;
  throw new UserError("invalid", `${attribute} is not supported by this server yet.`, {
    operation: "define the table",
    attribute,
    next: "Leave it out; a condition on rows can stand in filterDefinition.",
  });
}

/** As `notYet`, for fields that are in the way only with certain values. */
function choosingAttribute({
  columns = [],
  selectedColumns = [],
  connectorSpecificConfiguration = [],
}: TableGiven): string | undefined {
  if (columns.some(({ anonymized }) => anonymized)) return "columns.anonymized";
  if (columns.some(({ fromJoin }) => fromJoin)) return "columns.fromJoin";
  const names = new Set(columns.map(({ columnName }) => columnName));
  const selected = new Set(selectedColumns);
  const same = selected.size === names.size && [...selected].every((name) => names.has(name));
  if (selected.size > 0 && !same) return "selectedColumns";
  const choosing = connectorSpecificConfiguration.find(
    ({ key, value }) => choosingKeys.has(key) && !harmless.has(value),
  );
  return choosing && `connectorSpecificConfiguration.${choosing.key}`;
}

export function toTable(table: TableExtraction): TableExtractionTransport {
  const extra = kept.parse(table.extra);
  return {
    customizeColumnSelection: table.columns.length > 0,
    selectedColumns: [],
    creationDateColumn: null,
    creationDateValueStart: null,
    creationDateValueEnd: null,
    creationDateParameterStart: null,
    creationDateParameterEnd: null,
    creationDateValueToday: false,
    endDateDisabled: false,
    changeDateColumn: null,
    changeDateOffset: 0,
    changeDateOffsetType: "DAYS",
    disableChangeLog: false,
    tableExtractionType: "PARENT_TABLE",
    parent: true,
    parentTable: null,
    dependsOn: null,
    joinType: "NONE",
    columnValueTable: null,
    columnValueColumn: null,
    columnValueTargetColumn: null,
    columnValuesAtATime: 0,
    dataPushDeleteStrategy: "DELETE",
    joins: [],
    dependentTables: [],
    calculatedColumns: [],
    mirrorTableNames: [],
    ...extra,
    connectorSpecificConfiguration: (extra.connectorSpecificConfiguration ?? []).map(withValue),
    id: table.id,
    taskId: table.taskId,
    jobId: table.jobId,
    tableExecutionItemId: null,
    tableName: table.tableName,
    targetTableName: table.targetTableName,
    renameTargetTable: table.targetTableName !== null,
    schemaName: table.schemaName,
    filterDefinition: table.filter,
    deltaFilterDefinition: table.deltaFilter,
    useManualPKs: table.useManualPrimaryKeys,
    disabled: table.disabled,
    columns: table.columns.map(({ columnName, primaryKey, preferredType }) => ({
      columnName,
      fromJoin: false,
      anonymized: false,
      primaryKey,
      preferredType,
      dateFormat: null,
    })),
  };
}
