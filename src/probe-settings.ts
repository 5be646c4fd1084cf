/** What a probe is set up with, as people write it and as it is stored; and the probe that is made of it. */
import type { LookupFunction } from "node:net";
import { z } from "zod";
import { isId } from "./base/ids.ts";
import { isOnOwnNetwork } from "./base/reach.ts";
import { isLoopback } from "./config.ts";
import type { RemoteProbe } from "./contract/index.ts";
import { UserError } from "./model/errors.ts";
import type { Probe, ProbeRules, TeamProbe } from "./model/probe.ts";
import { commandProbe, httpProbe } from "./probes/index.ts";
import { postgresProbe } from "./sources/postgres/probe.ts";

const id = z.string().toLowerCase().refine(isId, "Expected an id, not a name.");
/** On one line, without what a terminal would act upon. */
const name = z.string().regex(/^[^\p{Cc}\u2028\u2029]{1,100}$/u, "Expected 1 to 100 characters on one line.");
// oxlint-disable-next-line no-control-regex
const word = z.string().regex(/^[^\u0000]{1,255}$/, "Expected 1 to 255 characters.");
const pem = z.string().max(100_000);

const common = {
  name,
  pool: id,
  /** Absent: every job of the pool. */
  jobs: z.array(id).min(1).max(500).exactOptional(),
  againAfterMs: z.number().int().min(100).max(60_000).default(2000),
  timeoutMs: z.number().int().min(100).max(60_000).default(10_000),
};

const sql = {
  ...common,
  kind: z.literal("sql"),
  /** What there is a driver for. */
  type: z.literal("POSTGRESQL").default("POSTGRESQL"),
  host: z.string().regex(/^[\p{L}\p{N}._:[\]-]{1,255}$/u, "Expected the name or address of a host."),
  port: z.number().int().min(1).max(65535).default(5432),
  database: word,
  user: word,
  ssl: z.enum(["disable", "require", "verify-full"]).default("verify-full"),
  query: z
    .string()
    .min(1)
    .max(20_000)
    .transform((text) => text.trim().replace(/;$/, "")),
};

/** Over plain HTTP anyone on the way could answer in the place of the source. */
function isTrustworthy(text: string, plainHosts: readonly string[]): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.username !== "" || url.password !== "") return false;
  const plain = isLoopback(url.hostname) || plainHosts.includes(url.hostname.replace(/^\[|\]$/g, ""));
  return url.protocol === "https:" || (url.protocol === "http:" && plain);
}

const http = {
  ...common,
  kind: z.literal("http"),
  url: z
    .string()
    .max(2000)
    .refine(
      (text) => isTrustworthy(text, []),
      "Expected an https address without user and password; http only to this machine itself.",
    ),
  pointer: z
    .string()
    .regex(/^(?:\/(?:[^~/]|~[01])*)*$/, 'Expected a JSON pointer, like "/jobs/active" or "".'),
  expect: z.union(
    [z.tuple([]), z.literal(0), z.string().min(1).max(200)],
    "Expected [], 0 or the text that stands there when nothing runs.",
  ),
};

const command = {
  ...common,
  kind: z.literal("command"),
  // oxlint-disable-next-line no-control-regex
  argv: z.tuple([word], z.string().regex(/^[^\u0000]{0,2000}$/, "Expected at most 2000 characters.")),
};

