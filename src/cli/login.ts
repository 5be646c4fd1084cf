import { toAscii } from "../base/ascii.ts";
import { verdictOfFailure } from "../desk/index.ts";
import { asTeam } from "../relay/index.ts";
import { DeniedError, NotFoundError, UnexpectedAnswerError } from "../sdk/index.ts";
import type { Client } from "../sdk/index.ts";
import { addressOf, checkedPool, clientOf, schemeOption } from "./connect.ts";
import { textOption, UsageError } from "./context.ts";
import type { CliContext, Input, Run } from "./context.ts";
import { keyIn, readKeyFile } from "./key-file.ts";
import { printAnswer, printVerdict } from "./print.ts";
import {
  checkedName,
  profileNames,
  readProfile,
  removeProfile,
  usualProfile,
  writeProfile,
} from "./profiles.ts";

/** `nightdesk login`: the key is asked from the team before anything is kept. */
export const runLogin: Run = async (input, context) => {
  const { env, signal, stdout } = context;
  const json = input.options["json"] === true;
  const name = nameOf(input, context);
  const before = await readProfile(env, name).catch(() => null);
  const address = textOption(input, "url") ?? (env["NIGHTDESK_URL"] || undefined) ?? before?.url;
  const to = addressOf(address);
  const url = to.origin;
  const pool = textOption(input, "pool") ?? (env["NIGHTDESK_POOL"] || undefined);
  // Of another team it would be another pool.
  const poolId = pool === undefined ? (before?.url === url ? before.poolId : null) : checkedPool(pool);
  const asked = schemeOption(input);
  const { key, scheme: told } = await keyFrom(input, context, url);
  const scheme = asked ?? told ?? "AppKey";
  const client = clientOf(to, { key, scheme }, context);
  try {
    await asTeam(() => tryKey(client, { signal }));
  } catch (error) {
    const place = { url, poolId: poolId ?? "" };
    return printVerdict(verdictOfFailure(error), { json, place: poolId === null ? null : place }, stdout);
  }
  await writeProfile(env, name, { url, poolId, key, scheme });
  const answer = {
    code: 0,
    word: "LOGGED IN",
    reason: `profile ${name} is kept: ${url}${poolId === null ? ", no pool" : `, pool ${poolId}`}`,
    lines: [],
    fields: { profile: name, url, pool: poolId === null ? null : { id: poolId }, scheme },
  } as const;
  return printAnswer(answer, { json }, stdout);
};

/** `nightdesk logout`. Harmless when there is nothing to forget. */
export const runLogout: Run = async (input, context) => {
  const name = nameOf(input, context);
  const removed = await removeProfile(context.env, name);
  const reason = removed
    ? `profile ${name} is forgotten; the key itself stays valid until it is revoked`
    : `there was no profile ${name}`;
  const answer = {
    code: 0,
    word: "LOGGED OUT",
    reason,
    lines: [],
    fields: { profile: name, removed },
  } as const;
  return printAnswer(answer, { json: input.options["json"] === true }, context.stdout);
};

/** `nightdesk profiles`: never with a key. */
export const runProfiles: Run = async (input, { env, stdout }) => {
  const profiles: { name: string; url: string | null; pool: { id: string } | null; scheme: string | null }[] =
    [];
  for (const name of await profileNames(env)) {
    const kept = await readProfile(env, name).catch(() => null);
    const pool = kept === null || kept.poolId === null ? null : { id: kept.poolId };
    profiles.push({ name, url: kept?.url ?? null, pool, scheme: kept?.scheme ?? null });
  }
  const lines = profiles.map(({ name, url, pool }) => {
    const where =
      url === null ? "cannot be read" : `${toAscii(url)}${pool === null ? "" : `, pool ${pool.id}`}`;
    return `  ${name} ${where}`;
  });
  const reason = `${String(profiles.length)} ${profiles.length === 1 ? "profile" : "profiles"}`;
  const answer = { code: 0, word: "PROFILES", reason, lines, fields: { profiles } } as const;
  return printAnswer(answer, { json: input.options["json"] === true }, stdout);
};

function nameOf(input: Input, { env }: CliContext): string {
  return checkedName(textOption(input, "profile") ?? (env["NIGHTDESK_PROFILE"] || usualProfile));
}

/** Never from the command line itself: it would stand in the shell's history and in every list of processes. */
async function keyFrom(
  input: Input,
  { stderr, secret }: CliContext,
  url: string,
): Promise<ReturnType<typeof keyIn>> {
  const file = textOption(input, "keyFile");
  if (file !== undefined) return readKeyFile(file, (line) => void stderr.write(`${line}\n`));
  const typed = await secret(`Key for ${url} (not shown): `);
  if (typed.trim() === "")
    throw new UsageError("no key was given", "type it, pipe it in, or give --key-file FILE");
  return keyIn(typed, "what was typed");
}

/** @throws DeniedError for a key that the team does not take; anything but a Nightdesk is asked for its pools. */
async function tryKey(client: Client, options: { signal: AbortSignal }): Promise<void> {
  try {
    await client.desk.about(options);
  } catch (error) {
    const noNightdesk =
      error instanceof NotFoundError ||
      error instanceof DeniedError ||
      error instanceof UnexpectedAnswerError;
    if (!noNightdesk) throw error;
    await client.pools.list(options);
  }
}
