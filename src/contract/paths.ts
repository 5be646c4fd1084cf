/**
 * Every path of the wire, once. A template holds `{name}` for each id; `fill` makes a path of it:
 * `fill(paths.job, { poolId, jobId })`. Clients add their own base and query.
 */
const integration = "/integration/api";
const pool = `${integration}/pools/{poolId}`;
const job = `${pool}/jobs/{jobId}`;
const task = `${job}/tasks/{taskId}`;
const extraction = `${job}/extractions/{taskId}`;
const desk = "/desk/v1";

export const paths = {
  health: "/healthz",

  user: "/api/cloud",
  permissions: "/api/cloud/permissions",
  cloudTeam: "/api/cloud/team",
  team: "/api/team",
  cuiCover: "/api/team/cui-settings/cui-pdf-cover",

  pools: `${integration}/pools`,
  pool,
  poolTables: `${pool}/tables`,
  poolColumns: `${pool}/columns`,
  poolExport: `${pool}/export`,

  dataSources: `${pool}/data-sources`,
  dataSource: `${pool}/data-sources/{dataSourceId}`,
  dataSourceTest: `${pool}/data-sources/{dataSourceId}/test`,
  searchTables: `${pool}/data-sources/{dataSourceId}/search-tables`,
  connections: `${integration}/datasource/{type}`,
  connection: `${integration}/datasource/{type}/{dataSourceId}`,

  jobs: `${pool}/jobs`,
  job,
  execute: `${job}/execute`,
  cancel: `${job}/cancel`,
  executeV1: `${integration}/v1/data-pools/{poolId}/data-jobs/{jobId}/execute`,
  executeV2: `${integration}/v2/data-pools/{poolId}/data-jobs/{jobId}/execute`,

  tasks: `${job}/tasks`,
  task,
  taskEnabled: `${task}/enabled`,
  statement: `${job}/transformations/{taskId}/statement`,
  expanded: `${extraction}/expanded`,
  extractionConfiguration: `${extraction}/configuration`,
  extractionTables: `${extraction}/tables`,
  extractionTable: `${extraction}/tables/{tableId}`,

  taskVariables: `${pool}/tasks/{taskId}/variables`,
  taskVariable: `${pool}/tasks/{taskId}/variables/{variableId}`,

  logsStatus: `${pool}/logs/status`,
  jobExecutions: `${pool}/logs/{jobId}/executions`,
  executionItems: `${pool}/logs/executions`,
  executionDetail: `${pool}/logs/executions/detail`,

  workbenchExecute: `${job}/workbench/{taskId}/execute`,
  workbench: `${job}/workbench/{taskId}/{statementId}`,
  workbenchResults: `${job}/workbench/{taskId}/{statementId}/results`,

  page: "/",
  pageAsset: "/assets/{file}",
  session: "/desk/session",

  about: `${desk}/about`,
  statusText: "/desk/status.txt",
  stopText: "/desk/stop.txt",
  goText: "/desk/go.txt",
  receiptText: "/desk/receipt.txt",
  deskSettings: `${desk}/pools/{poolId}/settings`,
  deskStatus: `${desk}/pools/{poolId}/status`,
  deskStop: `${desk}/pools/{poolId}/jobs/{jobId}/stop`,
  deskStopPool: `${desk}/pools/{poolId}/stop`,
  holds: `${desk}/pools/{poolId}/holds`,
  release: `${desk}/pools/{poolId}/release`,
  go: `${desk}/pools/{poolId}/go`,
  deskEvents: `${desk}/pools/{poolId}/events`,
  receipt: `${desk}/executions/{executionId}/receipt`,
  settle: `${desk}/executions/{executionId}/settle`,
  deskReport: `${desk}/pools/{poolId}/report`,
  audit: `${desk}/audit`,
  keys: `${desk}/keys`,
  key: `${desk}/keys/{keyId}`,
  teams: `${desk}/teams`,
  remoteTeam: `${desk}/teams/{teamId}`,
} as const;

export type PathTemplate = (typeof paths)[keyof typeof paths];

/** Names of the ids in a template: `"poolId" | "jobId"`. */
export type IdsIn<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | IdsIn<Rest>
  : never;

/** The path with its ids in place, each percent-encoded. A trailing slash is never needed. */
export function fill<Template extends string>(
  template: Template,
  ids: Record<IdsIn<Template>, string>,
): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent((ids as Record<string, string>)[name] ?? ""),
  );
}
