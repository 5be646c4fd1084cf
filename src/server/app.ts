import { Hono, type Context } from "hono";
import { z } from "zod";
import { newId } from "../base/ids.ts";
import type { AuditTrail } from "../engine/audit-trail.ts";
import { Connections } from "../engine/connections.ts";
import { receiptText } from "../desk/index.ts";
import { DeskSettingsRules } from "../engine/desk-settings.ts";
import { Definitions } from "../engine/definitions.ts";
import { HoldWatch } from "../engine/hold-watch.ts";
import { Holds } from "../engine/holds.ts";
import { Keys } from "../engine/keys.ts";
import { localTeam } from "../engine/local-team.ts";
import { PageSessions } from "../engine/page-sessions.ts";
import { Queue } from "../engine/queue.ts";
import { RemoteTeams } from "../engine/remote-teams.ts";
import { ServerActs } from "../engine/server-acts.ts";
import { hashOfStored } from "../engine/stored-object.ts";
import { ExtractionTables } from "../engine/tables.ts";
import { Variables } from "../engine/variables.ts";
import { Workbench } from "../engine/workbench.ts";
import { Relays, type ConnectEnd } from "../engine/relays.ts";
import type { Clock } from "../base/clock.ts";
import type { AuditLog } from "../model/audit.ts";
import type { Executions, PoolData, SecretBox, SourceLook } from "../model/operations.ts";
import type { ApiKey } from "../model/definitions.ts";
import { noProbes, type ProbeRules } from "../model/probe.ts";
import { UserError } from "../model/errors.ts";
import type { StateStore } from "../model/state-store.ts";
import { checkAnnounced, readJson, readText } from "./body.ts";
import { createDoor, type Door } from "./door.ts";
import {
  Misfit,
  NotRelayed,
  OutOfHours,
  Unauthenticated,
  answerTo,
  commonHeaders,
  emptyResponse,
  refusal,
  validation,
} from "./errors.ts";
import { refusalInWords, wrongMethodInWords } from "./verdict-answer.ts";
import { lookedAt } from "./looked-at.ts";
import { NightStreams } from "./night-streams.ts";
import { noPage, type PageFiles } from "./page-files.ts";
import { KeyPlaces } from "./places.ts";
import { PoolCache } from "./pool-cache.ts";
import { canonicalPath, pathOf, refusedPath } from "./path.ts";
import { RecordedCall, type Caller } from "./recorded-call.ts";
import { idsInQuery, idsOf, poolIdOf, queryOf, type GivenQuery } from "./request-names.ts";
import { checkTable, isStrict, type AnyAsk, type Route, type Told } from "./route.ts";
import { TableRouter } from "./table-router.ts";
import { allRoutes } from "./routes/index.ts";

export interface AppParts {
  state: StateStore;
  executions: Executions;
  poolData: PoolData;
  secrets: SecretBox;
  sources: SourceLook;
  audit: AuditTrail;
  auditLog: AuditLog;
  clock: Clock;
  /** How teams far away are reached; absent: this server relays to none. `everyMs`: between looks at what is held. */
  relay?: { connect: ConnectEnd; plainHosts: readonly string[]; probes: ProbeRules; everyMs?: number };
  /** Executions that run at once. */
  mostRunning: number;
  version: string;
  /** The night page as it was built; absent: there is none. */
  page?: PageFiles;
  /** Calls its listener after a status of an execution in the pool has changed in the store. Absent: never. */
  onStatusChange?: (changed: (poolId: string) => void) => void;
  /** One line for the server's log about what a caller is not told. */
  report?: (line: string) => void;
  /** Checks every JSON answer against its route's schema; a wrong one becomes a 500. For tests: it costs time. */
  checkAnswers?: boolean;
}

export interface App {
  /** Every answer has its `x-request-id`, except where a caller is given: then whoever gave it sends it. */
  fetch(request: Request, caller?: Caller): Promise<Response>;
  routes: readonly Route[];
  /** What one can sign in to the page with in the place of this key, once; null if the key may not be used. */
  makeLink(key: string): Promise<string | null>;
  /** Ends what the app itself runs: statements of the workbench, and answers that go on. */
  close(): Promise<void>;
}

/**
 * The server without its port: routes, door and wire put together.
 * @throws Error when the route table is not fit to be served.
 */
