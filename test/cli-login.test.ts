/** `nightdesk login`: where a key comes from, where it is kept, and where it goes. Real files, real HTTP. */
import { PassThrough } from "node:stream";
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readSecret } from "../src/cli/secret-prompt.ts";
import { runNightdesk } from "./support/cli-run.ts";
import type { CliRun } from "./support/cli-run.ts";
import { closeTeams, idle, running, team } from "./support/desk-cases.ts";
import { scriptedKey, scriptedPool } from "./support/scripted-team.ts";

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "nightdesk-login-"));
});
afterEach(async () => {
  await closeTeams();
  await rm(home, { recursive: true, force: true });
});

const typed = (key: string) => ({ secret: () => Promise.resolve(key) });

async function run(
  argv: readonly string[],
  context: Parameters<typeof runNightdesk>[1] = {},
): Promise<CliRun> {
  const answer = await runNightdesk(argv, { ...context, env: { HOME: home, ...context.env } });
  expect(answer.stdout + answer.stderr).not.toContain(scriptedKey);
  return answer;
}

const kept = join(".config", "nightdesk", "profiles");

test("a key that was typed is kept for this user alone, and used by every command after it", async () => {
  const end = await team({ jobs: [idle(), running()], nightdesk: true });
  const asked: string[] = [];
  const secret = (prompt: string): Promise<string> => {
    asked.push(prompt);
    return Promise.resolve(scriptedKey);
  };
  const login = await run(["login", "--url", `${end.url}/`, "--pool", scriptedPool], { secret });
  expect(login).toMatchObject({
    code: 0,
    stderr: "",
    lines: ["NIGHTDESK LOGGED IN", expect.stringContaining(`${end.url}, pool ${scriptedPool}`)],
  });
  expect(asked).toEqual([`Key for ${end.url} (not shown): `]);
  const path = join(home, kept, "default.json");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(home, kept))).mode & 0o777).toBe(0o700);
  expect(await readdir(join(home, kept))).toEqual(["default.json"]);
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
    url: end.url,
    poolId: scriptedPool,
    key: scriptedKey,
    scheme: "AppKey",
  });
  expect((await run(["status"])).code).toBe(10);
  expect((await run(["profiles"])).lines).toEqual([
    "NIGHTDESK PROFILES",
    `  default ${end.url}, pool ${scriptedPool}`,
    "CODE 0 REASON 1 profile",
  ]);
  expect((await run(["logout"])).lines.at(-1)).toContain("profile default is forgotten");
  expect((await run(["logout"])).lines.at(-1)).toContain("there was no profile default");
  expect((await run(["status"])).code).toBe(50);
});

test("a key from a file; a profile by its name, by the option before the environment", async () => {
  const end = await team({ jobs: [running()], nightdesk: true });
  const file = join(home, "key.txt");
  await writeFile(file, `Authorization: Bearer ${scriptedKey}\n`, { mode: 0o600 });
  const from = ["login", "--key-file", file, "--profile", "night", "--url", end.url];
  expect((await run(from)).code).toBe(0);
  expect((await run(["status", "--profile", "night"])).lines[1]).toContain("no pool named");
  expect((await run(["status", "--profile", "night", "--pool", scriptedPool])).code).toBe(10);
  expect((await run([...from, "--pool", scriptedPool])).code).toBe(0);
  expect((await run([...from])).code).toBe(0);
  expect((await run(["status"], { env: { NIGHTDESK_PROFILE: "night" } })).code).toBe(10);
  expect(end.requests.at(-1)?.authorization).toBe(`Bearer ${scriptedKey}`);
  const wrong = {
    NIGHTDESK_PROFILE: "nobody",
    NIGHTDESK_URL: "http://127.0.0.1:1",
    NIGHTDESK_KEY: "CANARY-other",
  };
  expect((await run(["status", "--profile", "night"], { env: wrong })).code).toBe(10);
  expect((await run(["status"], { env: { NIGHTDESK_PROFILE: "nobody" } })).lines[1]).toContain(
    "there is no profile nobody",
  );
});

