import type { z } from "zod";
import type { IdsIn, PathTemplate } from "../contract/index.ts";
import type { Deed } from "../model/audit.ts";
import type { Hold } from "../model/hold.ts";
import type { StopChannel } from "../model/stop.ts";
import type { Wait } from "./places.ts";
import { verbs, type ApiKey, type DataPool, type Verb } from "../model/definitions.ts";

/**
 * Who may use a route: a verb, and on which object it is needed. "any" is any valid key.
 * - pool: `{poolId}` of the path
 * - pool of body: `poolId` of the JSON body
 * - pool of query: `pool` of the query; where it is not given, the only pool that the key sees
 * - execution of query: the pool of `execution` of the query
 * - data source by id, execution by id: the pool of that id in a path without a pool
 * - team: what belongs to no pool; the verb must be granted on "*"
 *
 * A key for named jobs passes where the path names a job of it, or a task or execution of one. `jobs: "kept"`
 * lets it in elsewhere: the operation then gives and does nothing but what is of jobs that `knowsJob` knows.
 */
export type Access =
  | { verb: Verb; on: OnPool; jobs?: "kept" }
  | { verb: Verb | "any"; on: "team" }
  | "without key";

/**
 * What a route lets one in by. Every route takes a key in the Authorization header; what the page calls takes the
 * page's session too, and signing in a one-time link.
 */
export type Credentials = "key" | "key or session" | "key or link";

type OnPool =
  | "pool"
  | "pool of body"
  | "pool of query"
  | "execution of query"
  | "data source by id"
  | "execution by id";

/** What an operation gets: everything in it has passed the door and its schema. */
export type Ask<Path extends string, A extends Access, Query, Body> = {
  /** Ids of the path, lower case; nothing is known yet of those behind the pool's. */
  ids: Record<IdsIn<Path>, string>;
  query: Query;
  body: Body;
  /** What came, for what none of the others says: headers. Its body is read already. */
  readonly request: Request;
  /** The door that it came through, as its record has it. */
  readonly channel: StopChannel;
  /** Whether the door would let the same call in now: for answers that go on for longer than rights may last. */
  mayStill: () => Promise<boolean>;
  /**
   * For what waits in its answer: a place among the waits of the key, for so many ms, given back when it is answered.
   * Without one it does not wait. @throws TooMany where `refuse`.
   */
  wait: (ms: number, options: { refuse: boolean }) => Wait;
  /** Aborts when the client has gone. A real request is only made of it when it is read. */
  readonly signal: AbortSignal;
  /** For the audit log: what the answer does not say by itself. */
  tell: (told: Told) => void;
} & (A extends "without key" ? unknown : { key: ApiKey }) &
  (A extends { on: OnPool } ? { pool: DataPool } : unknown);

/**
 * What an operation did, for its record. Of a JSON answer `id` (of what was made), `executionId` and `outcome`
 * are taken over without being told.
 */
export interface Told {
  madeId?: string;
  /** More of what it was about than the path says. */
  ids?: Record<string, string>;
  executionIds?: string[];
  /** Holds that it laid, ended, or would end. */
  holds?: readonly Hold[];
  outcome?: string;
  /** The reason that the caller gave; null: none. */
  because?: string | null;
  /** Hashes of what was changed, where neither the path nor the answer names it. */
  changed?: { before: string | null; after: string | null };
}

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/**
 * Answers that are no JSON. "verdict": the plain text of the desk, whatever the status. "file" and "events": the
 * operation makes the whole Response.
 */
export type NoJson = "empty" | "empty or text" | "verdict" | "file" | "events";

/** How a body is read. A JSON body that is absent reaches its schema as undefined. */
export type BodyRule<Schema extends z.ZodType = z.ZodType> = { json: Schema } | "text" | "ignored";

/** A route as the table holds it. Everything the server does with a request is derived from this. */
export interface Route {
  readonly method: Method;
  readonly path: PathTemplate;
  readonly access: Access;
  readonly credentials: Credentials;
  readonly query: z.ZodType | null;
  readonly body: BodyRule;
  /** Schema of the JSON of a 200, or what else it is. */
  readonly answer: z.ZodType | NoJson;
  /** errorCode of a 409 of this route, where the error has none of its own. */
  readonly conflictCode: string;
  /** The word of the act in records and reports. A "stop" is done even when it cannot be recorded. */
  readonly deed: Deed | null;
  /** Resolves with the value of the answer, or with a whole Response where that is not a JSON 200. */
  readonly operation: (ask: AnyAsk) => Promise<unknown>;
  /** The same for a pool of another team; null: the route does not reach there, and answers 501. */
  readonly relayed: ((ask: AnyAsk) => Promise<unknown>) | null;
}

