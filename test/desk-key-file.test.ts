/** What `nightdesk` takes for an address, a pool and a key before anything is sent; real files. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runNightdesk } from "./support/cli-run.ts";
import { scriptedKey, scriptedPool, startScriptedTeam } from "./support/scripted-team.ts";
import type { ScriptedTeam } from "./support/scripted-team.ts";

let folder: string;
let team: ScriptedTeam;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-key-"));
  team = await startScriptedTeam({ jobs: [] });
});

afterAll(async () => {
  await team?.close();
  await rm(folder, { recursive: true, force: true });
});

async function keyFile(name: string, content: string | Buffer, mode = 0o600): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

const status = (path: string, ...more: string[]): ReturnType<typeof runNightdesk> =>
  runNightdesk(["status", "--url", team.url, "--pool", scriptedPool, "--key-file", path, ...more]);

test.each<[string, string | Buffer, string]>([
  ["the key alone", scriptedKey, "AppKey"],
  ["with more lines and blanks", `  ${scriptedKey} \r\nanother line\r\n`, "AppKey"],
  ["a header line for curl", `Authorization: Bearer ${scriptedKey}\n`, "Bearer"],
  ["a header line without its name", `appkey ${scriptedKey}\n`, "AppKey"],
  ["UTF-16, as shells of Windows write", Buffer.from(`\ufeff${scriptedKey}\r\n`, "utf16le"), "AppKey"],
  ["UTF-8 with a mark", `\ufeff${scriptedKey}\n`, "AppKey"],
])("a key file: %s", async (name, content, scheme) => {
  const answer = await status(await keyFile(name, content));
  expect(answer).toMatchObject({ code: 4, stderr: "" });
  expect(team.requests.at(-1)?.authorization).toBe(`${scheme} ${scriptedKey}`);
});

test("--key-scheme decides", async () => {
  const path = await keyFile("scheme", scriptedKey);
  expect((await status(path, "--key-scheme", "bearer")).code).toBe(4);
  expect(team.requests.at(-1)?.authorization).toBe(`Bearer ${scriptedKey}`);
  expect((await status(path, "--key-scheme", "Basic")).code).toBe(50);
});

test.runIf(process.platform !== "win32")(
  "a key file that others can read is a warning, not a refusal",
  async () => {
    const answer = await status(await keyFile("open", scriptedKey, 0o644));
    expect(answer.code).toBe(4);
    expect(answer.stderr).toContain("other users can read the key file");
  },
);

test("a key file that is missing, empty, a folder or no key: one line that says what to do", async () => {
  const paths = {
    missing: join(folder, "nowhere"),
    empty: await keyFile("empty", ""),
    blank: await keyFile("blank", "\n\nCANARY-later"),
    folder,
    "no key": await keyFile("words", "CANARY two words"),
    binary: await keyFile("binary", Buffer.from([0, 1, 2, 255])),
  };
  const before = team.requests.length;
  for (const [name, path] of Object.entries(paths)) {
    const answer = await status(path);
    expect(answer.code, name).toBe(50);
    expect(answer.lines, name).toHaveLength(2);
    expect(answer.stdout, name).toMatch(
      /^NIGHTDESK USAGE\nCODE 50 REASON the key file .* NEXT write the key/,
    );
    expect(answer.stdout, name).not.toContain("CANARY");
  }
  expect(team.requests.length).toBe(before);
});

test.each<[string, string[], Record<string, string>, string]>([
  ["no address", ["status"], {}, "--url"],
  ["no pool", ["status", "--url", "https://team.example"], {}, "--pool"],
  ["a pool's name", ["status", "--url", "https://team.example", "--pool", "SAP ECC"], {}, "id of a pool"],
  ["no key", ["status", "--url", "https://team.example", "--pool", scriptedPool], {}, "--key-file"],
  [
    "an empty key",
    ["status", "--url", "https://team.example", "--pool", scriptedPool],
    { NIGHTDESK_KEY: " " },
    "is empty",
  ],
  ["an address of another kind", ["status", "--url", "ftp://team.example"], {}, "http or https"],
  ["no address at all", ["status", "--url", "team"], {}, "http or https"],
  ["a path behind it", ["status", "--url", "https://team.example/some/path/"], {}, "ends after its host"],
  [
    "a password in the address",
    ["status", "--url", "https://me:CANARY-PASSWORD@team.example"],
    {},
    "no password",
  ],
  ["no time to wait", ["stop", "x", "--wait", "0"], {}, "--wait"],
  ["a wait that is no number", ["stop", "x", "--wait", "1e3"], {}, "--wait"],
  [
    "an execution whose variable was not set",
    ["stop", "x", "--execution", "", "--url", "https://team.example", "--pool", scriptedPool],
    { NIGHTDESK_KEY: scriptedKey },
    "--execution has an empty value",
  ],
  [
    "a key file whose variable was not set",
    ["status", "--url", "https://team.example", "--pool", scriptedPool, "--key-file", ""],
    { NIGHTDESK_KEY: scriptedKey },
    "--key-file has an empty value",
  ],
  ["a port that is none", ["serve", "--home", "x", "--port", "70000"], {}, "--port"],
])("%s is USAGE", async (_, argv, env, words) => {
  const answer = await runNightdesk(argv, { env });
  expect(answer.code).toBe(50);
  expect(answer.lines[0]).toBe("NIGHTDESK USAGE");
  expect(answer.stdout).toContain(words);
  expect(answer.stdout + answer.stderr).not.toContain("CANARY");
});

test("a wrong command is answered in JSON too, where that was asked for", async () => {
  for (const argv of [["status"], ["stop", "x", "--wait", "0"], ["status", "a", "b"], ["halt"]]) {
    const { code, stdout } = await runNightdesk([...argv, "--json"]);
    expect(code).toBe(50);
    expect(JSON.parse(stdout)).toMatchObject({ code: 50, word: "USAGE", url: null, pool: null, jobs: [] });
  }
});

test("serve and demo get their options and give their code", async () => {
  const calls: unknown[] = [];
  const note = (code: number) => (options: unknown) => (calls.push(options), Promise.resolve(code));
  const context = { serve: note(20), demo: note(0) };
  expect((await runNightdesk(["serve", "--home", "h", "--port", "0", "--insecure-http"], context)).code).toBe(
    20,
  );
  expect((await runNightdesk(["demo"], context)).code).toBe(0);
  expect(calls).toEqual([{ home: "h", port: 0, insecureHttp: true }, {}]);
  const failed = await runNightdesk(["demo"]);
  expect(failed).toMatchObject({ code: 1, stdout: "", stderr: "nightdesk: demo was not asked for\n" });
});
