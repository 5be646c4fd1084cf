import type { Clock } from "../base/clock.ts";
import { isId } from "../base/ids.ts";
import type { TeamProbe } from "../desk/index.ts";
import type { Client } from "../sdk/index.ts";
import { parseTime } from "./times.ts";

/** Where text goes; `process.stdout` fits. */
export interface Output {
  write(text: string): unknown;
  /** True on a terminal: only there a bar is drawn, and a screen drawn again. */
  isTTY?: boolean;
  /** True where colours may be used; set by `runCli` from the terminal and the environment. */
  colours?: boolean;
}

export interface ServeOptions {
  home: string;
  host?: string;
  port?: number;
  httpsPort?: number;
  tlsCert?: string;
  tlsKey?: string;
  tlsNames?: string[];
  insecureHttp: boolean;
}

export interface DemoOptions {
  home?: string;
  port?: number;
}

/** The newest record of an audit log as somebody noted it. */
export interface AuditHead {
  sequence: number;
  hmac: string;
}

/** What a look at a whole audit log found. */
export type AuditVerdict =
  | { holds: true; records: number; head: AuditHead }
  /** `record`: the first one that is wrong; null where it is none in particular. */
  | { holds: false; record: number | null; reason: string };

/** A kit that is wanted; see src/kit/. */
export interface KitOrder {
  poolId: string;
  /** A folder, or a zip where it ends in .zip. */
  out: string;
  language: "en" | "ja";
  /** Address that the operators call. */
  operatorUrl: string;
  /** Whom to call, and the zone that times are given in; null: as the pool's settings have it. */
  contact: string | null;
  zone: string | null;
  /** When the key of the kit ends, and now: epoch ms. */
  expiresAt: number;
  now: number;
  /** A certificate in PEM that Windows is to be told to trust. */
  certificate: string | null;
  version: string;
}

export interface KitHandedOut {
  poolName: string;
  jobs: number;
  files: string[];
  key: { id: string; prefix: string; expiresAt: number };
}

/** All a command may touch of its surroundings, handed in by the process. */
export interface CliContext {
  env: Readonly<Record<string, string | undefined>>;
  stdout: Output;
  stderr: Output;
  clock: Clock;
  /** Aborts on Ctrl-C. */
  signal: AbortSignal;
  version: string;
  /** A secret that is not shown while it is typed, or the first line of standard input when that is no terminal. */
  secret: (prompt: string) => Promise<string>;
  /** Run until they are told to end; resolve with the exit code. Loaded only when called. */
  serve: (options: ServeOptions) => Promise<number>;
  demo: (options: DemoOptions) => Promise<number>;
  /** Opens the probes of a file. @throws an error with its `line` and `next` if it is wrong. Loaded only when called. */
  probes: (file: string) => Promise<TeamProbe[]>;
  /** Reads the audit log of a home, changes nothing. Loaded only when called. */
  verifyAudit: (home: string, known: AuditHead | null) => Promise<AuditVerdict>;
  /** Makes a kit and its key, and writes it: whole or not at all. Loaded only when called. */
  handOutKit: (client: Client, order: KitOrder, options: { signal: AbortSignal }) => Promise<KitHandedOut>;
}

/** What a command line says, as text; what it means is for the command. */
export interface Input {
  /** The positional argument; null: not given. An empty one is not the same. */
  argument: string | null;
  options: Readonly<Record<string, string | boolean | undefined>>;
}

/** Runs a command. Resolves with the exit code. */
export type Run = (input: Input, context: CliContext) => Promise<number>;

/** The command is wrong: exit code 50, said as a verdict. The message never holds a secret. */
export class UsageError extends Error {
  readonly next: string | null;

  constructor(message: string, next: string | null = null) {
    super(message);
    this.name = "UsageError";
    this.next = next;
  }
}

/**
 * The value of an option that takes one; undefined if it was not given.
 * @throws UsageError if it is empty: a script's variable that was not set must not widen what is meant.
 */
export function textOption({ options }: Input, name: string): string | undefined {
  const value = options[name];
  if (value === "") {
    throw new UsageError(
      `--${name.replace(/[A-Z]/g, (char) => `-${char.toLowerCase()}`)} has an empty value`,
    );
  }
  return typeof value === "string" ? value : undefined;
}

/** The id of an execution as positional argument. @throws UsageError. */
export function executionArgument({ argument }: Input): string {
  if (argument === null || !isId(argument)) {
    throw new UsageError("EXECUTION is the id of an execution", "take it from nightdesk status");
  }
  return argument;
}

/**
 * A moment to come, epoch ms; undefined if it was not given.
 * @throws UsageError for one that is over, or that could mean two.
 */
export function momentOption(input: Input, name: string, now: number): number | undefined {
  const text = textOption(input, name);
  if (text === undefined) return undefined;
  const moment = parseTime(text, now);
  const wrong = "wrong" in moment ? moment.wrong : moment.at <= now ? "is in the past" : null;
  if (wrong !== null || "wrong" in moment) {
    throw new UsageError(
      `the time ${JSON.stringify(text)} ${wrong ?? ""}`,
      "write it like 2026-06-19T02:00+09:00, or +90m, +2h from now",
    );
  }
  return moment.at;
}

/** A TCP port. @throws UsageError. */
export function portOption(input: Input, name: "port" | "httpsPort" = "port"): number | undefined {
  const text = textOption(input, name);
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new UsageError(
      `${name === "port" ? "--port" : "--https-port"} takes a number from 0 (any free one) to 65535`,
    );
  return port;
}
