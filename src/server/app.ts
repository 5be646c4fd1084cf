import { Hono, type Context } from "hono";
import { newId } from "../base/ids.ts";
import { Connections } from "../engine/connections.ts";
import { Definitions } from "../engine/definitions.ts";
import { Holds } from "../engine/holds.ts";
import { Keys } from "../engine/keys.ts";
import { Queue } from "../engine/queue.ts";
import { ExtractionTables } from "../engine/tables.ts";
import { Workbench } from "../engine/workbench.ts";
import type { Clock } from "../base/clock.ts";
import type { Executions, PoolData, SecretBox, SourceLook } from "../model/operations.ts";
import type { StateStore } from "../model/state-store.ts";
import { readJson, readText } from "./body.ts";
import { createDoor, type Door } from "./door.ts";
import { Misfit, answerTo, commonHeaders, emptyResponse, refusal, validation } from "./errors.ts";
import { PoolCache } from "./pool-cache.ts";
import { canonicalPath, pathOf, refusedPath } from "./path.ts";
import { checkTable, type AnyAsk, type Route } from "./route.ts";
import { TableRouter } from "./table-router.ts";
import { allRoutes } from "./routes/index.ts";

export interface AppParts {
  state: StateStore;
  executions: Executions;
  poolData: PoolData;
  secrets: SecretBox;
  sources: SourceLook;
  clock: Clock;
  /** Executions that run at once. */
  mostRunning: number;
  version: string;
  /** Calls its listener after a status of an execution in the pool has changed in the store. Absent: never. */
  onStatusChange?: (changed: (poolId: string) => void) => void;
  /** One line for the server's log about what a caller is not told. */
  report?: (line: string) => void;
  /** Checks every JSON answer against its route's schema; a wrong one becomes a 500. For tests: it costs time. */
  checkAnswers?: boolean;
}

export interface App {
  fetch(request: Request): Promise<Response>;
  routes: readonly Route[];
  /** Ends what the app itself runs: statements of the workbench. */
  close(): Promise<void>;
}

/**
 * The server without its port: routes, door and wire put together.
 * @throws Error when the route table is not fit to be served.
 */
export function createApp(parts: AppParts): App {
  const { state, executions, poolData, clock } = parts;
  const poolCache = new PoolCache((id) => state.pool(id));
  parts.onStatusChange?.((poolId) => {
    poolCache.forget(poolId);
  });
  const keys = new Keys(state, clock);
  const workbench = new Workbench(poolData, clock);
  const routes = allRoutes({
    state,
    executions,
    poolData,
    clock,
    keys,
    workbench,
    poolCache,
    version: parts.version,
    holds: new Holds(state, clock, (poolId) => {
      poolCache.forget(poolId);
      executions.wake();
    }),
    queue: new Queue(state, clock, parts.mostRunning),
    definitions: new Definitions(state, poolData, clock),
    tables: new ExtractionTables(state),
    connections: new Connections(state, parts.secrets, parts.sources, clock),
  });
  const options = { report: parts.report ?? (() => undefined), checkAnswers: parts.checkAnswers ?? false };
  const router = routerOf(routes, createDoor(keys, state, poolCache), options);
  return {
    routes,
    fetch(request) {
      const refused = refusedPath(pathOf(request.url));
      if (refused !== null) {
        const answer = validation([
          { attribute: "path", error: refused, errorCode: "GENERAL_PATH_REFUSED", additionalInfo: null },
        ]);
        return Promise.resolve(answer);
      }
      return Promise.resolve(router.fetch(request));
    },
    close: () => workbench.close(),
  };
}

interface ServeOptions {
  report: (line: string) => void;
  checkAnswers: boolean;
}

/** The table as a router: nothing is routed that the table does not hold. */
export function routerOf(routes: readonly Route[], door: Door, options: ServeOptions): Hono {
  checkTable(routes);
  const router = new Hono({
    router: new TableRouter(),
    getPath: (request) => canonicalPath(pathOf(request.url)),
  });
  for (const one of routes) {
    router.on(one.method, one.path.replace(/\{(\w+)\}/g, ":$1"), (context) =>
      serve(one, door, context, options),
    );
  }
  router.notFound((context) => notRouted(routes, context.req.path));
  return router;
}

