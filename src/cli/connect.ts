import { isId } from "../base/ids.ts";
import { celonisTeam } from "../relay/index.ts";
import { createClient } from "../sdk/index.ts";
import type { Client } from "../sdk/index.ts";
import { textOption, UsageError } from "./context.ts";
import type { CliContext, Input } from "./context.ts";
import { httpFetch } from "./http.ts";
import { keyIn, readKeyFile } from "./key-file.ts";
import type { Key } from "./key-file.ts";
import type { Place } from "./print.ts";

/** Names of hosts that are this machine: a key on its way there crosses no network. */
const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/**
 * The team that options and environment name; options come first. Nothing is sent yet.
 * @param waitMs how long an answer to a change may take beyond the usual limit.
 * @throws UsageError.
 */
export async function connect(
  input: Input,
  context: CliContext,
  { waitMs = 0 }: { waitMs?: number } = {},
): Promise<{ client: Client; team: ReturnType<typeof celonisTeam>; place: Place }> {
  const url = addressOf(given(input, context, "url", "NIGHTDESK_URL"));
  const poolId = poolOption(input, context);
  const client = await clientFor(url, input, context, { waitMs });
  return { client, team: celonisTeam(client, context.clock), place: { url: url.origin, poolId } };
}

/** As `connect`, for what belongs to no pool. */
export async function connectToServer(
  input: Input,
  context: CliContext,
): Promise<{ client: Client; url: string }> {
  const url = addressOf(given(input, context, "url", "NIGHTDESK_URL"));
  return { client: await clientFor(url, input, context, { waitMs: 0 }), url: url.origin };
}

/** The id of the pool that is named. @throws UsageError. */
export function poolOption(input: Input, context: CliContext): string {
  const poolId = given(input, context, "pool", "NIGHTDESK_POOL");
  if (poolId === undefined) throw new UsageError("no pool named", "give --pool ID or set NIGHTDESK_POOL");
  if (!isId(poolId))
    throw new UsageError(
      "--pool takes the id of a pool, not its name",
      "copy the id from the pool's address",
    );
  return poolId;
}

function given(input: Input, { env }: CliContext, option: string, name: string): string | undefined {
  return textOption(input, option) ?? (env[name] || undefined);
}

async function clientFor(
  url: URL,
  input: Input,
  context: CliContext,
  { waitMs }: { waitMs: number },
): Promise<Client> {
  const { env, stderr } = context;
  const warn = (line: string): void => void stderr.write(`${line}\n`);
  const { key, scheme } = await keyOf(
    given(input, context, "keyFile", "NIGHTDESK_KEY_FILE"),
    env["NIGHTDESK_KEY"] || undefined,
    warn,
  );
  const asked = schemeOption(input);
  if (url.protocol === "http:" && !loopback.test(url.hostname)) {
    warn(`warning: the key goes to ${url.host} over plain HTTP; anyone on the way can read it`);
  }
  return createClient({
    url: url.origin,
    key,
    scheme: asked ?? scheme ?? "AppKey",
    fetch: httpFetch({ waitMs }),
  });
}

/** What the user wrote is not repeated: it may hold a password. */
function addressOf(text: string | undefined): URL {
  const next = "give --url https://HOST or set NIGHTDESK_URL";
  if (text === undefined) throw new UsageError("no address of a team", next);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new UsageError("the address of the team is not an http or https address", next);
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError("the address of the team must hold no user and no password", next);
  }
  return url;
}

async function keyOf(
  file: string | undefined,
  key: string | undefined,
  warn: (line: string) => void,
): Promise<Key> {
  if (file !== undefined) return readKeyFile(file, warn);
  if (key !== undefined) return keyIn(key, "NIGHTDESK_KEY");
  throw new UsageError("no key", "give --key-file FILE, or set NIGHTDESK_KEY_FILE or NIGHTDESK_KEY");
}

function schemeOption(input: Input): "AppKey" | "Bearer" | null {
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
