/** docs/probes.md: its file is one, its PostgreSQL query runs, its look.sh believes only what looked to the end. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writtenProbes } from "../src/probe-settings.ts";
import { commandProbe } from "../src/probes/index.ts";
import { postgresProbe } from "../src/sources/postgres/probe.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { accessTo, never } from "./support/source-reading.ts";

const text = readFileSync(new URL("../docs/probes.md", import.meta.url), "utf8");
const block = (language: string): string =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1] ?? "";

let source: TestDatabase;
let folder: string;

beforeAll(async () => {
  source = await createDatabase("probe_documents");
  folder = await mkdtemp(join(tmpdir(), "nightdesk-look-"));
  await writeFile(join(folder, "look.sh"), block("sh"));
});
afterAll(async () => {
  await source.end();
  await rm(folder, { recursive: true, force: true });
});

test("its file is read, and its query sees a session of that user and no other", async () => {
  const probes = writtenProbes(JSON.parse(block("json")));
  expect(probes.map(({ kind }) => kind)).toEqual(["sql", "http", "command"]);
  const [sql] = probes;
  const query = sql?.kind === "sql" ? sql.query : "";
  const look = (of: string) =>
    postgresProbe(accessTo(source), query.replace("celonis_extractor", of), { limitMs: 10_000 }).look({
      signal: never,
    });
  expect(await look("celonis_extractor")).toMatchObject({ clear: true });
  expect(await look(source.superuser.user)).toMatchObject({
    clear: false,
    found: [expect.stringContaining("nightdesk-test")],
  });
});

test.each<[prints: string, told: object]>([
  ["echo LOOKED", { clear: true }],
  ["echo '\"LOOKED\"'", { clear: true }],
  ["printf '\\n\\nLOOKED\\n\\n'", { clear: true }],
  ["echo BERTA; echo; echo LOOKED", { clear: false, found: ["BERTA"] }],
  ["echo 'x LOOKED'; echo LOOKED", { clear: false, found: ["x LOOKED"] }],
  ["true", { unknown: "the command ended with code 2" }],
  ["echo 'ORA-12541: no listener'; exit 1", { unknown: "the command ended with code 2" }],
  ["echo 'ORA-00942: table or view does not exist'", { unknown: "the command ended with code 2" }],
  ["echo LOOKED; exit 1", { unknown: "the command ended with code 2" }],
  ["echo LOOKED; echo 'ORA-03113: end-of-file'", { unknown: "the command ended with code 2" }],
])("look.sh before a client that does %s", async (prints, told) => {
  const argv = ["/bin/sh", join(folder, "look.sh"), "/bin/sh", "-c", prints] as const;
  const env = { PATH: "/usr/bin:/bin" };
  expect(await commandProbe(argv, { limitMs: 10_000, env }).look({ signal: never })).toMatchObject(told);
});
