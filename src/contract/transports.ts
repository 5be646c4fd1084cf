import type {
  ChangeDateOffsetType,
  CloudTeamPrivacyType,
  DataPushDeleteStrategy,
  DataPushUpsertStrategy,
  DynamicVariableOpType,
  ExecutionStatus,
  ExtractionMode,
  FilterParserDataType,
  JoinType,
  PoolConfigurationStatus,
  SslMode,
  TableExtractionType,
  TaskType,
  TemplateProtectionStatus,
  VariableParameterType,
  VariableType,
} from "./enums.ts";

/**
 * The objects of the wire as a reader gets them. Times are epoch milliseconds (UTC). null and absent
 * mean the same: not given. A real team sends more fields and words than stand here.
 */

export interface UserTransport {
  id: string | null;
  name: string | null;
  email: string | null;
  teamName: string | null;
  teamId: string | null;
  teamDomain: string | null;
  active: boolean;
  current: boolean;
}

export interface ServicePermissionsTransport {
  serviceName: string;
  permissions: string[];
}

export interface TeamTransport {
  id: string;
  name: string;
  domain: string;
  privacyType: CloudTeamPrivacyType;
  trackingEnabled: boolean;
}

/** `GET .../export`: a whole pool. Of it only what is read here; a real team sends much more, and any of it may be missing. */
export interface PoolExport {
  dataPool?: { id?: string | null } | null;
  schedules?: ScheduleTransport[] | null;
  /** Which jobs a schedule starts. */
  jobSchedules?: JobScheduleTransport[] | null;
}

export interface ScheduleTransport {
  id: string;
  name?: string | null;
  poolId?: string | null;
  enabled?: boolean | null;
  /** `FREQUENCY_BASED`: by the clock; any other word: by a trigger. */
  type?: string | null;
  /** `CUSTOM...`: `customCron` counts; else `frequency`. Both are cron texts of Quartz. */
  executionPattern?: string | null;
  frequency?: string | null;
  customCron?: string | null;
  /** IANA name; none is known to be sent: then UTC. */
  timeZone?: string | null;
  timezone?: string | null;
  /** Epoch ms, by the team's own reckoning. */
  nextExecutionDate?: number | null;
}

export interface JobScheduleTransport {
  scheduleId: string;
  jobId: string;
  jobName?: string | null;
  /** From 0. */
  executionOrder?: number | null;
}

export interface DataPoolTransport {
  id: string;
  name: string | null;
  description: string | null;
  originalId: string | null;
  contentId: string | null;
  creatorUserId: string | null;
  objectId: string | null;
  permissions: string[] | null;
  timeStamp: number | null;
  configurationStatus: PoolConfigurationStatus;
  locked: boolean;
  monitoringTarget: boolean;
  customMonitoringTarget: boolean;
  customMonitoringTargetActive: boolean;
  exported: boolean;
  monitoringMessageColumnsMigrated: boolean;
  contentVersion: number;
  tags: { name: string }[];
}

/** A connection as the lists of a pool show it: without settings. */
export interface DataSourceTransport {
  id: string;
  poolId: string;
  name: string | null;
  type: string | null;
  metadata: string | null;
  normalizedName: string | null;
  parameterName: string | null;
  targetSchemaName: string | null;
  connected: boolean;
  locked: boolean;
  configured: boolean;
  /** Ours is null: only a test of the connection knows. */
  reachableAndValid: boolean | null;
  imported: boolean;
  exported: boolean;
  exportAvailable: boolean;
  useUplink: boolean;
  internalSystemSelected: boolean;
  configuration: unknown[] | null;
}

export interface ConnectionConfigurationTransport {
  host: string;
  port: number;
  database: string;
  user: string;
  ssl: { mode: SslMode; ca?: string };
  /** Rows a second over all sessions of the connection; null: no limit. */
  maxRowsPerSecond: number | null;
}

/** A connection with its settings; a password never comes back. */
export interface ConnectionTransport {
  id: string;
  poolId: string;
  name: string;
  type: string;
  configuration: ConnectionConfigurationTransport;
}

/** `password` is needed to create, and again when host, port, database, user or ssl change. */
export interface NewConnectionTransport {
  name: string;
  poolId: string;
  configuration: Omit<ConnectionConfigurationTransport, "maxRowsPerSecond"> & {
    password: string;
    maxRowsPerSecond?: number | null;
  };
}

export interface ConnectionTestTransport {
  reachable: boolean;
  /** One line: what, where, next step; "" when reachable. */
  message: string;
}

export interface SearchTablesTransport {
  /** null: the lookup failed, see `message`. */
  availableTables: { dataSourceId: string; name: string; alias: string | null; schema: string }[] | null;
  lookupSuccessful: boolean;
  message: string | null;
  translatedConnectorMessage: {
    messageTranslationCode: string;
    logTranslationParameters: KeyValue[];
  } | null;
}

export interface JobTransport {
  id: string;
  dataPoolId: string;
  name: string | null;
  /** null: a global job, transformations and loads only. */
  dataSourceId: string | null;
  timeStamp: number | null;
  /** null: never ran. */
  status: ExecutionStatus | null;
  /** Set while an execution is QUEUED or RUNNING. */
  currentExecutionId: string | null;
  latestExecutionItemId: string | null;
  dagBasedExecutionEnabled: boolean | null;
}