/** 405 where the table has the path under other methods, else 404. */
function notRouted(routes: readonly Route[], path: string): Response {
  const here = routes.filter((one) => new RegExp(`^${one.path.replace(/\{\w+\}/g, "[^/]+")}$`).test(path));
  if (here.length === 0) {
    return refusal(
      newId(),
      404,
      "Path not found.",
      "There is nothing at this path.",
      "GENERAL_NOTFOUND_PATH",
    );
  }
  const methods = here.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  const allow = [...new Set(methods)].join(", ");
  const answer = refusal(
    newId(),
    405,
    "Method not allowed.",
    `Allowed here: ${allow}.`,
    "GENERAL_METHOD_NOT_ALLOWED",
  );
  answer.headers.set("allow", allow);
  return answer;
}

/** One request: who, may it, is it well-formed, do it. Whatever is thrown on the way is answered in one place. */
async function serve(route: Route, door: Door, context: Context, options: ServeOptions): Promise<Response> {
  const request = context.req.raw;
  try {
    const ids = idsOf(context);
    const { access } = route;
    const key = access === "without key" ? null : await door.identify(request.headers.get("authorization"));
    // Only there does the body say what the key is needed for; everywhere else it is read behind the door.
    const early =
      access !== "without key" && access.on === "pool of body" ? await readJson(request) : undefined;
    const named = {
      poolId: ids["poolId"],
      dataSourceId: ids["dataSourceId"],
      executionId: ids["executionId"],
      poolIdInBody: poolIdOf(early),
    };
    const pool = access === "without key" || key === null ? null : await door.admit(key, access, named);
    const ask: AnyAsk = {
      ids,
      key,
      pool,
      query: route.query === null ? {} : fitting(route.query, queryOf(context)),
      body: await bodyOf(route, request, early),
      get signal() {
        return request.signal;
      },
    };
    return await answerOf(route, await route.operation(ask), options);
  } catch (error) {
    return answerTo(error, { id: newId(), conflictCode: route.conflictCode, report: options.report });
  }
}

async function bodyOf({ body: rule }: Route, request: Request, early: unknown): Promise<unknown> {
  if (rule === "ignored") return undefined;
  if (rule === "text") return await readText(request);
  return fitting(rule.json, early ?? (await readJson(request)));
}

async function answerOf(route: Route, value: unknown, { checkAnswers }: ServeOptions): Promise<Response> {
  if (value instanceof Response) {
    if (checkAnswers && typeof route.answer === "object") route.answer.parse(await value.clone().json());
    return value;
  }
  if (typeof route.answer === "string") return emptyResponse();
  if (checkAnswers) route.answer.parse(value);
  return new Response(JSON.stringify(value), {
    headers: { ...commonHeaders, "content-type": "application/json" },
  });
}

function fitting(schema: NonNullable<Route["query"]>, value: unknown): unknown {
  const result = schema.safeParse(value);
  if (!result.success) throw new Misfit(result.error.issues);
  return result.data;
}

/** Ids of ours are lower case; clients may spell a UUID as they like. A type is taken as it is. */
function idsOf(context: Context): Record<string, string> {
  const ids: Record<string, string> = {};
  for (const [name, value] of Object.entries(context.req.param() as Record<string, string>)) {
    ids[name] = name.endsWith("Id") ? value.toLowerCase() : value;
  }
  return ids;
}

/** Parameters by name: one value as text, several as a list; an empty one is not given. */
function queryOf(context: Context): Record<string, string | string[]> {
  const given: [string, string | string[]][] = [];
  for (const [name, values] of Object.entries(context.req.queries())) {
    const filled = values.filter((value) => value !== "");
    const [first, ...others] = filled;
    if (first !== undefined) given.push([name, others.length === 0 ? first : filled]);
  }
  return Object.fromEntries(given);
}

function poolIdOf(body: unknown): string | undefined {
  const poolId = (body as { poolId?: unknown } | null | undefined)?.poolId;
  return typeof poolId === "string" ? poolId.toLowerCase() : undefined;
}
