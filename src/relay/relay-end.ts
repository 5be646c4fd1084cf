import type { Clock } from "../base/clock.ts";
import type { RelayEnd, RemoteObject, StopMemory } from "../model/remote-team.ts";
import { createClient } from "../sdk/index.ts";
import type { FetchLike } from "../sdk/index.ts";
import { celonisTeam } from "./celonis-team.ts";
import { asTeam } from "./failures.ts";
import { notUnderstood } from "./shapes.ts";
import { upstreamFetch, type UpstreamCredentials } from "./upstream-fetch.ts";

/** In the place of a key: the real one is put on where the request leaves, and nowhere before. */
const placeholder = "put-on-by-the-relay";

/** A team far away, for a server that relays to it. `url`: its origin. */
export function relayEnd(
  { url, credentials }: { url: string; credentials: UpstreamCredentials },
  { fetch, clock, memory, quietMs }: { fetch: FetchLike; clock: Clock; memory: StopMemory; quietMs?: number },
): RelayEnd {
  const client = createClient({
    url,
    key: placeholder,
    fetch: upstreamFetch(fetch, { origin: new URL(url).origin, credentials, clock }),
  });
  return {
    ...celonisTeam(client, clock, { memory, ...(quietMs === undefined ? {} : { quietMs }) }),
    statusLines: (poolId, options) =>
      asTeam(async () => withIds(await client.logs.status(poolId, options), "list of statuses")),
    jobObjects: (poolId, options) =>
      asTeam(async () => withIds(await client.jobs.list(poolId, options), "job list")),
    runs: (poolId, jobId, page, options) =>
      asTeam(async () => {
        const found = await client.logs.executions(poolId, jobId, page, options);
        return paged(found, withIds(found.executionItems, "list of executions"), "executionItems");
      }),
    runItems: (poolId, query, options) =>
      asTeam(async () => withIds(await client.logs.items(poolId, query, options), "list of an execution")),
    runLog: (poolId, query, options) =>
      asTeam(async () => {
        const found = await client.logs.detail(poolId, query, options);
        return paged(found, withIds(found.logMessages, "log"), "logMessages");
      }),
  };
}

/** A page as it came, its list and number looked at. */
function paged<const Name extends string>(
  found: { numOfPages: number },
  list: RemoteObject[],
  name: Name,
): Record<Name, RemoteObject[]> & { numOfPages: number } {
  if (typeof found.numOfPages !== "number") throw notUnderstood("number of pages");
  return { ...found, [name]: list } as Record<Name, RemoteObject[]> & { numOfPages: number };
}

function withIds(objects: object[], what: string): RemoteObject[] {
  if (!Array.isArray(objects)) throw notUnderstood(what);
  return objects.map((one) => {
    const { id } = one as Partial<RemoteObject>;
    if (typeof id !== "string") throw notUnderstood(what);
    return { ...one, id };
  });
}