test("a profile's key goes to its own address and nowhere else", async () => {
  const end = await team({ jobs: [running()], nightdesk: true });
  const other = await team({ jobs: [running()], nightdesk: true });
  await run(["login", "--url", end.url, "--pool", scriptedPool], typed(scriptedKey));
  const named = await run(["status", "--profile", "default", "--url", other.url]);
  expect(named).toMatchObject({
    code: 50,
    lines: [expect.anything(), expect.stringContaining(`is for ${end.url}`)],
  });
  expect(
    (await run(["status"], { env: { NIGHTDESK_PROFILE: "default", NIGHTDESK_URL: other.url } })).code,
  ).toBe(50);
  expect((await run(["status", "--url", other.url])).lines[1]).toContain("no pool named");
  expect((await run(["status", "--url", other.url, "--pool", scriptedPool])).lines[1]).toContain("no key");
  expect(other.requests).toEqual([]);
});

test("a key that the team refuses, or a team that does not answer: nothing is kept, nothing is lost", async () => {
  const end = await team({ jobs: [running()], nightdesk: true });
  const login = (key: string): Promise<CliRun> =>
    run(["login", "--url", end.url, "--pool", scriptedPool], typed(key));
  expect((await login("CANARY-wrong")).code).toBe(30);
  expect(await readdir(home)).toEqual([]);
  await login(scriptedKey);
  expect((await login("CANARY-wrong")).code).toBe(30);
  expect((await login("")).code).toBe(50);
  await end.close();
  expect((await login(scriptedKey)).code).toBe(40);
  expect(await readFile(join(home, kept, "default.json"), "utf8")).toContain(scriptedKey);
});

test("what cannot be a profile: names of paths, a broken file, a folder that takes nothing", async () => {
  const end = await team({ jobs: [], nightdesk: true });
  for (const name of ["../x", "a/b", ".hidden", "", "x".repeat(65), "end."]) {
    const answer = await run(["login", "--url", end.url, "--profile", name], typed(scriptedKey));
    expect(answer.code, name).toBe(50);
  }
  expect(await readdir(home)).toEqual([]);
  await run(["login", "--url", end.url], typed(scriptedKey));
  const path = join(home, kept, "default.json");
  await writeFile(path, `{"url": "${end.url}", "key": "${scriptedKey}"`);
  const broken = await run(["status", "--pool", scriptedPool]);
  expect(broken).toMatchObject({
    code: 50,
    lines: [expect.anything(), expect.stringContaining("is not one")],
  });
  expect((await run(["profiles"])).lines[1]).toBe("  default cannot be read");
  await rm(path);
  await writeFile(join(home, "file"), "");
  const env = { XDG_CONFIG_HOME: join(home, "file") };
  const full = await run(["login", "--url", end.url], { ...typed(scriptedKey), env });
  expect(full).toMatchObject({
    code: 50,
    lines: [expect.anything(), expect.stringContaining("cannot be written")],
  });
  await chmod(join(home, kept), 0o700);
});

function terminal(keys: readonly string[]) {
  const input = new PassThrough();
  const modes: boolean[] = [];
  for (const key of keys) input.write(key);
  return {
    input: Object.assign(input, {
      isTTY: true as const,
      setRawMode: (mode: boolean) => (modes.push(mode), input),
    }),
    modes,
  };
}

test.each([
  ["typed and ended", ["CANARY", "-key\r"], "CANARY-key"],
  ["corrected", ["CANARY-kex\u007fy\n"], "CANARY-key"],
  ["given up with Ctrl-C", ["CANARY", "\u0003"], ""],
  ["ended with Ctrl-D", ["CANARY\u0004"], "CANARY"],
])("at a terminal nothing of a key is shown: %s", async (_, keys, key) => {
  const { input, modes } = terminal(keys);
  let shown = "";
  const output = { write: (text: string) => (shown += text) };
  expect(await readSecret("Key: ", input as never, output)).toBe(key);
  expect([shown, modes]).toEqual(["Key: \n", [true, false]]);
});

test("from a pipe the first line is taken, without a prompt", async () => {
  const input = new PassThrough();
  input.end(`${scriptedKey}\r\nmore\n`);
  const output = { write: () => expect.unreachable() };
  expect(await readSecret("Key: ", input, output)).toBe(scriptedKey);
});
