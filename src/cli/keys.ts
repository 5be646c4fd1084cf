import { asciiJson, toAscii } from "../base/ascii.ts";
import { isId } from "../base/ids.ts";
import { verdict, verdictOfFailure } from "../desk/index.ts";
import type { Verdict } from "../desk/index.ts";
import type { KeyTransport } from "../contract/index.ts";
import { asTeam } from "../relay/index.ts";
import { connectToServer } from "./connect.ts";
import { UsageError } from "./context.ts";
import type { Output, Run } from "./context.ts";
import { printVerdict } from "./print.ts";

/** `nightdesk keys list`: 0 when they could be read. */
export const runList: Run = async (input, context) => {
  const json = input.options["json"] === true;
  const { client, url } = await connectToServer(input, context);
  let keys: KeyTransport[];
  try {
    keys = await asTeam(() => client.keys.list({ signal: context.signal }));
  } catch (error) {
    return printVerdict(keyVerdict(error), { json, place: null }, context.stdout);
  }
  const now = context.clock.now();
  const usable = keys.filter(
    ({ revokedAt, expiresAt }) => revokedAt === null && (expiresAt ?? Infinity) > now,
  );
  const reason = `${String(keys.length)} keys, ${String(usable.length)} neither revoked nor expired`;
  printKeys(
    { word: "KEYS", reason, lines: keys.map(keyLine), facts: { url, keys } },
    { json },
    context.stdout,
  );
  return 0;
};

/** `nightdesk keys revoke KEY`: 0 when it is refused from now on. */
export const runRevoke: Run = async (input, context) => {
  const json = input.options["json"] === true;
  const { argument: id } = input;
  if (id === null || !isId(id)) {
    throw new UsageError("KEY is the id of a key, never the key itself", "take it from nightdesk keys list");
  }
  const { client, url } = await connectToServer(input, context);
  try {
    await asTeam(() => client.keys.revoke(id, { signal: context.signal }));
  } catch (error) {
    const failed = failedChange(error, `whether key ${id} was revoked`);
    return printVerdict(failed, { json, place: null }, context.stdout);
  }
  const reason = `REVOKED: key ${id} is refused from its next call on`;
  printKeys({ word: "KEYS", reason, lines: [], facts: { url, id } }, { json }, context.stdout);
  return 0;
};

/** Why nothing could be read or done about keys; the next step is another than at the desk. */
export function keyVerdict(error: unknown): Verdict {
  const failed = verdictOfFailure(error);
  if (failed.word !== "DENIED") return failed;
  return { ...failed, next: "use a key with the verb admin on everything, and check the id" };
}

/** `what`: e.g. `whether the key was made`. Without a clear answer it may have been done all the same. */
export function failedChange(error: unknown, what: string): Verdict {
  const failed = keyVerdict(error);
  if (failed.word !== "UNREACHABLE" && failed.word !== "UNKNOWN") return failed;
  return verdict("UNKNOWN", `${what} is not known: ${failed.reason}`, { next: "see nightdesk keys list" });
}

/** Writes an answer about keys: as text line 1 is the word and the last line the code, as everywhere. */
export function printKeys(
  { word, reason, lines, facts }: { word: string; reason: string; lines: string[]; facts: object },
  { json }: { json: boolean },
  stdout: Output,
): void {
  const text = [`NIGHTDESK ${word}`, ...lines.map((line) => `  ${line}`), `CODE 0 REASON ${reason}`];
  stdout.write(
    json
      ? `${asciiJson({ code: 0, word, reason, ...facts })}\n`
      : text.map((line) => `${toAscii(line)}\n`).join(""),
  );
}

/** One key in one line; what it is not limited to is not said. */
export function keyLine(key: KeyTransport): string {
  const { id, name, prefix, grants, hours, jobs, addresses } = key;
  const day = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  return [
    `${JSON.stringify(name)} ${prefix}...`,
    ...grants.map(({ poolId, verbs }) => `${verbs.join(" ")} on ${poolId}`),
    ...(jobs === null ? [] : [`only jobs ${jobs.join(" ")}`]),
    ...(hours === null ? [] : [`only ${hoursWords(hours)}`]),
    ...(addresses === null ? [] : [`only from ${addresses.join(" ")}`]),
    key.expiresAt === null ? "never expires" : `expires ${day(key.expiresAt)}`,
    ...(key.revokedAt === null ? [] : [`REVOKED ${day(key.revokedAt)}`]),
    key.lastUsedAt === null ? "never used" : `last used ${day(key.lastUsedAt)}`,
    `key ${id}`,
  ].join(", ");
}

function hoursWords({ zone, from, to, days = null }: NonNullable<KeyTransport["hours"]>): string {
  return `${from} to ${to}${days === null ? "" : ` on ${days.join(" ")}`} ${zone}`;
}
