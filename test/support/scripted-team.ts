/** A server that looks like a team of the Celonis wire, and is as honest as its script: for tests of the desk. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const scriptedPool = "0b6f8c1e-3a52-4f0e-9a57-2f4f3c1f0a01";
export const scriptedConnection = "0b6f8c1e-3a52-4f0e-9a57-2f4f3c1f0a02";
export const scriptedKey = "CANARY-KEY-of-the-scripted-team";

export interface ScriptedJob {
  id: string;
  name: string;
  status: string | null;
  executionId: string | null;
  startedAt: number | null;
  dataSourceId?: string | null;
  stopping?: { requestedAt: number; level: string; why: string; callers: number } | null;
}

export interface ScriptedLine {
  id: string;
  date: number;
  logMessage: string;
}

export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** Query and body of the request. */
  query: URLSearchParams;
  body: string;
  job: ScriptedJob | undefined;
  json(body: unknown, status?: number): void;
  /** What the team does without a script. */
  honest(): void;
}

export type Route =
  | "about"
  | "jobs"
  | "job"
  | "status"
  | "cancel"
  | "log"
  | "runs"
  | "items"
  | "dataSources"
  | "export"
  | "deskStatus"
  | "deskHold"
  | "deskStop";

/** What a team does instead of its honest answer. */
export type Script = Partial<Record<Route, (exchange: Exchange) => void | Promise<void>>>;

export interface ScriptedTeam {
  url: string;
  jobs: ScriptedJob[];
  script: Script;
  /** Lines of every execution's log, newest first; null: it shows none. */
  log: ScriptedLine[] | null;
  /** Every request: method, path with query, and the key it came with. */
  requests: { line: string; authorization: string | undefined; body: string }[];
  close(): Promise<void>;
}

