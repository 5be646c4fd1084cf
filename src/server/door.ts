import { knowsJob, may, mayOnTeam, onlyNamedJobs, type Keys, type Recognition } from "../engine/keys.ts";
import type { PageSessions } from "../engine/page-sessions.ts";
import { notFound } from "../engine/belonging.ts";
import type { ApiKey, DataPool, Verb } from "../model/definitions.ts";
import { UserError } from "../model/errors.ts";
import type { DefinitionStore, ExecutionStore, RemoteTeamStore } from "../model/state-store.ts";
import { OutOfHours, Unauthenticated } from "./errors.ts";
import type { PoolCache } from "./pool-cache.ts";
import type { Access, Credentials } from "./route.ts";
import { isFromPage, sessionIn } from "./session-cookie.ts";

/**
 * The one door. Every request that needs a key passes here and nowhere else: first who it is, then
 * whether the declared verb is granted on the object that the request names. Deny by default.
 */
export interface Door {
  /**
   * Whose key it is that the request comes with or stands for, if it may be used from there and now. What is in the
   * Authorization header counts; the page's cookie only where there is none, and only on routes that accept it.
   * `known` hears of a key of ours also where it may not be used, and whether the page's session stands for it.
   * @throws Unauthenticated, also from an address that the key is not for: whoever tries a stolen key must not be
   *   told that elsewhere it is good. OutOfHours: its holder is told when it is. UserError "denied" where a call by
   *   cookie would change something and does not come from the page.
   */
  identify(
    request: Request,
    accepts: Credentials,
    from: { address: string | null; known: (key: ApiKey, bySession: boolean) => void },
  ): Promise<ApiKey>;
  /**
   * The pool the request is about; null for what belongs to no pool. `found` hears its id before it is decided
   * whether the key may see it.
   * @throws UserError "not-found" for a pool or job that is not there or that the key may not see at all: the
   *   two must not be told apart; "denied" when it may be seen but the verb is missing, and for all that is not
   *   of named jobs where the key is for those.
   */
  admit(
    key: ApiKey,
    access: Guarded,
    named: Named,
    found: (poolId: string) => void,
  ): Promise<DataPool | null>;
}

/** Ids by which the request names what it is about; undefined where it names none. */
export interface Named {
  poolId: string | undefined;
  dataSourceId: string | undefined;
  executionId: string | undefined;
  jobId: string | undefined;
  taskId: string | undefined;
  /** `poolId` of the JSON body. */
  poolIdInBody: string | undefined;
  /** `pool` of the query; `execution` or `executionId` of it. */
  poolIdInQuery: string | undefined;
  executionIdInQuery: string | undefined;
}

const authorization = /^(?:appkey|bearer)[ \t]+(\S+)[ \t]*$/i;
const knownScheme = /^(?:appkey|bearer)(?:[ \t]|$)/i;

type Store = DefinitionStore & Pick<ExecutionStore, "execution"> & Pick<RemoteTeamStore, "relayedStop">;
type Guarded = Exclude<Access, "without key">;

export function createDoor(keys: Keys, sessions: PageSessions, store: Store, pools: PoolCache): Door {
  async function recognised(
    request: Request,
    accepts: Credentials,
    address: string | null,
  ): Promise<Recognition & { bySession: boolean }> {
    const header = request.headers.get("authorization");
    if (header === null || header.trim() === "") {
      const id = accepts === "key or session" ? sessionIn(request) : null;
      if (id === null) return { kind: "unknown", bySession: false };
      return { ...(await withSession(request, id, address)), bySession: true };
    }
    if (!knownScheme.test(header)) throw new Unauthenticated(true);
    const text = authorization.exec(header)?.[1];
    if (text === undefined) return { kind: "unknown", bySession: false };
    const keyId = accepts === "key or link" ? sessions.spendLink(text) : null;
    const found = keyId === null ? keys.recognise(text, address) : keys.again(keyId, address);
    return { ...(await found), bySession: false };
  }

  /** By the cookie. A read needs no token: the answer stays with whoever the browser gives it to, which is the page. */
  async function withSession(request: Request, id: string, address: string | null): Promise<Recognition> {
    const session = await sessions.find(id);
    if (session === null) return { kind: "unknown" };
    const found = await keys.again(session.keyId, address);
    const reads = request.method === "GET" || request.method === "HEAD";
    if (found.kind !== "usable" || reads || isFromPage(request, session.token)) return found;
    throw new UserError("denied", "The call does not come from the page.", {
      operation: "use the page's session",
      next: "Load the page again; other programs use a key.",
    });
  }

  return {
    async identify(request, accepts, { address, known }) {
      const found = await recognised(request, accepts, address);
      if (found.kind === "unknown") throw new Unauthenticated(false);
      known(found.key, found.bySession);
      if (found.kind === "elsewhere") throw new Unauthenticated(false);
      if (found.kind === "out of hours") throw new OutOfHours(found.why);
      return found.key;
    },

    async admit(key, access, named, found) {
      if (access.on === "team") {
        if (access.verb !== "any" && !mayOnTeam(key, access.verb)) throw denied(access.verb);
        return null;
      }
      const poolId = await poolIdOf(store, access.on, named, key);
      if (poolId !== undefined) found(poolId);
      const pool = poolId === undefined ? null : await pools.pool(poolId);
      if (pool === null || !may(key, "any", pool.id)) {
        throw notFound(nounOf[access.on]);
      }
      if (key.jobs !== null) await keepToJobs(store, key, access, named);
      if (!may(key, access.verb, pool.id)) throw denied(access.verb);
      return pool;
    },
  };
}