/** An ask before its route gives it its types. */
export interface AnyAsk {
  ids: Record<string, string>;
  query: unknown;
  body: unknown;
  readonly request: Request;
  readonly channel: StopChannel;
  mayStill: () => Promise<boolean>;
  wait: (ms: number, options: { refuse: boolean }) => Wait;
  readonly signal: AbortSignal;
  tell: (told: Told) => void;
  key: ApiKey | null;
  pool: DataPool | null;
}

interface Declaration<
  Path extends PathTemplate,
  A extends Access,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> {
  method: Method;
  path: Path;
  access: A;
  credentials?: Credentials;
  query?: Query;
  body?: { json: Body } | "text";
  answer: Answer | NoJson;
  conflictCode?: string;
  deed?: Deed;
  operation: (ask: Ask<Path, A, z.output<Query>, BodyOf<Body>>) => Promise<z.output<Answer> | Response>;
  /** For a pool of another team; "same": the operation itself is made for both. */
  relayed?:
    | "same"
    | ((ask: Ask<Path, A, z.output<Query>, BodyOf<Body>>) => Promise<z.output<Answer> | Response>);
}

/** A raw text body has no schema: `Body` is then inferred as its constraint. */
type BodyOf<Body extends z.ZodType> = z.ZodType extends Body ? string : z.output<Body>;

/** Declares a route; the types of its operation come from its path, access and schemas. */
export function route<
  const Path extends PathTemplate,
  const A extends Access,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType<undefined>,
>(declared: Declaration<Path, A, Query, Body, Answer>): Route {
  const { relayed } = declared;
  return {
    method: declared.method,
    path: declared.path,
    access: declared.access,
    credentials: declared.credentials ?? "key",
    query: declared.query ?? null,
    body: declared.body ?? "ignored",
    answer: declared.answer,
    conflictCode: declared.conflictCode ?? "GENERAL_CONFLICT",
    deed: declared.deed ?? null,
    // The door fills what the access promises; `checkTable` refuses a table where path and access disagree.
    operation: declared.operation as (ask: never) => Promise<unknown> as Route["operation"],
    relayed: (relayed === undefined ? null : relayed === "same" ? declared.operation : relayed) as
      | ((ask: never) => Promise<unknown>)
      | null as Route["relayed"],
  };
}

/** Our own wire, where it changes something: what it does not know, or is empty, it refuses. Celonis' ignores that. */
export function isStrict({ method, path }: Pick<Route, "method" | "path">): boolean {
  return method !== "GET" && path.startsWith("/desk/");
}

/** Whether a field that no schema has would be let through. */
function letsThrough(schema: z.ZodType): boolean {
  const { error } = schema.safeParse({ "no such field": true });
  return error?.issues.some(({ code }) => code === "unrecognized_keys") !== true;
}

const namesJob = /\{(?:jobId|taskId|executionId)\}/;

/**
 * Refuses a table that could let something through: a route without a declared verb, an access that its path
 * cannot serve, a route declared twice. Runs before anything listens.
 * @throws Error naming every wrong route.
 */
export function checkTable(routes: readonly Route[]): void {
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const { method, path, access, query, body } of routes) {
    const name = `${method} ${path}`;
    if (seen.has(name)) wrong.push(`${name}: declared twice`);
    seen.add(name);
    const known = access as Partial<{ verb: string; on: string; jobs: string }> | string | undefined;
    const given = [query, typeof body === "object" ? body.json : null].filter((schema) => schema !== null);
    if (isStrict({ method, path }) && given.some(letsThrough))
      wrong.push(`${name}: lets unknown fields through`);
    if (known === "without key") continue;
    if (typeof known !== "object" || known.verb === undefined || ![...verbs, "any"].includes(known.verb)) {
      wrong.push(`${name}: declares no verb`);
      continue;
    }
    const inPool = path.includes("{poolId}");
    const fits =
      known.on === "pool"
        ? inPool && known.verb !== "any"
        : known.on === "pool of body"
          ? !inPool && typeof body === "object"
          : known.on === "pool of query" || known.on === "execution of query"
            ? !inPool && query !== null && known.verb !== "any"
            : known.on === "data source by id"
              ? !inPool && path.includes("{dataSourceId}")
              : known.on === "execution by id"
                ? !inPool && path.includes("{executionId}")
                : known.on === "team" && !inPool;
    if (!fits) wrong.push(`${name}: its access does not fit its path`);
    const ofPool = known.on === "pool" || known.on === "pool of query";
    if (known.jobs !== undefined && !(ofPool && known.jobs === "kept" && !namesJob.test(path))) {
      wrong.push(`${name}: what it says of jobs does not fit its path`);
    }
  }
  if (wrong.length > 0) throw new Error(`The route table is refused:\n${wrong.join("\n")}`);
}
