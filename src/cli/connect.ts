import { isId } from "../base/ids.ts";
import { probedTeam } from "../desk/index.ts";
import type { TeamProbe } from "../desk/index.ts";
import { celonisTeam, httpFetch, proxyFor } from "../relay/index.ts";
import { createClient } from "../sdk/index.ts";
import type { Client } from "../sdk/index.ts";
import { textOption, UsageError } from "./context.ts";
import type { CliContext, Input } from "./context.ts";
import { keyIn, readKeyFile } from "./key-file.ts";
import type { Key } from "./key-file.ts";
import type { Place } from "./print.ts";
import { checkedName, readProfile, usualProfile } from "./profiles.ts";
import type { Profile } from "./profiles.ts";

/** Names of hosts that are this machine: a key on its way there crosses no network. */
const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

export interface Connected {
  client: Client;
  team: ReturnType<typeof celonisTeam>;
}

/**
 * The team and pool that options, profile and environment name. Nothing is sent yet.
 *
 * What an option says comes first, then the profile that --profile names, then the environment, then the profile that
 * NIGHTDESK_PROFILE names; the profile "default" is taken only where nothing else names a team or a key. A profile's
 * key goes to the profile's address alone.
 * @param waitMs how long an answer to a change may take beyond the usual limit.
 * @throws UsageError.
 */
export async function connect(
  input: Input,
  context: CliContext,
  { waitMs = 0, job = null }: { waitMs?: number; job?: string | null } = {},
): Promise<Connected & { place: Place }> {
  const named = await namedIn(input, context.env);
  const url = addressOf(named.of("url", "NIGHTDESK_URL", "url"));
  const poolId = poolOf(named);
  const connected = await clientFor(url, named, { input, context, waitMs, job });
  return { ...connected, place: { url: url.origin, poolId } };
}

/**
 * As `connect`, for an answer about the job that is named, or all: probes look for these, those of a relay and with
 * `--probes` those of the file. `unprobed`: the same team without those of the file.
 * @throws UsageError.
 */
export async function connectWithProbes(
  input: Input,
  context: CliContext,
  options?: { waitMs: number },
): Promise<Connected & { unprobed: Connected["team"]; place: Place }> {
  const file = textOption(input, "probes");
  const job = input.argument;
  const { client, team: unprobed, place } = await connect(input, context, { ...options, job });
  if (file === undefined) return { client, team: unprobed, unprobed, place };
  const { clock } = context;
  const probes = await probesOf(file, context);
  const team = probedTeam(unprobed, probes, { job, clock });
  return { client, team, unprobed, place };
}

async function probesOf(file: string, context: CliContext): Promise<TeamProbe[]> {
  try {
    return await context.probes(file);
  } catch (error) {
    if (!(error instanceof Error && "line" in error)) throw error;
    throw new UsageError(String(error.line), null);
  }
}

/** As `connect`, for what belongs to no pool. */
export async function connectToServer(
  input: Input,
  context: CliContext,
): Promise<Connected & { url: string }> {
  const named = await namedIn(input, context.env);
  const url = addressOf(named.of("url", "NIGHTDESK_URL", "url"));
  return { ...(await clientFor(url, named, { input, context, waitMs: 0, job: null })), url: url.origin };
}

/** The id of the pool that is named. @throws UsageError. */
export async function poolOption(input: Input, context: CliContext): Promise<string> {
  return poolOf(await namedIn(input, context.env));
}

function poolOf(named: Named): string {
  const pool = named.of("pool", "NIGHTDESK_POOL", "poolId");
  if (pool === undefined) throw new UsageError("no pool named", "give --pool ID or set NIGHTDESK_POOL");
  return checkedPool(pool);
}

async function clientFor(
  url: URL,
  named: Named,
  { input, context, waitMs, job }: { input: Input; context: CliContext; waitMs: number; job: string | null },
): Promise<Connected> {
  const { env, stderr, clock } = context;
  const { key, scheme } = await keyOf(
    input,
    env,
    { ...named, url },
    (line) => void stderr.write(`${line}\n`),
  );
  const client = clientOf(url, { key, scheme: schemeOption(input) ?? scheme ?? "AppKey" }, context, {
    waitMs,
  });
  return { client, team: celonisTeam(client, clock, { job }) };
}

