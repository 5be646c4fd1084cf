import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { z } from "zod";
import { networkFault } from "./base/networks.ts";
import { UserError } from "./model/errors.ts";

const schema = z.object({
  home: z.string().min(1),
  host: z.string().min(1).default("127.0.0.1"),
  port: z.coerce.number().int().min(0).max(65535).default(4480),
  insecureHttp: z.boolean().default(false),
  /** Null: no HTTPS. */
  httpsPort: z.coerce.number().int().min(0).max(65535).nullable().default(null),
  /** Null: a certificate that the server makes for itself. */
  tls: z.object({ certificate: z.string(), key: z.string() }).nullable().default(null),
  /** What its own certificate is valid for, beside this machine's names. */
  tlsNames: z.array(z.string().regex(/^[\w.:-]+$/)).default([]),
  /** Null: made and shown once, if the home has no admin key yet. */
  adminKey: z.string().nullable().default(null),
  /** Whose word on where a caller is (X-Forwarded-For) is taken. Nobody's, unless said. */
  trustedProxies: z
    .string()
    .default("")
    .transform((list) =>
      list
        .split(",")
        .map((one) => one.trim())
        .filter((one) => one !== ""),
    )
    .refine((list) => list.every((one) => networkFault(one) === null)),
  /** Hosts of other teams that may be reached over plain HTTP although they are not this machine. */
  relayHttpHosts: z
    .string()
    .default("")
    .transform((list) => list.split(",").map((one) => one.trim().toLowerCase()))
    .transform((list) => list.filter((one) => one !== ""))
    .refine((list) =>
      list.every((one) => isIP(one) !== 0 || /^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*$/u.test(one)),
    ),
  mostRunning: z.coerce.number().int().min(1).max(64).default(4),
  /** How long executions may go on by themselves when the server is told to end, before they are stopped. */
  stopGraceSeconds: z.coerce.number().min(0).max(3600).default(10),
  /** Longest time without a row or activity at the source; 0: no limit. */
  noProgressSeconds: z.coerce.number().min(0).max(86_400).default(120),
  /** Longest time of one execution; 0: no limit. At most what a timer can hold, about 23 days. */
  executionLimitSeconds: z.coerce.number().min(0).max(2_000_000).default(0),
  /** For tests: places where this process and those of its pools fail, see base/failpoint.ts. */
  failpoints: z.string().default(""),
});

/** What a server runs with; made once, read everywhere, never changed. */
export type Config = Readonly<z.output<typeof schema>>;

export interface ConfigInput {
  home: string;
  host?: string | undefined;
  port?: string | number | undefined;
  insecureHttp?: boolean | undefined;
  httpsPort?: string | number | undefined;
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
  tlsNames?: string[] | undefined;
  adminKey?: string | undefined;
  stopGraceSeconds?: number | undefined;
}

/** Where each number comes from and what it takes, for whoever gave another one. */
const settings = {
  port: { names: "NIGHTDESK_PORT or --port", takes: "a whole number from 0 (any free one) to 65535" },
  httpsPort: {
    names: "NIGHTDESK_HTTPS_PORT or --https-port",
    takes: "a whole number from 0 (any free one) to 65535",
  },
  tlsNames: { names: "--tls-name", takes: "the name or the address of a host" },
  trustedProxies: {
    names: "NIGHTDESK_TRUSTED_PROXIES",
    takes: "addresses and networks with commas between them: 127.0.0.1, 192.0.2.0/24",
  },
  relayHttpHosts: {
    names: "NIGHTDESK_RELAY_HTTP_HOSTS",
    takes:
      "names and addresses of hosts with commas between them, without scheme and port: team.example, 192.0.2.7",
  },
  mostRunning: { names: "NIGHTDESK_MOST_RUNNING", takes: "a whole number from 1 to 64" },
  stopGraceSeconds: { names: "NIGHTDESK_STOP_GRACE_SECONDS", takes: "seconds from 0 to 3600" },
  noProgressSeconds: {
    names: "NIGHTDESK_NO_PROGRESS_SECONDS",
    takes: "seconds from 0 (no limit) to 86400",
  },
  executionLimitSeconds: {
    names: "NIGHTDESK_EXECUTION_LIMIT_SECONDS",
    takes: "seconds from 0 (no limit) to 2000000",
  },
} as const;