export function createApp(parts: AppParts): App {
  const { state, executions, poolData, clock } = parts;
  const poolCache = new PoolCache((id) => state.pool(id));
  const keys = new Keys(state, clock);
  const sessions = new PageSessions(state, clock);
  const streams = new NightStreams(clock);
  parts.onStatusChange?.((poolId) => {
    poolCache.forget(poolId);
    streams.changed(poolId);
  });
  const workbench = new Workbench(poolData, clock);
  const places = new KeyPlaces();
  const options = {
    places,
    audit: parts.audit,
    hashOf: (id: string) => hashOfStored(state, id),
    report: parts.report ?? (() => undefined),
    checkAnswers: parts.checkAnswers ?? false,
  };
  const queue = new Queue(state, clock, parts.mostRunning);
  const holds = new Holds(state, clock, queue, (poolId) => {
    poolCache.forget(poolId);
    executions.wake();
  });
  const connections = new Connections(state, parts.secrets, parts.sources, clock);
  const local = { state, executions, holds, queue, connections, clock, receiptText, report: options.report };
  const probes = parts.relay?.probes ?? noProbes;
  const { secrets } = parts;
  const relays = new Relays({ state, secrets, clock, openProbe: probes.open }, parts.relay?.connect);
  const relayed = { state, holds, relays, clock, report: options.report };
  const acts = new ServerActs(parts.audit);
  const watch = new HoldWatch({ state, relays, clock, acts, report: options.report });
  if (parts.relay !== undefined) watch.start(parts.relay.everyMs);
  const routes = allRoutes({
    state,
    executions,
    poolData,
    clock,
    keys,
    sessions,
    streams,
    places,
    page: parts.page ?? noPage,
    workbench,
    poolCache,
    auditLog: parts.auditLog,
    version: parts.version,
    holds,
    queue,
    connections,
    deskSettings: new DeskSettingsRules(state),
    remoteTeams: new RemoteTeams(
      { state, secrets, clock, plainHosts: parts.relay?.plainHosts ?? [], probes },
      (teamId, poolIds) => {
        relays.forget(teamId);
        for (const poolId of poolIds) poolCache.forget(poolId);
      },
    ),
    teamFor: (pool, caller, job) =>
      pool.team === undefined ? localTeam(local, caller) : lookedAt(relayed, pool, caller, job),
    relayedTeam: (pool, caller, job) => lookedAt(relayed, pool, caller, job),
    definitions: new Definitions(state, poolData, clock, options.report),
    tables: new ExtractionTables(state),
    variables: new Variables(state),
  });
  const router = routerOf(routes, createDoor(keys, sessions, state, poolCache), options);
  const answer = async (request: Request, caller: Caller): Promise<Response> => {
    const refused = refusedPath(pathOf(request.url));
    if (refused === null) return await router.fetch(request, caller);
    return validation([
      { attribute: "path", error: refused, errorCode: "GENERAL_PATH_REFUSED", additionalInfo: null },
    ]);
  };
  return {
    routes,
    async fetch(request, caller) {
      // To touch the headers of an answer costs as much as all of a small request.
      if (caller !== undefined) return await answer(request, caller);
      const requestId = newId();
      const response = await answer(request, { requestId, address: null });
      response.headers.set("x-request-id", requestId);
      return response;
    },
    async makeLink(text) {
      // Whether it may be used from there and then is for the door to say when somebody comes by it.
      const found = await keys.recognise(text, null);
      return found.kind === "unknown" ? null : sessions.makeLink(found.key);
    },
    async close() {
      streams.close();
      await watch.close();
      relays.close();
      await workbench.close();
    },
  };
}

interface ServeOptions {
  places: KeyPlaces;
  audit: AuditTrail;
  /** Of the stored object of an id, for the record of a change. */
  hashOf: (id: string) => Promise<string | null>;
  report: (line: string) => void;
  checkAnswers: boolean;
}

/** What hono hands on beside the request. */
interface CallerOf {
  Bindings: Caller;
}

/** The table as a router: nothing is routed that the table does not hold. */
export function routerOf(routes: readonly Route[], door: Door, options: ServeOptions): Hono<CallerOf> {
  checkTable(routes);
  const router = new Hono<CallerOf>({
    router: new TableRouter(),
    getPath: (request) => canonicalPath(pathOf(request.url)),
  });
  for (const one of routes) {
    router.on(one.method, one.path.replace(/\{(\w+)\}/g, ":$1"), (context) =>
      serve(one, door, context, options),
    );
  }
  router.notFound((context) => notRouted(routes, context.req.path, context.env.requestId));
  return router;
}

/** 405 where the table has the path under other methods, else 404. */
function notRouted(routes: readonly Route[], path: string, requestId: string): Response {
  const here = routes.filter((one) => new RegExp(`^${one.path.replace(/\{\w+\}/g, "[^/]+")}$`).test(path));
  if (here.length === 0) {
    return refusal(
      requestId,
      404,
      "Path not found.",
      "There is nothing at this path.",
      "GENERAL_NOTFOUND_PATH",
    );
  }
  const methods = here.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  const allow = [...new Set(methods)].join(", ");
  const inWords = here.some((one) => one.answer === "verdict");
  const answer = inWords
    ? wrongMethodInWords(allow)
    : refusal(requestId, 405, "Method not allowed.", `Allowed here: ${allow}.`, "GENERAL_METHOD_NOT_ALLOWED");
  answer.headers.set("allow", allow);
  return answer;
}

/**
 * One request: who, may it, is it well-formed, record it, do it, record what came of it. Whatever is thrown on
 * the way is answered in one place.
 */