/** A client for this address and key, by the way that the environment names. */
export function clientOf(
  url: URL,
  { key, scheme }: { key: string; scheme: "AppKey" | "Bearer" },
  { env, stderr }: Pick<CliContext, "env" | "stderr">,
  { waitMs = 0 }: { waitMs?: number } = {},
): Client {
  if (url.protocol === "http:" && !isLoopback(url)) {
    stderr.write(`warning: the key goes to ${url.host} over plain HTTP; anyone on the way can read it\n`);
  }
  return createClient({
    url: url.origin,
    key,
    scheme,
    fetch: httpFetch({ waitMs, proxy: (to) => proxyFor(to, env) }),
  });
}

/** @throws UsageError for anything but an id. */
export function checkedPool(poolId: string): string {
  if (isId(poolId)) return poolId;
  throw new UsageError("--pool takes the id of a pool, not its name", "take the id from nightdesk pools");
}

interface ProfileInUse {
  profile: Profile | null;
  /** It was named on the command line, and so comes before the environment. */
  first: boolean;
}

interface Named extends ProfileInUse {
  /** The value that counts, of an option, a variable and a field of the profile; undefined: nobody gave one. */
  of: (option: string, variable: string, field: "url" | "poolId") => string | undefined;
}

async function namedIn(input: Input, env: CliContext["env"]): Promise<Named> {
  const { profile, first } = await profileOf(input, env);
  return {
    profile,
    first,
    of: (option, variable, field) => {
      const kept = profile?.[field] || undefined;
      const set = env[variable] || undefined;
      return textOption(input, option) ?? (first ? (kept ?? set) : (set ?? kept));
    },
  };
}

async function profileOf(input: Input, env: CliContext["env"]): Promise<ProfileInUse> {
  const option = textOption(input, "profile");
  const named = option ?? (env["NIGHTDESK_PROFILE"] || undefined);
  if (named !== undefined) {
    const profile = await readProfile(env, checkedName(named));
    if (profile === null) {
      throw new UsageError(
        `there is no profile ${named}`,
        `nightdesk login --profile ${named} makes it; nightdesk profiles lists what there is`,
      );
    }
    return { profile, first: option !== undefined };
  }
  const options = ["url", "keyFile"].some((name) => textOption(input, name) !== undefined);
  const variables = ["NIGHTDESK_URL", "NIGHTDESK_KEY_FILE", "NIGHTDESK_KEY"].some((name) => env[name]);
  return { profile: options || variables ? null : await readProfile(env, usualProfile), first: false };
}

/** Whether it is this machine and no other. */
export function isLoopback({ hostname }: URL): boolean {
  return loopback.test(hostname);
}

/** What the user wrote is not repeated: it may hold a password. */
export function addressOf(text: string | undefined): URL {
  const next = "give --url https://HOST, set NIGHTDESK_URL, or keep it with nightdesk login";
  if (text === undefined) throw new UsageError("no address of a team", next);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new UsageError("the address of the team is not an http or https address", next);
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError("the address of the team must hold no user and no password", next);
  }
  // Left out in silence it would lead elsewhere than what was written.
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw new UsageError(
      "the address of the team ends after its host and port",
      `give it as ${url.origin}; a path in front of the API is not supported`,
    );
  }
  return url;
}

async function keyOf(
  input: Input,
  env: CliContext["env"],
  { profile, first, url }: ProfileInUse & { url: URL },
  warn: (line: string) => void,
): Promise<Key> {
  const option = textOption(input, "keyFile");
  const file = option ?? (first ? undefined : env["NIGHTDESK_KEY_FILE"] || undefined);
  if (file !== undefined) return readKeyFile(file, warn);
  const key = first ? "" : (env["NIGHTDESK_KEY"] ?? "");
  if (key !== "") return keyIn(key, "NIGHTDESK_KEY");
  if (profile === null) {
    throw new UsageError(
      "no key",
      "give --key-file FILE, set NIGHTDESK_KEY_FILE or NIGHTDESK_KEY, or keep one with nightdesk login",
    );
  }
  if (profile.url !== url.origin) {
    throw new UsageError(
      `the key of the profile is for ${profile.url} and is sent nowhere else`,
      "leave out --url and NIGHTDESK_URL, or give --key-file FILE",
    );
  }
  return { key: profile.key, scheme: profile.scheme };
}

/** @throws UsageError. */
export function schemeOption(input: Input): "AppKey" | "Bearer" | null {
  switch (textOption(input, "keyScheme")?.toLowerCase()) {
    case undefined:
      return null;
    case "appkey":
      return "AppKey";
    case "bearer":
      return "Bearer";
    default:
      throw new UsageError("--key-scheme takes AppKey or Bearer");
  }
}
