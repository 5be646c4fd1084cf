import { dataSources } from "./data-sources.ts";
import { desk } from "./desk.ts";
import { deskSettings } from "./desk-settings.ts";
import { executions } from "./executions.ts";
import { extractions } from "./extractions.ts";
import { jobs } from "./jobs.ts";
import { keys } from "./keys.ts";
import { logs } from "./logs.ts";
import { pools } from "./pools.ts";
import { createAsk } from "./request.ts";
import type { FetchLike } from "./request.ts";
import { tasks } from "./tasks.ts";
import { teams } from "./teams.ts";
import { transformations } from "./transformations.ts";
import { workbench } from "./workbench.ts";

export interface ClientOptions {
  /** Address of the team; a path after the host is ignored. http or https. */
  url: string;
  /** Goes into the Authorization header of calls to this address, nowhere else. */
  key: string;
  /** AppKey (the default) for application keys, Bearer for a person's. A Nightdesk takes both. */
  scheme?: "AppKey" | "Bearer";
  /** The global `fetch`, or anything like it. */
  fetch: FetchLike;
}

export type Client = ReturnType<typeof createClient>;

/**
 * The client: resources are nouns, methods verbs, ids in the order of the path, `{ signal }` last.
 * Nothing is retried. Every method rejects with a ClientError, or with the reason of its signal.
 * @throws TypeError for an address or a key that cannot be one; the message does not hold the key.
 */
export function createClient({ url, key, scheme = "AppKey", fetch }: ClientOptions) {
  const address = URL.canParse(url) ? new URL(url) : null;
  if (address === null || (address.protocol !== "http:" && address.protocol !== "https:")) {
    throw new TypeError("url is not an http or https address");
  }
  if (!/^[\x21-\x7e]+$/.test(key)) throw new TypeError("key is empty or holds characters that no key has");
  const ask = createAsk({ origin: address.origin, key, scheme, fetch });
  return {
    pools: pools(ask),
    dataSources: dataSources(ask),
    jobs: jobs(ask),
    executions: executions(ask),
    tasks: tasks(ask),
    transformations: transformations(ask),
    extractions: extractions(ask),
    logs: logs(ask),
    workbench: workbench(ask),
    keys: keys(ask),
    teams: teams(ask),
    desk: desk(ask),
    deskSettings: deskSettings(ask),
  };
}
