/**
 * The .cmd files under a cmd that is not ours: Wine 10's, with a curl.exe of Windows that
 * NIGHTDESK_TEST_WINDOWS_CURL names. Older ones of Wine run batch files wrongly and prove nothing.
 */
import { spawn, spawnSync } from "node:child_process";
import { openSync, closeSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeKit, writeKit } from "../src/kit/index.ts";
import { kitFacts } from "./support/kit-facts.ts";
import { http, reset, said, startLyingDesk, type Lie, type LyingDesk } from "./support/lying-desk.ts";

const curl = process.env["NIGHTDESK_TEST_WINDOWS_CURL"] ?? "";
const { PATH, HOME } = process.env;
const version = /^wine-(\d+)/.exec(spawnSync("wine", ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1];
const able = curl !== "" && Number(version ?? 0) >= 10;

let folder: string;
let desk: LyingDesk;
const windowsPath = (path: string): string => `Z:${path.replaceAll("/", "\\")}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-wine-"));
  desk = await startLyingDesk();
  const name = "night & desk! (1)";
  await writeKit(join(folder, name), makeKit(kitFacts({ url: desk.url })), {
    signal: new AbortController().signal,
  });
  // Wine cannot be handed a path with an ampersand; a batch file can.
  await writeFile(join(folder, "go.cmd"), `@call "%~dp0${name}\\%~1" %2 %3 %4\r\n@exit /b %errorlevel%\r\n`);
});
afterAll(async () => {
  await desk?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Output goes to a file: services that Wine starts with the first program hold on to a pipe. */
async function run(args: string[], typed = ""): Promise<{ code: number | null; shown: string }> {
  const [input, output] = [join(folder, "typed.txt"), join(folder, "shown.txt")];
  await writeFile(input, typed);
  const files = [openSync(input, "r"), openSync(output, "w")] as const;
  const child = spawn("wine", ["cmd", "/c", windowsPath(join(folder, "go.cmd")), ...args], {
    stdio: [files[0], files[1], "ignore"],
    // Not all of ours: Wine 10 falls over some of what a test runner sets.
    env: { PATH, HOME, WINEDEBUG: "-all", ND_CURL: windowsPath(curl), ND_NOPAUSE: "1" },
  });
  const code = await new Promise<number | null>((ended, failed) =>
    child.on("error", failed).on("exit", ended),
  );
  files.forEach((file) => closeSync(file));
  return { code, shown: await readFile(output, "latin1") };
}

const page = '<html>NIGHTDESK CLEAR" & echo PWNED & "<form></form></html>';
const lies: [string, Lie, number][] = [
  ["clear", http(200, said("CLEAR", 0)), 0],
  ["reported clear", http(200, said("REPORTED CLEAR", 4)), 4],
  ["running", http(200, said("RUNNING", 10)), 10],
  ["503 and unknown", http(503, said("UNKNOWN", 20)), 20],
  ["403", http(403, said("DENIED", 30)), 30],
  ["400", http(400, said("USAGE", 50)), 50],
  ["a login page with 200", http(200, page), 20],
  ["what could break out of quotes", http(200, 'x"=="x" echo PWNED & rem\r\nNIGHTDESK CLEAR\r\n'), 20],
  ["502 with the word in it", http(502, said("CLEAR", 0)), 20],
  ["a body that is cut", http(200, said("CLEAR", 0), { length: 1000 }), 20],
  ["text after the word", http(200, "NIGHTDESK CLEAR x\r\n"), 20],
  ["an empty body", http(200, ""), 20],
  ["a connection that is reset", reset, 40],
];

test.skipIf(!able)(
  "Wine's cmd and a curl.exe of Windows come to the same codes, attended and not, and run nothing of what is written",
  async () => {
    for (const [name, lie, code] of lies) {
      desk.answer = (asked) => (asked.startsWith("POST") ? http(200, said("CLEAR", 0, "STOPPED")) : lie);
      for (const [file, ends] of [
        ["STATUS.cmd", code],
        ["STOP.cmd", code === 10 ? 20 : code],
      ] as const) {
        const { code: got, shown } = await run([file, "/AUTO"]);
        expect([name, file, got]).toEqual([name, file, ends]);
        expect(shown).not.toMatch(/PWNED|<form/);
        expect(shown).toMatch(/^NIGHTDESK [A-Z ]+\r\n(?: {2}.*\r\n)*CODE \d+ REASON .*\r\n$/);
      }
    }
    desk.answer = (asked, before) =>
      http(200, asked.startsWith("GET") && before === 0 ? said("RUNNING", 10) : said("CLEAR", 0, "STOPPED"));
    for (const [typed, code, asked] of [
      ["STOP\r\n", 0, 3],
      ["\r\n", 10, 1],
      ["", 10, 1],
      ["stop\r\n", 10, 1],
      ['a" & echo PWNED & "\r\n', 10, 1],
      ["%PATH%\r\n", 10, 1],
    ] as const) {
      desk.asked.length = 0;
      const { code: got, shown } = await run(["STOP.cmd"], typed);
      expect([typed, got, desk.asked.length]).toEqual([typed, code, asked]);
      expect(shown).not.toContain("PWNED");
    }
  },
  600_000,
);
