/**
 * What the operator reads, word by word: every command before a Nightdesk that has something to say in every field.
 * The snapshots are a contract (`test/__snapshots__`): change one only on purpose.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCommand } from "./support/cli-process.ts";
import { runNightdesk } from "./support/cli-run.ts";
import { execution, hold, keyId, pool, startEveryAnswer } from "./support/every-answer.ts";

let team: Awaited<ReturnType<typeof startEveryAnswer>>;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  team = await startEveryAnswer();
  folder = await mkdtemp(join(tmpdir(), "nightdesk-texts-"));
  env = { NIGHTDESK_URL: team.url, NIGHTDESK_POOL: pool, NIGHTDESK_KEY: "CANARY-key", HOME: folder };
});
afterAll(async () => {
  await team?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Without what differs from run to run: the port, and seconds that pass. */
function steady(text: string): string {
  return text
    .replaceAll(team.url, "http://TEAM")
    .replaceAll(folder, "HOME")
    .replace(/\d+ s ago/g, "N s ago")
    .replace(/in \d+ days/g, "in N days")
    .replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?= UTC "Finance documents" [A-Z]+, \d)/gm, "TIME");
}

const job = "Finance documents";
const answers: string[][] = [
  ["status"],
  ["status", job],
  ["status", "Nobody"],
  ["stop"],
  ["stop", job, "--wait", "0.3"],
  ["go"],
  ["hold", job, "--until", "+2h"],
  ["holds"],
  ["release", "--hold", hold, "--dry-run"],
  ["release", "--hold", hold],
  ["settle", execution, "--because", "host down"],
  ["run", job],
  ["run", job, "--wait"],
  ["receipt", execution],
  ["report", "--from", "2026-06-18T12:00Z", "--to", "2026-06-19T00:00Z"],
  ["keys", "list"],
  ["keys", "create", "night", "--verbs", "view,cancel", "--expires", "never"],
  ["keys", "revoke", keyId],
  ["jobs"],
  ["pools"],
  ["connections"],
  ["connections", "test"],
  ["logs", job],
  ["logs", "--execution", execution, "--follow"],
  ["login", "--pool", pool],
  ["profiles"],
  ["logout"],
  ["logout"],
  ["run", job, "--mode", "all"],
  ["hold", job, "--until", "2026-06-19T02:00"],
  ["frobnicate"],
];

test.each(answers.map((argv) => [argv.join(" "), argv] as const))("%s", async (_, argv) => {
  const secret = (): Promise<string> => Promise.resolve("CANARY-key");
  const { code, stdout, stderr } = await runNightdesk(argv, { env, secret });
  expect(
    steady(`$ nightdesk ${argv.join(" ")}\n${stdout}${stderr === "" ? "" : `--- standard error\n${stderr}`}`),
  ).toMatchSnapshot();
  expect(stdout).toMatch(
    new RegExp(argv[0] === "receipt" ? "^NIGHTDESK RECEIPT" : `^CODE ${String(code)} REASON`, "m"),
  );
});

test("the same as a process: the same bytes, the same code", async () => {
  for (const argv of [
    ["status"],
    ["go"],
    ["run", job, "--wait"],
    ["logs", job],
    ["jobs", "--json"],
    ["frobnicate"],
    ["--help"],
  ]) {
    const inside = await runNightdesk(argv, { env });
    const outside = await startCommand(argv, env).ended;
    expect(steady(outside.stdout), argv.join(" ")).toBe(steady(inside.stdout));
    expect([outside.code, steady(outside.stderr)]).toEqual([inside.code, steady(inside.stderr)]);
  }
});
