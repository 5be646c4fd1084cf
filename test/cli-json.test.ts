/** Every field that a command prints with --json is in docs/cli-json.md with its type, and every field there is printed. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commands } from "../src/cli/commands.ts";
import type { CliContext } from "../src/cli/index.ts";
import type { ProbeLook } from "../src/model/probe.ts";
import { runNightdesk } from "./support/cli-run.ts";
import { execution, hold, keyId, narrowPool, pool, startEveryAnswer } from "./support/every-answer.ts";
import { repository } from "./house/tree.ts";

let team: Awaited<ReturnType<typeof startEveryAnswer>>;
let folder: string;

beforeAll(async () => {
  team = await startEveryAnswer();
  folder = await mkdtemp(join(tmpdir(), "nightdesk-json-"));
});
afterAll(async () => {
  await team?.close();
  await rm(folder, { recursive: true, force: true });
});

interface Section {
  verbs: string[];
  /** Documented type by the field's way. */
  fields: Map<string, string>;
}

/** Sections with a table of fields; a heading names its commands in backquotes. */
function sectionsOf(text: string): Section[] {
  return text
    .split(/^# /m)
    .slice(1)
    .map((part) => {
      const [heading = "", ...lines] = part.split("\n");
      const verbs = [...heading.matchAll(/`([^`]+)`/g)].map(([, verb]) => verb ?? "");
      const table = lines.slice(lines.findIndex((line) => line.startsWith("| field |")) + 2);
      const rows = table.slice(
        0,
        table.findIndex((line) => !line.startsWith("|")),
      );
      const fields = rows.flatMap((row) => {
        const [, names = "", type = ""] = row.split("|").map((cell) => cell.trim());
        return [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => [name ?? "", type] as const);
      });
      return { verbs, fields: new Map(fields) };
    })
    .filter(({ verbs }) => verbs.some((verb) => commands.some((command) => command.verb === verb)));
}

const sections = sectionsOf(readFileSync(join(repository, "docs", "cli-json.md"), "utf8"));

/** Every way in a value, with the types that were seen there. */
function waysOf(value: unknown, way = "", found = new Map<string, Set<string>>()): Map<string, Set<string>> {
  if (Array.isArray(value)) for (const one of value) waysOf(one, `${way}[]`, found);
  else if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      const at = way === "" ? name : `${way}.${name}`;
      const type = inner === null ? "null" : Array.isArray(inner) ? "array" : typeof inner;
      found.set(at, (found.get(at) ?? new Set()).add(type));
      waysOf(inner, at, found);
    }
  }
  return found;
}

const job = "Finance documents";
/** What is run of each command, so that together every field has a value. */
const samples: Record<string, string[][]> = {
  status: [
    ["status"],
    ["status", "--pool", narrowPool],
    ["status", "Nobody"],
    ["status", "Order to cash", "--probes", "FILE"],
  ],
  stop: [["stop"], ["stop", job, "--wait", "0.3"], ["stop", job, "--wait", "0.3", "--hold-until", "+2h"]],
  go: [["go"]],
  hold: [["hold", job, "--until", "+2h"]],
  holds: [["holds"]],
  release: [["release", "--hold", hold]],
  settle: [["settle", execution, "--because", "host down"]],
  run: [
    ["run", job],
    ["run", job, "--wait"],
  ],
  receipt: [["receipt", execution]],
  "keys list": [["keys", "list"]],
  "keys create": [["keys", "create", "night", "--verbs", "view,cancel", "--expires", "never"]],
  "keys revoke": [["keys", "revoke", keyId]],
  "teams list": [["teams", "list"]],
  "teams add": [["teams", "add", "Finance", "--team-url", "https://team.example", "--pools", pool]],
  "teams remove": [["teams", "remove", keyId]],
  report: [["report", "--from", "2026-06-18T12:00Z", "--to", "2026-06-19T00:00Z"]],
  "audit verify": [
    ["audit", "verify", "--home", "whole"],
    ["audit", "verify", "--home", "broken"],
  ],
  jobs: [["jobs"]],
  pools: [["pools"]],
  connections: [["connections"]],
  "connections test": [["connections", "test"]],
  logs: [["logs", job]],
  kit: [["kit", "--out", "FOLDER/kit", "--contact", "Basis"]],
  login: [["login", "--url", "TEAM", "--pool", pool]],
  logout: [["logout", "--profile", "nobody"]],
  profiles: [["profiles"]],
};

async function printed(argv: readonly string[]): Promise<unknown[]> {
  const env = { NIGHTDESK_URL: team.url, NIGHTDESK_POOL: pool, NIGHTDESK_KEY: "CANARY-key", HOME: folder };
  const verifyAudit: CliContext["verifyAudit"] = (home) =>
    Promise.resolve(
      home === "whole"
        ? { holds: true, records: 3, head: { sequence: 3, hmac: "ab" } }
        : { holds: false, record: 2, reason: "record 2 was changed" },
    );
  const seen: ProbeLook[] = [
    { clear: true, at: 1 },
    { clear: false, at: 1, found: ["BERTA"] },
    { unknown: "refused" },
  ];
  const probes: CliContext["probes"] = () =>
    Promise.resolve(
      seen.map((look, index) => ({
        name: `probe ${String(index)}`,
        poolId: pool,
        jobIds: null,
        againAfterMs: 1,
        probe: { look: () => Promise.resolve(look) },
      })),
    );
  const secret = (): Promise<string> => Promise.resolve("CANARY-key");
  const line = argv.map((word) => (word === "TEAM" ? team.url : word.replace("FOLDER", folder)));
  const { lines } = await runNightdesk([...line, "--json"], { env, verifyAudit, probes, secret });
  expect(lines.length, argv.join(" ")).toBeGreaterThan(0);
  return lines.map((one) => JSON.parse(one) as unknown);
}

test("every command that prints JSON has a section and a sample, and no section is about another", () => {
  const printing = commands.flatMap(({ verb, options }) =>
    options.some(({ syntax }) => syntax === "--json") ? [verb] : [],
  );
  expect(sections.flatMap(({ verbs }) => verbs).toSorted()).toEqual(printing.toSorted());
  expect(Object.keys(samples).toSorted()).toEqual(printing.toSorted());
  expect(sections.every(({ fields }) => fields.size > 3)).toBe(true);
});

test.each(sections.map((section) => [section.verbs.join(", "), section] as const))(
  "printed and documented are the same: %s",
  async (_, { verbs, fields }) => {
    const all = new Map<string, Set<string>>();
    for (const argv of verbs.flatMap((verb) => samples[verb] ?? []))
      for (const one of await printed(argv)) waysOf(one, "", all);
    const documented = (way: string): string => fields.get(way) ?? "not in the document";
    const wrong = [...all].flatMap(([way, types]) => {
      const allowed = documented(way).replace("time", "object").split(" or ");
      const strange = [...types].filter((type) => !allowed.includes(type));
      return strange.length === 0 ? [] : [`${way} was ${strange.join(" and ")}: ${documented(way)}`];
    });
    expect(wrong).toEqual([]);
    expect([...fields.keys()].filter((way) => !all.has(way))).toEqual([]);
  },
);

test("a planted difference is found", () => {
  const [section] = sectionsOf(
    "# X: `status`\n\n| field | type | meaning |\n|---|---|---|\n| `a`, `b[].c` | string or null | |\n\n",
  );
  expect([...(section?.fields ?? [])]).toEqual([
    ["a", "string or null"],
    ["b[].c", "string or null"],
  ]);
  expect(
    [...waysOf({ a: null, b: [{ c: 1 }, { c: "x" }] })].map(([way, types]) => [way, [...types]]),
  ).toEqual([
    ["a", ["null"]],
    ["b", ["array"]],
    ["b[].c", ["number", "string"]],
  ]);
});