/** `nightdesk`: has the desk API too, and says that its statuses are proven. */
export async function startScriptedTeam(options: {
  jobs: ScriptedJob[];
  script?: Script;
  nightdesk?: boolean;
  log?: ScriptedLine[];
}): Promise<ScriptedTeam> {
  const team = {
    jobs: options.jobs,
    script: options.script ?? {},
    log: options.log ?? null,
    requests: [] as ScriptedTeam["requests"],
  };
  const server = createServer((request, response) => {
    void answer(team, options.nightdesk ?? false, request, response);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return Object.assign(team, { url: `http://127.0.0.1:${String(port)}`, close: () => close(server) });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

async function answer(
  team: Omit<ScriptedTeam, "url" | "close">,
  nightdesk: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let body = "";
  for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString("utf8");
  const { authorization } = request.headers;
  team.requests.push({ line: `${request.method ?? ""} ${request.url ?? ""}`, authorization, body });
  const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://team");
  const json = (value: unknown, status = 200): void => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  };
  const [route, jobId] = routeOf(request.method ?? "", pathname);
  const job = team.jobs.find(({ id }) => id === jobId);
  const honest = (): void => {
    if (authorization?.split(" ")[1] !== scriptedKey) return json({ error: "Unauthorized" }, 401);
    if (
      route === null ||
      (!nightdesk && desk.has(route)) ||
      (jobId !== null && job === undefined) ||
      (route === "log" && team.log === null)
    ) {
      return json(
        { title: "Not Found", status: 404, detail: "Path not found.", errorCode: "GENERAL_NOTFOUND_PATH" },
        404,
      );
    }
    if (route === "log") return json({ logMessages: team.log, numOfPages: 1 });
    honestly(route, team.jobs, job, { json, query, body, response });
  };
  const exchange: Exchange = { request, response, query, body, job, json, honest };
  const scripted = route === null ? undefined : team.script[route];
  if (scripted === undefined) honest();
  else await scripted(exchange);
}

const desk: ReadonlySet<Route> = new Set(["about", "deskStatus", "deskHold", "deskStop"]);

function routeOf(method: string, path: string): [Route | null, string | null] {
  const pool = `/integration/api/pools/${scriptedPool}`;
  const deskPool = `/desk/v1/pools/${scriptedPool}`;
  if (method === "GET" && path === "/desk/v1/about") return ["about", null];
  if (method === "GET" && path === `${deskPool}/status`) return ["deskStatus", null];
  if (method === "GET" && path === `${pool}/jobs`) return ["jobs", null];
  if (method === "GET" && path === `${pool}/logs/status`) return ["status", null];
  if (method === "GET" && path === `${pool}/data-sources/`) return ["dataSources", null];
  if (method === "GET" && path === `${pool}/export`) return ["export", null];
  if (method === "GET" && path === `${pool}/logs/executions/detail`) return ["log", null];
  if (method === "GET" && path === `${pool}/logs/executions`) return ["items", null];
  const runs = new RegExp(`^${pool}/logs/([^/]+)/executions$`).exec(path)?.[1];
  if (method === "GET" && runs !== undefined) return ["runs", runs];
  if (method === "POST" && path === `${deskPool}/holds`) return ["deskHold", null];
  const stop = new RegExp(`^${deskPool}/jobs/([^/]+)/stop$`).exec(path)?.[1];
  if (method === "POST" && stop !== undefined) return ["deskStop", stop];
  const cancel = new RegExp(`^${pool}/jobs/([^/]+)/cancel$`).exec(path)?.[1];
  if (method === "POST" && cancel !== undefined) return ["cancel", cancel];
  const job = new RegExp(`^${pool}/jobs/([^/]+)$`).exec(path)?.[1];
  if (method === "GET" && job !== undefined) return ["job", job];
  return [null, null];
}

const isActive = ({ status }: ScriptedJob): boolean => status === "RUNNING" || status === "QUEUED";

function honestly(
  route: Exclude<Route, "log">,
  jobs: readonly ScriptedJob[],
  job: ScriptedJob | undefined,
  { json, query, body, response }: Pick<Exchange, "json" | "query" | "body" | "response">,
): void {
  switch (route) {
    case "about":
      return json({ product: "nightdesk", version: "0.1.0", proof: "source", time: Date.now() });
    case "jobs":
      return json(jobs.map(jobTransport));
    case "job":
      return job === undefined ? undefined : json(jobTransport(job));
    case "status":
      return json(
        jobs.map(({ id, status, startedAt }) => ({ id, status, lastExecutionStartDate: startedAt })),
      );
    case "runs":
      return json({ executionItems: job === undefined ? [] : [itemOf(job)], numOfPages: 1 });
    case "items":
      return json(jobs.filter((one) => one.executionId === query.get("executionId")).map(itemOf));
    case "dataSources":
      return json([
        { id: scriptedConnection, name: "SAP ECC" },
        { id: scriptedPool, name: null },
      ]);
    case "export":
      return json({ dataPool: { id: scriptedPool }, schedules: [], jobSchedules: [] });
    case "cancel":
      if (job !== undefined && isActive(job)) job.status = "CANCEL";
      response.writeHead(200).end();
      return;
    case "deskStatus":
      return json({
        poolId: scriptedPool,
        poolName: "SAP ECC",
        asOf: Date.now(),
        jobs: jobs.map((one) => ({ rows: null, estimatedRows: null, stopping: null, ...one })),
      });
    case "deskHold": {
      const { scope, id, reason = null, until = null } = JSON.parse(body) as Record<string, unknown>;
      return json({
        id: scriptedConnection,
        scope,
        objectId: id,
        by: "night",
        reason,
        since: Date.now(),
        until,
      });
    }
    case "deskStop": {
      if (job === undefined) return;
      const execution = query.get("execution");
      const { executionId } = job;
      const proof = { level: "source idle", at: Date.now(), note: "no session" };
      if (!isActive(job))
        return json({ outcome: "WAS NOT RUNNING", executionId, activeExecutionId: null, proof });
      if (execution !== null && execution !== executionId) {
        return json({
          outcome: "OTHER EXECUTION",
          executionId: execution,
          activeExecutionId: executionId,
          proof: null,
        });
      }
      job.status = "CANCEL";
      return json({ outcome: "STOPPED", executionId, activeExecutionId: null, proof });
    }
  }
}

/** As upstream: the current execution is told only while it is active. */
function jobTransport(job: ScriptedJob): unknown {
  return {
    id: job.id,
    dataPoolId: scriptedPool,
    name: job.name,
    dataSourceId: job.dataSourceId ?? null,
    timeStamp: job.startedAt,
    status: job.status,
    currentExecutionId: isActive(job) ? job.executionId : null,
    latestExecutionItemId: null,
  };
}

function itemOf({ id, name, executionId, status, startedAt }: ScriptedJob): object {
  const run = { id: executionId, executionId, jobId: id, poolId: scriptedPool, status, startDate: startedAt };
  return { ...run, type: "JOB", name };
}
