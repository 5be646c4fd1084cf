/** What a probe is set up with, as people write it and as it is stored; and the probe that is made of it. */
import { z } from "zod";
import { isId } from "./base/ids.ts";
import { UserError } from "./model/errors.ts";
import type { Probe, TeamProbe } from "./model/probe.ts";
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

const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Over plain HTTP anyone on the way could answer in the place of the source. */
function isTrustworthy(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && loopback.test(url.hostname));
}

const http = {
  ...common,
  kind: z.literal("http"),
  url: z
    .string()
    .max(2000)
    .refine(
      isTrustworthy,
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

/** With its secrets. Whoever stores it seals it whole. */
const settings = z.discriminatedUnion("kind", [
  z.strictObject({ ...sql, password: z.string().max(1000).default(""), ca: pem.exactOptional() }),
  z.strictObject({ ...http, header: header.exactOptional(), ca: pem.exactOptional() }),
  z.strictObject(command),
]);
export type ProbeSettings = z.output<typeof settings>;

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

/**
 * Probes that came over a network, for a pool or a team. A command is none of these: whoever could send one would run
 * programs on this machine.
 * @throws UserError naming the place in it; never what stands there.
 */
export function sentProbes(value: unknown): ProbeSettings[] {
  const probes = checked(z.array(settings).max(50), value);
  const index = probes.findIndex(({ kind }) => kind === "command");
  if (index >= 0) throw wrong(`[${String(index)}].kind`, "a command is set up on the machine, in a file");
  return distinct(probes);
}

/** @param env of this process, of which commands get a few variables. */
export function openProbe(
  { name: as, pool, jobs, againAfterMs, ...rest }: ProbeSettings,
  env: Readonly<Record<string, string | undefined>>,
): TeamProbe {
  return { name: as, poolId: pool, jobIds: jobs ?? null, againAfterMs, probe: probeOf(as, rest, env) };
}

type OwnSettings<Kind = ProbeSettings> = Kind extends ProbeSettings
  ? Omit<Kind, "name" | "pool" | "jobs" | "againAfterMs">
  : never;

function probeOf(as: string, own: OwnSettings, env: Readonly<Record<string, string | undefined>>): Probe {
  const limitMs = own.timeoutMs;
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
      return postgresProbe({ name: as, configuration, password }, query, { limitMs });
    }
    case "http": {
      const { url, pointer, expect, ca = null } = own;
      const [, title = "", value = ""] = headerLine.exec(own.header ?? "") ?? [];
      const sent = own.header === undefined ? null : { name: title, value: value.trim() };
      return httpProbe({ url, pointer, expect, header: sent, ca }, { limitMs });
    }
    case "command":
      return commandProbe(own.argv, { limitMs, env });
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

function wrong(place: string, message: string): UserError {
  return new UserError("invalid", message, {
    operation: "read the probes",
    place,
    attribute: place,
    next: "see docs/probes.md",
  });
}

/** `probes[0].jobs[1]`. */
function placeOf(path: readonly PropertyKey[]): string {
  const text = path
    .map((part) => (typeof part === "number" ? `[${String(part)}]` : `.${String(part)}`))
    .join("");
  return text.replace(/^\./, "") || "the whole";
}