export interface JobExecutionConfiguration {
  id?: string | null;
  executionId?: string | null;
  poolId?: string | null;
  jobId?: string | null;
  dataSourceId?: string | null;
  mode?: ExtractionMode | null;
  executeOnlySubsetOfTransformations?: boolean | null;
  transformations?: string[] | null;
  executeOnlySubsetOfExtractions?: boolean | null;
  extractions?:
    | { extractionId: string; loadOnlySubsetOfTables?: boolean | null; tables?: string[] | null }[]
    | null;
  loadOnlySubsetOfDataModels?: boolean | null;
  dataModels?: { dataModelExecutionId: string; tables?: string[] | null }[] | null;
}

/** Answer to an execute of ours; upstream's is unknown and untyped to its clients. */
export interface ExecuteAnswer {
  executionId: string;
  jobId: string;
  status: ExecutionStatus;
}

export interface NewTaskInstanceTransport {
  taskType: TaskType;
  name: string;
  description?: string | null;
  taskId?: string | null;
  jobId?: string | null;
  executionOrder?: number | null;
}

export interface TaskInstanceTransport {
  id: string;
  poolId: string;
  jobId: string;
  /** Id of the template, distinct from `id`. */
  taskId: string;
  taskType: TaskType;
  name: string | null;
  description: string | null;
  disabled: boolean;
  template: boolean;
  published: boolean;
  legalAgreementAccepted: boolean;
  protectionStatus: TemplateProtectionStatus;
  createdAt: number | null;
  taskCreatedAt: number | null;
  taskEditedAt: number | null;
  /** From 1. */
  executionOrder: number;
}

export interface TransformationTransport extends TaskInstanceTransport {
  statement: string | null;
}

export interface StatementTransport {
  statement: string | null;
  legalNote: string | null;
}

/** Settings of an extraction; null where nothing is set. */
export interface ExtractionConfigurationValue {
  dataPushUpsertStrategy: DataPushUpsertStrategy | null;
  debugMode: boolean;
  deleteJob: boolean;
  connectorSpecificConfiguration: KeyValue[];
  /** New columns of the source are left out of a delta load instead of failing it. */
  ignoreMetadataChanges: boolean;
}

export interface VariableValue {
  value: string | null;
  taskInstanceId: string | null;
}

/** A variable of a task. `values` always holds one entry that names the task instance: clients address it by that. */
export interface TaskVariableTransport {
  id: string;
  poolId: string;
  /** Id of the task's template. */
  taskId: string;
  name: string | null;
  /** What texts write between `<%=` and `%>`. */
  placeholder: string | null;
  description: string | null;
  type: VariableType;
  dataType: FilterParserDataType;
  parameterType: VariableParameterType;
  dynamicVariableOpType: DynamicVariableOpType | null;
  dynamicTable: string | null;
  dynamicColumn: string | null;
  /** null: the table is a global one. */
  dynamicDataSourceId: string | null;
  values: VariableValue[];
  defaultValues: VariableValue[];
  settings: { poolVariableId: string | null } | null;
  defaultSettings: { poolVariableId: string | null } | null;
}

export interface ExtractionWithTablesTransport extends TaskInstanceTransport {
  extractionConfigurationValueTransport: ExtractionConfigurationValue | null;
  extractionConfiguration: unknown;
  tables: TableExtractionTransport[];
  metadataTables: { tableName: string; columns: unknown[] }[];
}

export interface TableExtractionColumn {
  columnName: string;
  fromJoin: boolean;
  anonymized: boolean;
  primaryKey: boolean;
  /** Type in the pool instead of the default one, e.g. `DECIMAL(38,6)`. */
  preferredType: string | null;
  dateFormat: string | null;
}

export interface TableExtractionTransport {
  id: string;
  taskId: string;
  jobId: string | null;
  tableExecutionItemId: string | null;
  tableName: string | null;
  targetTableName: string | null;
  renameTargetTable: boolean;
  schemaName: string | null;
  filterDefinition: string | null;
  deltaFilterDefinition: string | null;
  useManualPKs: boolean;
  disabled: boolean;
  customizeColumnSelection: boolean;
  /** Empty: all. */
  columns: TableExtractionColumn[];
  selectedColumns: string[];
  creationDateColumn: string | null;
  creationDateValueStart: number | string | null;
  creationDateValueEnd: number | string | null;
  creationDateParameterStart: string | null;
  creationDateParameterEnd: string | null;
  creationDateValueToday: boolean;
  endDateDisabled: boolean;
  changeDateColumn: string | null;
  changeDateOffset: number;
  changeDateOffsetType: ChangeDateOffsetType;
  disableChangeLog: boolean;
  tableExtractionType: TableExtractionType;
  parent: boolean;
  parentTable: string | null;
  dependsOn: string | null;
  joinType: JoinType;
  columnValueTable: string | null;
  columnValueColumn: string | null;
  columnValueTargetColumn: string | null;
  columnValuesAtATime: number;
  dataPushDeleteStrategy: DataPushDeleteStrategy;
  joins: unknown[];
  dependentTables: unknown[];
  connectorSpecificConfiguration: KeyValue[];
  calculatedColumns: unknown[];
  mirrorTableNames: string[];
}

export interface KeyValue {
  key: string;
  value: string | null;
}
