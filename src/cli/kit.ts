import { readFile } from "node:fs/promises";
import { asciiJson, toAscii } from "../base/ascii.ts";
import { timeText, verdict, verdictOfFailure, type Verdict } from "../desk/index.ts";
import { asTeam } from "../relay/index.ts";
import { addressOf, connect, isLoopback } from "./connect.ts";
import { momentOption, textOption, UsageError } from "./context.ts";
import type { Input, Run } from "./context.ts";
import { printVerdict } from "./print.ts";

/** A key on somebody's disk is not to live longer than anyone thinks of it. */
const usualLife = "+90d";
const mostDays = 366;

/** `nightdesk kit`: 0 when the kit is there, whole; otherwise nothing is, and the code says why as in `status`. */
export const run: Run = async (input, context) => {
  const { clock, signal, stdout, stderr, version } = context;
  const json = input.options["json"] === true;
  const out = textOption(input, "out");
  if (out === undefined) throw new UsageError("--out takes a folder or a zip");
  const language = languageOption(input);
  const zone = zoneOption(input);
  const now = clock.now();
  const withLife = { ...input, options: { expires: usualLife, ...input.options } };
  const expiresAt = momentOption(withLife, "expires", now) ?? now;
  if (expiresAt - now > mostDays * 86_400_000) {
    throw new UsageError(
      `a key that lies on a disk ends within ${String(mostDays)} days`,
      "give an earlier --expires, and make a new kit before it",
    );
  }
  const certificate = await certificateOption(input);
  const { client, place } = await connect(input, context);
  const address = addressOf(textOption(input, "operatorUrl") ?? place.url);
  if (address.protocol === "http:" || isLoopback(address)) {
    const why = isLoopback(address)
      ? "reaches only this machine"
      : "is plain HTTP: anyone on the way can read the key";
    stderr.write(
      `warning: the address of the kit, ${address.origin}, ${why}; --operator-url names another\n`,
    );
  }
  const contact = textOption(input, "contact") ?? null;
  const order = {
    poolId: place.poolId,
    out,
    language,
    operatorUrl: address.origin,
    contact,
    zone,
    expiresAt,
    now,
    certificate,
    version,
  };
  try {
    const { poolName, jobs, files, key } = await asTeam(() => context.handOutKit(client, order, { signal }));
    const { url, poolId } = place;
    const until = timeText(key.expiresAt, zone === null ? null : { zone, hours24to47: false });
    const reason = `${String(files.length)} files, pool "${poolName}", ${String(jobs)} ${jobs === 1 ? "job" : "jobs"}, key ${key.prefix}... (view, cancel) until ${until}`;
    const answer = { code: 0, word: "KIT", reason, url, pool: { id: poolId }, kit: { out, files, key } };
    stdout.write(json ? `${asciiJson(answer)}\n` : `KIT ${toAscii(out)}: ${toAscii(reason)}\n`);
    return 0;
  } catch (error) {
    return printVerdict(whyNot(error), { json, place }, stdout);
  }
};

/** What is wrong with the wish is USAGE; a disk that does not take the kit, too: it says nothing of the source. */
function whyNot(error: unknown): Verdict {
  if (error instanceof Error && "line" in error && typeof error.line === "string") {
    return verdict("USAGE", error.line, { next: null });
  }
  if (error instanceof Error && "syscall" in error) {
    return verdict("USAGE", `make a kit: it cannot be written: ${error.message}`, {
      next: "make room or name another place with --out",
    });
  }
  return verdictOfFailure(error);
}

function languageOption(input: Input): "en" | "ja" {
  const language = textOption(input, "lang") ?? "en";
  if (language !== "en" && language !== "ja") throw new UsageError("--lang takes en or ja");
  return language;
}

function zoneOption(input: Input): string | null {
  const zone = textOption(input, "zone") ?? null;
  try {
    if (zone !== null) Intl.DateTimeFormat("en", { timeZone: zone });
  } catch {
    throw new UsageError("--zone takes the name of a time zone", "write it like Asia/Tokyo or Europe/Berlin");
  }
  return zone;
}

async function certificateOption(input: Input): Promise<string | null> {
  const path = textOption(input, "certificate");
  if (path === undefined) return null;
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : "it is no file";
    throw new UsageError(`the file ${path} of --certificate cannot be read (${why})`);
  }
}
