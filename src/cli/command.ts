import type { Run } from "./context.ts";

/** The commands as data; parsing, help, completion and dispatch are made from it. */
export interface Command {
  /** `nightdesk VERB`, one or two words; `object` is what it acts on. */
  verb: string;
  /** Another word for the same. */
  alias?: string;
  object:
    | "jobs"
    | "holds"
    | "executions"
    | "keys"
    | "teams"
    | "records"
    | "pools"
    | "profiles"
    | "shell"
    | "kits"
    | "server"
    | "sample";
  summary: string;
  /** Positional arguments as commander writes them. `values`: all that may stand there. */
  args: readonly { syntax: string; meaning: string; values?: readonly string[] }[];
  options: readonly Option[];
  /** Variables that only the environment sets. */
  environment?: readonly { name: string; meaning: string }[];
  examples: readonly string[];
  /** Loads the code of this command and nothing of the others. */
  load: () => Promise<{ run: Run }>;
}

export interface Option {
  /** As commander writes it. A value named FILE or DIR is completed as a path. */
  syntax: string;
  meaning: string;
  required?: boolean;
  /** All values that it takes; for completion, the command itself checks what it gets. */
  values?: readonly string[];
}

export const json: Option = { syntax: "--json", meaning: "one JSON object instead of text" };

const url: Option = { syntax: "--url <URL>", meaning: "address of the team (or NIGHTDESK_URL)" };
const pool: Option = { syntax: "--pool <ID>", meaning: "id of the data pool (or NIGHTDESK_POOL)" };

const keyAndForm: readonly Option[] = [
  {
    syntax: "--key-file <FILE>",
    meaning:
      "file with the key in its first line (or NIGHTDESK_KEY_FILE; or the key itself in NIGHTDESK_KEY)",
  },
  {
    syntax: "--key-scheme <SCHEME>",
    meaning: "AppKey or Bearer (default: AppKey)",
    values: ["AppKey", "Bearer"],
  },
  {
    syntax: "--profile <NAME>",
    meaning: "address, pool and key that nightdesk login has kept (or NIGHTDESK_PROFILE)",
  },
  json,
];

/** Where a command goes, and with which key. */
export const team: readonly Option[] = [url, pool, ...keyAndForm];
/** For what belongs to no pool. */
export const server: readonly Option[] = [url, ...keyAndForm];

export const connection: Option = {
  syntax: "--connection <C>",
  meaning: "name or id of a connection, in the place of the pool",
};

export const probes: Option = {
  syntax: "--probes <FILE>",
  meaning: "checks at the source (docs/probes.md): with them a Celonis team can be CLEAR",
};