const nounOf = {
  pool: "data pool",
  "pool of body": "data pool",
  "pool of query": "data pool",
  "execution of query": "execution",
  "data source by id": "connection",
  "execution by id": "execution",
} as const;

async function poolIdOf(
  store: Store,
  on: keyof typeof nounOf,
  named: Named,
  key: ApiKey,
): Promise<string | undefined> {
  switch (on) {
    case "pool":
      return named.poolId;
    case "pool of body":
      return named.poolIdInBody;
    case "pool of query":
      return named.poolIdInQuery ?? (await onlyPool(store, key));
    case "execution of query":
      return named.executionIdInQuery === undefined
        ? undefined
        : (await executionIn(store, named.executionIdInQuery))?.poolId;
    case "data source by id":
      return named.dataSourceId === undefined
        ? undefined
        : (await store.dataSource(named.dataSourceId))?.poolId;
    case "execution by id":
      return named.executionId === undefined
        ? undefined
        : (await executionIn(store, named.executionId))?.poolId;
  }
}

/** One of this server, or one of another team that a stop was asked for here: others of those are not known. */
async function executionIn(store: Store, id: string): Promise<{ poolId: string; jobId: string } | null> {
  return (await store.execution(id)) ?? (await store.relayedStop(id));
}

/** undefined where the key sees none. @throws UserError "invalid" where it sees several: which is meant cannot be told. */
async function onlyPool(store: Store, key: ApiKey): Promise<string | undefined> {
  const seen = (await store.pools()).filter(({ id }) => may(key, "any", id));
  const [first] = seen;
  if (seen.length < 2) return first?.id;
  throw new UserError("invalid", `This key sees ${String(seen.length)} pools.`, {
    operation: "choose the pool",
    attribute: "pool",
    next: "Name one with pool=ID.",
  });
}

/**
 * For a key for named jobs: whatever the request names must be of one of them, and a route whose requests name
 * nothing of a job must have declared that its operation keeps to them. What is neither is refused, so that a
 * new route is.
 */
async function keepToJobs(
  store: Store,
  key: ApiKey,
  access: Exclude<Guarded, { on: "team" }>,
  { jobId, taskId, executionId, executionIdInQuery }: Named,
): Promise<void> {
  const known = (id: string | undefined): boolean => id !== undefined && knowsJob(key, id);
  if (jobId !== undefined && !known(jobId)) throw notFound("data job");
  if (taskId !== undefined && !known((await store.task(taskId))?.jobId)) throw notFound("task");
  for (const id of [executionId, executionIdInQuery]) {
    if (id !== undefined && !known((await executionIn(store, id))?.jobId)) throw notFound("execution");
  }
  const names = (jobId ?? taskId ?? executionId) !== undefined || access.on === "execution of query";
  if (!names && access.jobs !== "kept") throw onlyNamedJobs();
}

function denied(verb: Verb): UserError {
  return new UserError("denied", "Access is denied.", {
    operation: `use a key without the right to ${verb}`,
    next: "Ask for a key with this right.",
  });
}
