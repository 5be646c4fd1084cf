import { open, rm, type FileHandle } from "node:fs/promises";
import { isId } from "../base/ids.ts";
import { keyVerbs, keyWeekdays } from "../contract/index.ts";
import type { CreatedKey, KeyHours, NewKey } from "../contract/index.ts";
import { verdict } from "../desk/index.ts";
import { asTeam } from "../relay/index.ts";
import type { Client } from "../sdk/index.ts";
import { connectToServer, poolOption } from "./connect.ts";
import { momentOption, textOption, UsageError } from "./context.ts";
import type { CliContext, Input, Run } from "./context.ts";
import { failedChange, keyLine, printKeys } from "./keys.ts";
import { printVerdict } from "./print.ts";

/**
 * `nightdesk keys create NAME`: 0 when there is a key and whoever asked has it, on standard output or in a file
 * that only its owner can read. A key that could not be handed over is revoked.
 */
export const runCreate: Run = async (input, context) => {
  const json = input.options["json"] === true;
  const everything = textOption(input, "pool") === "*";
  const draft = draftOf(input, context, everything ? "*" : await poolOption(input, context));
  const { client, url } = await connectToServer(input, context);
  const path = textOption(input, "out");
  // First, so that no key is made for which there is no place.
  const file = path === undefined ? null : await newFile(path);
  let made: CreatedKey;
  try {
    made = await asTeam(() => client.keys.create(draft, { signal: context.signal }));
  } catch (error) {
    await file?.discard();
    const failed = failedChange(error, "whether the key was made");
    return printVerdict(failed, { json, place: null }, context.stdout);
  }
  const { key, ...shown } = made;
  if (file !== null) {
    try {
      await file.write(`Authorization: AppKey ${key}\n`);
    } catch (error) {
      await file.discard();
      const lost = await lostKey(client, made.id, error);
      return printVerdict(lost, { json, place: null }, context.stdout);
    }
  }
  const reason = path === undefined ? "key made; it is shown only now" : `key made; it is in ${path}`;
  const lines = file === null ? [key, keyLine(made)] : [keyLine(made)];
  const facts = { url, key: file === null ? made : shown };
  printKeys({ word: "KEY", reason, lines, facts }, { json }, context.stdout);
  return 0;
};

/** @throws UsageError for what cannot be meant; what the server alone can know it refuses. */
function draftOf(input: Input, context: CliContext, poolId: string): NewKey {
  const name = input.argument ?? "";
  const verbs = list(input, "verbs") ?? [];
  const known = keyVerbs.filter((verb) => verbs.includes(verb));
  if (verbs.length === 0 || known.length !== new Set(verbs).size) {
    throw new UsageError(`--verbs takes of ${keyVerbs.join(",")} those that are needed`);
  }
  const jobs = list(input, "job") ?? null;
  if (jobs?.some((job) => !isId(job)) === true) {
    throw new UsageError(
      "--job takes ids of data jobs, with commas between them",
      "see nightdesk status --json",
    );
  }
  return {
    name,
    grants: [{ poolId, verbs: known }],
    expiresAt: expiryOf(input, context),
    hours: hoursOf(input),
    jobs,
    addresses: list(input, "address") ?? null,
  };
}

function expiryOf(input: Input, context: CliContext): number | null {
  if (textOption(input, "expires") === "never") return null;
  const moment = momentOption(input, "expires", context.clock.now());
  if (moment === undefined) throw new UsageError("--expires takes a time, or never");
  return moment;
}

function hoursOf(input: Input): KeyHours | null {
  const text = textOption(input, "hours");
  const zone = textOption(input, "zone");
  const days = list(input, "days")?.map((day) => day.toUpperCase());
  if (text === undefined && zone === undefined && days === undefined) return null;
  const [, from, to] = /^(\d{2}:\d{2})-(\d{2}:\d{2})$/.exec(text ?? "") ?? [];
  if (from === undefined || to === undefined || zone === undefined) {
    throw new UsageError(
      "hours need --hours FROM-TO and the --zone of that clock",
      "write them like --hours 22:00-06:00 --zone Asia/Tokyo",
    );
  }
  const known = keyWeekdays.filter((day) => days?.includes(day) === true);
  if (days !== undefined && known.length !== new Set(days).size) {
    throw new UsageError(`--days takes of ${keyWeekdays.join(",")} those on which the hours start`);
  }
  return { zone, from, to, ...(days === undefined ? {} : { days: known }) };
}

/** Words with commas between them; undefined if not given. */
function list(input: Input, name: string): string[] | undefined {
  return textOption(input, name)
    ?.split(",")
    .map((word) => word.trim());
}

interface NewFile {
  write(text: string): Promise<void>;
  /** Closes and removes it. */
  discard(): Promise<void>;
}

/** @throws UsageError if there is a file of this name: it may hold a key that is needed. */
async function newFile(path: string): Promise<NewFile> {
  let file: FileHandle;
  try {
    file = await open(path, "wx", 0o600);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    const why = code === "EEXIST" ? "is there already" : `cannot be made (${code})`;
    throw new UsageError(`the file ${path} ${why}`, "name another one with --out");
  }
  return {
    async write(text) {
      await file.writeFile(text);
      await file.sync();
      await file.close();
    },
    async discard() {
      await file.close().catch(() => undefined);
      await rm(path, { force: true });
    },
  };
}

async function lostKey(client: Client, id: string, error: unknown): Promise<ReturnType<typeof verdict>> {
  const code = (error as NodeJS.ErrnoException).code ?? "error";
  const revoked = await client.keys.revoke(id).then(
    () => true,
    () => false,
  );
  const became = revoked ? `key ${id} is revoked again` : `key ${id} is there and nobody has it`;
  return verdict("UNKNOWN", `the key could not be written to its file (${code}); ${became}`, {
    next: revoked ? "make room, then create it again" : `nightdesk keys revoke ${id}`,
  });
}
