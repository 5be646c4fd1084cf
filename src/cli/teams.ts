import { isId } from "../base/ids.ts";
import { quoted, verdict, verdictOfFailure } from "../desk/index.ts";
import type { NewRemoteCredentials, NewRemoteTeam, RemoteTeamTransport } from "../contract/index.ts";
import { asTeam } from "../relay/index.ts";
import { ConflictError } from "../sdk/index.ts";
import type { Verdict } from "../desk/index.ts";
import { addressOf, connectToServer } from "./connect.ts";
import { textOption, UsageError } from "./context.ts";
import type { CliContext, Input, Run } from "./context.ts";
import { keyIn, readKeyFile, type Key } from "./key-file.ts";
import { printAnswer, printVerdict } from "./print.ts";

/** `nightdesk teams list`: 0 when they could be read. */
export const runList: Run = async (input, context) => {
  const json = input.options["json"] === true;
  const { client, url } = await connectToServer(input, context);
  let teams: RemoteTeamTransport[];
  try {
    teams = await asTeam(() => client.teams.list({ signal: context.signal }));
  } catch (error) {
    return printVerdict(refused(error), { json, place: null }, context.stdout);
  }
  const reason = `${String(teams.length)} ${teams.length === 1 ? "team" : "teams"}`;
  const answer = {
    code: 0 as const,
    word: "TEAMS",
    reason,
    lines: teams.flatMap(linesOf),
    fields: { url, teams },
  };
  return printAnswer(answer, { json }, context.stdout);
};

/** `nightdesk teams add NAME`: 0 when the server has it. Its credential goes to the server alone, which seals it. */
export const runAdd: Run = async (input, context) => {
  const json = input.options["json"] === true;
  const draft = await draftOf(input, context);
  const { client, url } = await connectToServer(input, context);
  let team: RemoteTeamTransport;
  try {
    team = await asTeam(() => client.teams.create(draft, { signal: context.signal }));
  } catch (error) {
    const failed = failedChange(error, "whether the team was added");
    return printVerdict(failed, { json, place: null }, context.stdout);
  }
  const reason = "team added; make keys for its pools with nightdesk keys create";
  const answer = { code: 0 as const, word: "TEAM", reason, lines: linesOf(team), fields: { url, team } };
  return printAnswer(answer, { json }, context.stdout);
};

/** `nightdesk teams remove TEAM`: 0 when its pools are no longer relayed. In the team itself nothing is changed. */
export const runRemove: Run = async (input, context) => {
  const json = input.options["json"] === true;
  const { argument: id } = input;
  if (id === null || !isId(id)) {
    throw new UsageError("TEAM is the id of a team", "take it from nightdesk teams list");
  }
  const { client, url } = await connectToServer(input, context);
  try {
    await asTeam(() => client.teams.delete(id, { signal: context.signal }));
  } catch (error) {
    const failed = failedChange(error, `whether team ${id} was removed`);
    return printVerdict(failed, { json, place: null }, context.stdout);
  }
  const reason = `REMOVED: pools of team ${id} are no longer relayed`;
  return printAnswer(
    { code: 0, word: "TEAMS", reason, lines: [], fields: { url, id } },
    { json },
    context.stdout,
  );
};

async function draftOf(input: Input, context: CliContext): Promise<NewRemoteTeam> {
  const pools = (textOption(input, "pools") ?? "").split(",").map((one) => one.trim());
  if (!pools.every(isId)) {
    throw new UsageError(
      "--pools takes ids of data pools",
      "take them from the address of each pool in the team",
    );
  }
  const url = addressOf(textOption(input, "teamUrl")).origin;
  return { name: input.argument ?? "", url, credentials: await credentialsOf(input, context), pools };
}

async function credentialsOf(input: Input, context: CliContext): Promise<NewRemoteCredentials> {
  const { scheme: told, key } = await credentialFrom(input, context);
  const clientId = textOption(input, "clientId");
  const asked = textOption(input, "scheme") ?? (clientId === undefined ? told : "OAuth") ?? "AppKey";
  const scope = textOption(input, "scope") ?? null;
  switch (asked.toLowerCase()) {
    case "appkey":
      return { scheme: "AppKey", key };
    case "bearer":
      return { scheme: "Bearer", key };
    case "oauth":
      if (clientId === undefined) throw new UsageError("OAuth needs --client-id");
      return { scheme: "OAuth", clientId, clientSecret: key, scope };
    default:
      throw new UsageError("--scheme takes AppKey, Bearer or OAuth");
  }
}

/** From a file, or typed, or the first line of standard input: never an argument, which others can read. */
async function credentialFrom(input: Input, { secret, stderr }: CliContext): Promise<Key> {
  const file = textOption(input, "credentialFile");
  if (file !== undefined) return readKeyFile(file, (line) => void stderr.write(`${line}\n`));
  return keyIn(await secret("Key of the team, or secret of its client: "), "what was typed");
}

function linesOf({ id, name, url, credentials, pools }: RemoteTeamTransport): string[] {
  const { scheme } = credentials;
  return [
    `  ${quoted(name)} ${url}, ${scheme}, id ${id}`,
    ...pools.map((pool) => `    pool ${quoted(pool.name)}, id ${pool.id}`),
  ];
}

function refused(error: unknown): Verdict {
  const failed = verdictOfFailure(error);
  if (failed.word !== "DENIED") return failed;
  return { ...failed, next: "use a key with the verb admin on everything, and check the id" };
}

/** Without a clear answer it may have been done all the same. */
function failedChange(error: unknown, what: string): Verdict {
  const failed = refused(error);
  if (error instanceof Error && error.cause instanceof ConflictError)
    return verdict("USAGE", error.message, { next: "see nightdesk teams list" });
  if (failed.word !== "UNREACHABLE" && failed.word !== "UNKNOWN") return failed;
  return verdict("UNKNOWN", `${what} is not known: ${failed.reason}`, { next: "see nightdesk teams list" });
}