/**
 * Options of the command first, then the environment, where an empty variable is one that is not set. Nothing
 * else in the server reads the environment.
 * @throws UserError naming the setting and what it takes.
 */
export function readConfig(input: ConfigInput, env: Record<string, string | undefined>): Config {
  const operation = "read the configuration";
  const given = (name: string): string | undefined => env[name]?.trim() || undefined;
  const result = schema.safeParse({
    home: resolve(input.home),
    host: input.host,
    port: input.port ?? given("NIGHTDESK_PORT"),
    insecureHttp: input.insecureHttp,
    httpsPort: input.httpsPort ?? given("NIGHTDESK_HTTPS_PORT"),
    tls: tlsFilesOf(input.tlsCert ?? given("NIGHTDESK_TLS_CERT"), input.tlsKey ?? given("NIGHTDESK_TLS_KEY")),
    tlsNames: input.tlsNames,
    adminKey: input.adminKey ?? adminKeyOf(env),
    trustedProxies: given("NIGHTDESK_TRUSTED_PROXIES"),
    relayHttpHosts: given("NIGHTDESK_RELAY_HTTP_HOSTS"),
    mostRunning: given("NIGHTDESK_MOST_RUNNING"),
    stopGraceSeconds: input.stopGraceSeconds ?? given("NIGHTDESK_STOP_GRACE_SECONDS"),
    noProgressSeconds: given("NIGHTDESK_NO_PROGRESS_SECONDS"),
    executionLimitSeconds: given("NIGHTDESK_EXECUTION_LIMIT_SECONDS"),
    failpoints: given("NIGHTDESK_FAILPOINTS"),
  });
  if (!result.success) {
    const issue = result.error.issues[0];
    const name = String(issue?.path[0] ?? "");
    const known = name in settings ? settings[name as keyof typeof settings] : null;
    throw new UserError(
      "invalid",
      known === null ? `${name}: ${issue?.message ?? "wrong"}` : `${known.names} takes ${known.takes}`,
      { operation, next: "see nightdesk serve --help" },
    );
  }
  const config = Object.freeze(result.data);
  if (!isLoopback(config.host) && !config.insecureHttp && config.httpsPort === null) {
    throw new UserError("invalid", `plain HTTP on ${config.host} would send keys over the network in clear`, {
      operation,
      next: "listen on 127.0.0.1, add --https-port, or accept the risk with --insecure-http",
    });
  }
  if (config.tls !== null && config.httpsPort === null) {
    throw new UserError("invalid", "a certificate is given, and no port for HTTPS", {
      operation,
      next: "add --https-port",
    });
  }
  return config;
}

/** Where plain HTTP listens: with HTTPS beside it, it does not leave the machine unless that was accepted. */
export function plainHost({ host, httpsPort, insecureHttp }: Config): string {
  return httpsPort === null || insecureHttp || isLoopback(host) ? host : "127.0.0.1";
}

function tlsFilesOf(
  certificate: string | undefined,
  key: string | undefined,
): { certificate: string; key: string } | undefined {
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined) {
    throw new UserError("invalid", "a certificate and its key go together", {
      operation: "read the configuration",
      next: "give both --tls-cert and --tls-key; or neither, and a certificate is made",
    });
  }
  return { certificate: resolve(certificate), key: resolve(key) };
}

function adminKeyOf(env: Record<string, string | undefined>): string | undefined {
  const file = env["NIGHTDESK_ADMIN_KEY_FILE"];
  if (file === undefined || file === "") return env["NIGHTDESK_ADMIN_KEY"] || undefined;
  const facts = {
    operation: "read the admin key",
    place: file,
    next: "put the key into its first line, or unset NIGHTDESK_ADMIN_KEY_FILE",
  };
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "error";
    throw new UserError("invalid", `it cannot be read: ${why}`, facts);
  }
  const key = text.split(/\r?\n/)[0]?.trim() ?? "";
  if (key === "") throw new UserError("invalid", "its first line is empty", facts);
  return key;
}

/** True for addresses that never leave the machine. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (bare === "localhost" || bare === "::1") return true;
  return isIP(bare) === 4 && bare.startsWith("127.");
}

/** The part of the environment a pool's process gets: enough to start, nothing of ours, no secret. */
export function poolEnvironment(env: Record<string, string | undefined>): Record<string, string> {
  const allowed = ["PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SystemRoot", "windir"];
  return Object.fromEntries(allowed.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