async function serve(
  route: Route,
  door: Door,
  context: Context<CallerOf>,
  options: ServeOptions,
): Promise<Response> {
  const authorization = context.req.raw.headers.get("authorization");
  const ids = idsOf(context);
  const query = queryOf(context, { keepEmpty: route.answer === "verdict" || isStrict(route) });
  const call = new RecordedCall(options, route, context.env, { ids, authorization });
  let unidentified = false;
  let answer: Response;
  const ends: (() => void)[] = [];
  const over = (end: () => void): void => void ends.push(end);
  try {
    const { address } = context.env;
    const asked = { ids, query, call, address, places: options.places, over };
    const ask = await admitted(route, door, context.req.raw, asked);
    await call.asked();
    const operation = ask.pool?.team === undefined ? route.operation : (route.relayed ?? route.operation);
    const value = await operation(ask);
    call.tell(saidBy(value));
    answer = await answerOf(route, value, options);
  } catch (error) {
    unidentified = error instanceof Unauthenticated || error instanceof OutOfHours;
    const { requestId: id } = context.env;
    const facts = { id, conflictCode: route.conflictCode, report: options.report };
    // Allowed, but not at this moment: which moment that was.
    if (error instanceof UserError && error.kind === "conflict") {
      call.tell({ outcome: error.code ?? route.conflictCode });
    }
    answer = route.answer === "verdict" ? refusalInWords(error, facts) : answerTo(error, facts);
  }
  for (const end of ends) end();
  await call.answered(answer.status, { unidentified });
  return answer;
}

const nothing = z.strictObject({});
const anything = z.unknown().transform(() => ({}));

/** What is known of a request before it is admitted. */
interface Asked {
  ids: Record<string, string>;
  query: GivenQuery;
  call: RecordedCall;
  address: string | null;
  places: KeyPlaces;
  /** What is to be done when the request is answered. */
  over: (end: () => void) => void;
}

/** The request as its operation gets it. @throws whatever the door or a schema has against it. */
async function admitted(
  route: Route,
  door: Door,
  request: Request,
  { ids, query, call, address, places, over }: Asked,
): Promise<AnyAsk> {
  const { access, credentials } = route;
  const known = (one: ApiKey, bySession: boolean): void => {
    call.identified(one, { bySession });
  };
  const identify = (): Promise<ApiKey> => door.identify(request, credentials, { address, known });
  const key = access === "without key" ? null : await identify();
  if (key !== null) over(places.enter(key.id));
  // Only there does the body say what the key is needed for; everywhere else it is read behind the door.
  const early =
    access !== "without key" && access.on === "pool of body" ? await readJson(request) : undefined;
  const poolIdInBody = poolIdOf(early);
  const named = {
    poolId: ids["poolId"],
    dataSourceId: ids["dataSourceId"],
    executionId: ids["executionId"],
    jobId: ids["jobId"],
    taskId: ids["taskId"],
    poolIdInBody,
    ...idsInQuery(access, query),
  };
  const found = (poolId: string): void => {
    call.about({ poolId });
  };
  const pool = access === "without key" || key === null ? null : await door.admit(key, access, named, found);
  const mayStill = async (): Promise<boolean> => {
    if (access === "without key") return true;
    try {
      await door.admit(await identify(), access, named, () => undefined);
      return true;
    } catch {
      return false;
    }
  };
  if (pool?.team !== undefined && route.relayed === null) throw new NotRelayed(pool.team.name);
  return {
    ids,
    key,
    pool,
    query: fitting(route.query ?? (isStrict(route) ? nothing : anything), query),
    body: await bodyOf(route, request, early),
    request,
    channel: call.channel,
    mayStill,
    wait: (waitMs, { refuse }) =>
      places.wait(key?.id ?? "", { waitMs, signal: request.signal, refuse }, over),
    get signal() {
      return request.signal;
    },
    tell: (told) => {
      call.tell(told);
    },
  };
}

/** What an answer says of what was done: its id or execution, and its outcome. */
function saidBy(value: unknown): Told {
  if (typeof value !== "object" || value === null || value instanceof Response) return {};
  const { id, executionId, outcome } = value as Record<string, unknown>;
  return {
    ...(typeof id === "string" ? { madeId: id } : {}),
    ...(typeof executionId === "string" ? { executionIds: [executionId] } : {}),
    ...(typeof outcome === "string" ? { outcome } : {}),
  };
}

async function bodyOf({ body: rule, deed }: Route, request: Request, early: unknown): Promise<unknown> {
  if (rule === "ignored") {
    checkAnnounced(request);
    return undefined;
  }
  // A stop has no other text than its reason.
  const reading = { mends: deed === "stop" };
  if (rule === "text") return await readText(request, reading);
  return fitting(rule.json, early ?? (await readJson(request, reading)));
}

async function answerOf(route: Route, value: unknown, { checkAnswers }: ServeOptions): Promise<Response> {
  if (value instanceof Response) {
    const isJson = value.headers.get("content-type") === "application/json";
    if (checkAnswers && isJson && typeof route.answer === "object") {
      route.answer.parse(await value.clone().json());
    }
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