/** `Name: value`. */
const headerLine = /^([\w!#$%&'*+.^`|~-]{1,100}):[ \t]*([\x20-\x7e]{1,8000})$/;
const header = z.string().regex(headerLine, 'Expected one line "Name: value".');

const whole = {
  sql: z.strictObject({ ...sql, password: z.string().max(1000).default(""), ca: pem.exactOptional() }),
  http: z.strictObject({ ...http, header: header.exactOptional(), ca: pem.exactOptional() }),
  command: z.strictObject(command),
};
const settings = z.discriminatedUnion("kind", [whole.sql, whole.http, whole.command]);
/** With its secrets. Whoever stores it seals it whole. */
export type ProbeSettings = z.output<typeof settings>;

const toHost = (plain: string): string => `Expected the name or address of another host: ${plain}`;
const ownNetwork = toHost("only this machine's own network knows this one.");
const named = "this machine itself and hosts that NIGHTDESK_RELAY_HTTP_HOSTS names";

/** As they may come over a network: a server reaches by them only what it would reach as a relay. */
function sentSettings(plainHosts: readonly string[]) {
  const isPlain = (host: string): boolean => isLoopback(host) || plainHosts.includes(host.toLowerCase());
  const url = z
    .string()
    .max(2000)
    .refine(
      (text) => isTrustworthy(text, plainHosts),
      `Expected an https address without user and password; http only to ${named}.`,
    )
    .refine((text) => !URL.canParse(text) || !isOnOwnNetwork(new URL(text).hostname), ownNetwork);
  return z.array(
    z.discriminatedUnion("kind", [
      whole.sql
        .extend({ host: sql.host.refine((host) => !isOnOwnNetwork(host), ownNetwork) })
        .refine(({ ssl, host }) => ssl !== "disable" || isPlain(host), {
          path: ["ssl"],
          error: `Expected verify-full or require; disable only to ${named}.`,
        }),
      whole.http.extend({ url }),
    ]),
  );
}
export type SentProbe = Exclude<ProbeSettings, { kind: "command" }>;

/** Secrets stand in files of their own. */
const file = z.strictObject({
  probes: z
    .array(
      z.discriminatedUnion("kind", [
        z.strictObject({ ...sql, passwordFile: word.exactOptional(), caFile: word.exactOptional() }),
        z.strictObject({ ...http, headerFile: word.exactOptional(), caFile: word.exactOptional() }),
        z.strictObject(command),
      ]),
    )
    .min(1)
    .max(50),
});
export type WrittenProbe = z.output<typeof file>["probes"][number];

/** @throws UserError naming the place in it; never what stands there. */
export function writtenProbes(value: unknown): WrittenProbe[] {
  return distinct(checked(file, value).probes);
}

const mostSent = 50;

/**
 * Probes that came over a network, for the pools of a team. A command is none of these: whoever could send one would
 * run programs on this machine.
 * @param plainHosts hosts that may be asked without encryption although they are other machines.
 * @throws UserError naming the place in it; never what stands there.
 */
export function sentProbes(value: unknown, plainHosts: readonly string[] = []): SentProbe[] {
  const sent = { probes: value };
  const raw = z.object({ probes: z.array(z.looseObject({ kind: z.unknown() })).max(mostSent) });
  const index = checked(raw, sent).probes.findIndex(({ kind }) => kind === "command");
  if (index >= 0) {
    throw wrong(
      `probes[${String(index)}].kind`,
      "a command is not taken over a network: whoever holds a key of this server could run programs on its machine",
      "ask by SQL or HTTP; a command stands in a file of the machine of the nightdesk command, see docs/probes.md",
    );
  }
  return distinct(checked(z.object({ probes: sentSettings(plainHosts) }), sent).probes);
}

/** Of a server that relays. `lookup`: see `guardedLookup`. */
export function probeRules(plainHosts: readonly string[], lookup: LookupFunction): ProbeRules {
  return {
    read: (value) =>
      sentProbes(value, plainHosts).map((one) => ({ shown: shownProbe(one), whole: JSON.stringify(one) })),
    open: (stored) => openProbe(JSON.parse(stored) as SentProbe, {}, lookup),
  };
}

/** Without what could be a secret. */
function shownProbe(probe: SentProbe): RemoteProbe {
  const { ca: _ca, jobs, ...rest } = probe;
  const of = { jobs: jobs ?? null };
  if (rest.kind === "sql") {
    const { password, ...sqlOnly } = rest;
    return { ...sqlOnly, ...of, hasPassword: password !== "" };
  }
  const { header: sent, url, ...httpOnly } = rest;
  const { origin, pathname, search } = new URL(url);
  const { expect } = httpOnly;
  const shown = `${origin}${pathname}${search === "" ? "" : "?***"}`;
  return {
    ...httpOnly,
    ...of,
    expect: Array.isArray(expect) ? [] : expect,
    url: shown,
    hasHeader: sent !== undefined,
  };
}

/**
 * @param env of this process, of which commands get a few variables.
 * @param lookup of the host's name; absent: the system's own.
 */
export function openProbe(
  { name: as, pool, jobs, againAfterMs, ...rest }: ProbeSettings,
  env: Readonly<Record<string, string | undefined>>,
  lookup?: LookupFunction,
): TeamProbe {
  const way = { limitMs: rest.timeoutMs, ...(lookup === undefined ? {} : { lookup }) };
  return { name: as, poolId: pool, jobIds: jobs ?? null, againAfterMs, probe: probeOf(as, rest, env, way) };
}

type OwnSettings<Kind = ProbeSettings> = Kind extends ProbeSettings
  ? Omit<Kind, "name" | "pool" | "jobs" | "againAfterMs">
  : never;

function probeOf(
  as: string,
  own: OwnSettings,
  env: Readonly<Record<string, string | undefined>>,
  way: { limitMs: number; lookup?: LookupFunction },
): Probe {
  switch (own.kind) {
    case "sql": {
      const { host, port, database, user, ssl, ca, password, query } = own;
      const configuration = {
        host,
        port,
        database,
        user,
        ssl: { mode: ssl, ...(ca === undefined ? {} : { ca }) },
      };
      return postgresProbe({ name: as, configuration, password }, query, way);
    }
    case "http": {
      const { url, pointer, expect, ca = null } = own;
      const [, title = "", value = ""] = headerLine.exec(own.header ?? "") ?? [];
      const sent = own.header === undefined ? null : { name: title, value: value.trim() };
      return httpProbe({ url, pointer, expect, header: sent, ca }, way);
    }
    case "command":
      return commandProbe(own.argv, { limitMs: way.limitMs, env });
  }
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw wrong(placeOf(issue?.path ?? []), issue?.message ?? "wrong");
}

/** Answers tell probes apart by their names. */
function distinct<Named extends { name: string }>(probes: Named[]): Named[] {
  const index = probes.findIndex(({ name: one }, at) => probes.findIndex((of) => of.name === one) < at);
  if (index >= 0) throw wrong(`probe ${String(index + 1)}`, "has the name of an earlier one");
  return probes;
}

function wrong(place: string, message: string, next = "see docs/probes.md"): UserError {
  return new UserError("invalid", message, { operation: "read the probes", place, attribute: place, next });
}

/** `probes[0].jobs[1]`. */
function placeOf(path: readonly PropertyKey[]): string {
  const text = path
    .map((part) => (typeof part === "number" ? `[${String(part)}]` : `.${String(part)}`))
    .join("");
  return text.replace(/^\./, "") || "the whole";
}
