/**
 * The words of the wire. Arrays where a reader wants to check or list them at run time; clients must
 * accept words they do not know.
 */

export const executionStatuses = ["QUEUED", "RUNNING", "SUCCESS", "CANCEL", "FAIL", "SKIPPED"] as const;
export type ExecutionStatus = (typeof executionStatuses)[number];

export const extractionModes = ["FULL", "DELTA"] as const;
export type ExtractionMode = (typeof extractionModes)[number];

export const executionTypes = ["SCHEDULE", "JOB", "TASK", "STEP"] as const;
export type ExecutionType = (typeof executionTypes)[number];

export const logLevels = ["DEBUG", "INFO", "WARNING", "ERROR"] as const;
export type LogLevel = (typeof logLevels)[number];

export const taskTypes = ["EXTRACTION", "TRANSFORMATION", "DATA_MODEL_LOAD"] as const;
export type TaskType = (typeof taskTypes)[number];

export const protectionStatuses = ["OPEN", "VIEWABLE", "PROTECTED", "LOCKED"] as const;
export type TemplateProtectionStatus = (typeof protectionStatuses)[number];

export const poolConfigurationStatuses = [
  "NEW_CUSTOM_POOL_WITHOUT_TARGET_CONFIGURATION",
  "NEW",
  "DATA_SOURCES_CONFIGURED",
  "OPTIONS_CONFIGURED",
  "CONFIGURED",
] as const;
export type PoolConfigurationStatus = (typeof poolConfigurationStatuses)[number];

export const poolColumnTypes = ["STRING", "DATE", "FLOAT", "INTEGER"] as const;
export type PoolColumnType = (typeof poolColumnTypes)[number];

export const propertyTypes = ["TABLE", "VIEW"] as const;
export type PropertyType = (typeof propertyTypes)[number];

export const tableExtractionTypes = ["PARENT_TABLE", "DEPENDENT_TABLE", "NESTED_TABLE"] as const;
export type TableExtractionType = (typeof tableExtractionTypes)[number];

export const joinTypes = ["NONE", "JOIN", "COLUMN_VALUE"] as const;
export type JoinType = (typeof joinTypes)[number];

export const changeDateOffsetTypes = ["DAYS", "HOURS", "MINUTES"] as const;
export type ChangeDateOffsetType = (typeof changeDateOffsetTypes)[number];

export const dataPushDeleteStrategies = [
  "DELETE",
  "STORE_IN_STAGING_TABLE",
  "IGNORE",
  "DELETE_AND_STORE_IN_STAGING_TABLE",
] as const;
export type DataPushDeleteStrategy = (typeof dataPushDeleteStrategies)[number];

export const variableTypes = ["PRIVATE_CONSTANT", "PUBLIC_CONSTANT", "DYNAMIC"] as const;
export type VariableType = (typeof variableTypes)[number];

export const dynamicVariableOpTypes = ["FIND_MAX", "FIND_MIN", "LIST"] as const;
export type DynamicVariableOpType = (typeof dynamicVariableOpTypes)[number];

export const filterParserDataTypes = [
  "DATE",
  "DOUBLE",
  "INT",
  "STRING",
  "COLUMN",
  "QUALIFIED_COLUMN",
  "LIST_DOUBLE",
  "LIST_INT",
  "LIST_STRING",
  "NULL",
] as const;
export type FilterParserDataType = (typeof filterParserDataTypes)[number];

export const variableParameterTypes = ["CUSTOM", "DATASOURCE"] as const;
export type VariableParameterType = (typeof variableParameterTypes)[number];

export const dataPushUpsertStrategies = [
  "UPSERT_WITH_UNCHANGED_METADATA",
  "UPSERT_WITH_NULLIFICATION",
] as const;
export type DataPushUpsertStrategy = (typeof dataPushUpsertStrategies)[number];

export const privacyTypes = ["PUBLIC", "PUBLIC_TO_DOMAIN", "PRIVATE"] as const;
export type CloudTeamPrivacyType = (typeof privacyTypes)[number];

/** Kinds of connection this server can make; others exist upstream. */
export const connectionTypes = ["POSTGRESQL"] as const;
export type ConnectionType = (typeof connectionTypes)[number];

export const sslModes = ["disable", "require", "verify-full"] as const;
export type SslMode = (typeof sslModes)[number];

export const workbenchStatuses = ["RUNNING", "SUCCESS", "FAILED"] as const;
export type WorkbenchStatus = (typeof workbenchStatuses)[number];

/** Rights on the desk's keys; no verb includes another. */
export const keyVerbs = ["view", "execute", "cancel", "hold", "settle", "edit", "admin"] as const;
export type KeyVerb = (typeof keyVerbs)[number];

export const keyWeekdays = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"] as const;
export type KeyWeekday = (typeof keyWeekdays)[number];
