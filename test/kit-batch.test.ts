/**
 * The .cmd files as they are shipped, run with the real curl before a server that lies: what may be taken for
 * an answer, what a stop rests on, and that nothing a server or a person writes becomes a command.
 */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { makeKit, writeKit } from "../src/kit/index.ts";
import { runBatch, type BatchOptions, type BatchRun } from "./support/batch-run.ts";
import { kitFacts } from "./support/kit-facts.ts";
import { hang, http, reset, said, startLyingDesk, type Lie, type LyingDesk } from "./support/lying-desk.ts";

let folder: string;
let kit: string;
let temp: string;
let desk: LyingDesk;
const { signal } = new AbortController();
const pool = kitFacts().pool.id;
const job = kitFacts().jobs[0]?.id ?? "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-kit-"));
  kit = join(folder, "night & desk! (1)");
  temp = join(folder, "temp");
  await mkdir(temp);
  desk = await startLyingDesk();
  await writeKit(kit, makeKit(kitFacts({ url: desk.url })), { signal });
});
afterEach(async () => {
  hangs = false;
  // Whatever happened: nothing is left in the folder of temporary files.
  expect(await readdir(temp)).toEqual([]);
  expect(new Set(desk.keys)).toEqual(new Set(desk.keys.length === 0 ? [] : ["AppKey CANARY-ndk_kit"]));
  desk.asked.length = 0;
  desk.keys.length = 0;
});
afterAll(async () => {
  await desk?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Whether curl is to run into its limit. */
let hangs = false;
/** A second in the place of what nobody can wait for in a test; and as long as it takes where there is an answer. */
const soon = (words: string[]): string[] =>
  words.map((word, at) => (words[at - 1] === "--max-time" ? (hangs ? "1" : "120") : word));

const run = (file: "STATUS.cmd" | "STOP.cmd", options: Partial<BatchOptions> = {}): Promise<BatchRun> =>
  runBatch(join(kit, file), { temp, curlWords: soon, ...options });

const page = '<html><body>NIGHTDESK CLEAR" & echo PWNED & "<form action="/login"></form></body></html>';

/** What a server says to a look, and what that is worth. */
const lies: [name: string, lie: Lie, code: number, line1: string][] = [
  ["clear", http(200, said("CLEAR", 0)), 0, "CLEAR"],
  ["reported clear", http(200, said("REPORTED CLEAR", 4)), 4, "REPORTED CLEAR"],
  ["running", http(200, said("RUNNING", 10)), 10, "RUNNING"],
  ["202 and running", http(202, said("RUNNING", 10)), 10, "RUNNING"],
  ["503 and unknown", http(503, said("UNKNOWN", 20)), 20, "UNKNOWN"],
  ["500 and unknown", http(500, said("UNKNOWN", 20)), 20, "UNKNOWN"],
  ["401", http(401, said("DENIED", 30)), 30, "DENIED"],
  ["403", http(403, said("DENIED", 30)), 30, "DENIED"],
  ["404", http(404, said("DENIED", 30)), 30, "DENIED"],
  ["400", http(400, said("USAGE", 50)), 50, "USAGE"],
  ["a login page with 200", http(200, page), 20, "UNKNOWN"],
  ["a login page with 401", http(401, page), 20, "UNKNOWN"],
  ["404 of something else", http(404, "Not Found\r\n"), 20, "UNKNOWN"],
  ["502 with the word in it", http(502, said("CLEAR", 0)), 20, "UNKNOWN"],
  ["202 with the word in it", http(202, said("CLEAR", 0)), 20, "UNKNOWN"],
  ["403 with the word in it", http(403, said("CLEAR", 0)), 20, "UNKNOWN"],
  ["200 and denied", http(200, said("DENIED", 30)), 20, "UNKNOWN"],
  ["200 and unknown", http(200, said("UNKNOWN", 20)), 20, "UNKNOWN"],
  ["a body that is cut", http(200, said("CLEAR", 0), { length: 1000 }), 20, "UNKNOWN"],
  ["a redirect", http(302, "", { headers: "Location: /desk/elsewhere\r\n" }), 20, "UNKNOWN"],
  ["a redirect with the word", http(307, said("CLEAR", 0), { headers: "Location: /\r\n" }), 20, "UNKNOWN"],
  ["an empty body", http(200, ""), 20, "UNKNOWN"],
  ["204", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", 20, "UNKNOWN"],
  ["the wrong case", http(200, "Nightdesk Clear\r\n"), 20, "UNKNOWN"],
  ["text after the word", http(200, "NIGHTDESK CLEAR (cached)\r\nCODE 0 REASON x\r\n"), 20, "UNKNOWN"],
  ["a space after the word", http(200, "NIGHTDESK CLEAR \r\nCODE 0 REASON x\r\n"), 20, "UNKNOWN"],
  ["text before the word", http(200, " NIGHTDESK CLEAR\r\nCODE 0 REASON x\r\n"), 20, "UNKNOWN"],
  ["the word in line 2", http(200, "NIGHTDESK RUNNING!\r\nNIGHTDESK CLEAR\r\n"), 20, "UNKNOWN"],
  ["a mark of byte order", http(200, `\xef\xbb\xbf${said("CLEAR", 0)}`), 20, "UNKNOWN"],
  ["a word that nobody knows", http(200, said("FINE", 0)), 20, "UNKNOWN"],
  ["JSON", http(200, '{"word":"NIGHTDESK CLEAR","code":0}'), 20, "UNKNOWN"],
  ["no HTTP at all", "NIGHTDESK CLEAR\r\n", 40, "UNREACHABLE"],
  ["a connection that is reset", reset, 40, "UNREACHABLE"],
  ["nothing at all", "", 40, "UNREACHABLE"],
  ["no answer in time", hang, 40, "UNREACHABLE"],
];
/** The first ten are answers of the desk; the rest is not to be taken for one. */
const honest = new Set(lies.slice(0, 10).map(([name]) => name));
const good = new Set([0, 4]);
const colourOf = (code: number): string => (code === 0 ? "2F" : code === 4 || code === 10 ? "6F" : "4F");

/** Line 1 is the word and the last one has the code, only these two stand at the margin, and no page is shown. */
function expectForm({ lines, shown }: BatchRun, code: number, word: string): void {
  expect(lines[0]).toBe(`NIGHTDESK ${word}`);
  expect(lines.at(-1)).toMatch(new RegExp(`^CODE ${String(code)} REASON `));
  expect(lines.slice(1, -1).filter((line) => !line.startsWith("  "))).toEqual([]);
  expect(shown).not.toMatch(/PWNED|<form|CANARY/);
  expect(good.has(code) || !/^NIGHTDESK (?:REPORTED )?CLEAR$/m.test(shown)).toBe(true);
}

test.each(lies)("STATUS.cmd /AUTO and by a double-click: %s", async (_, lie, code, word) => {
  hangs = lie === hang;
  desk.answer = () => lie;
  const auto = await run("STATUS.cmd", { args: ["/AUTO"] });
  expect([auto.code, auto.colours, auto.pauses]).toEqual([code, [], 0]);
  expectForm(auto, code, word);
  const attended = await run("STATUS.cmd");
  const last = attended.colours.slice(0, -1).at(-1);
  expect([attended.code, last, attended.colours.at(-1), attended.pauses]).toEqual([
    code,
    colourOf(code),
    "",
    1,
  ]);
  // The same answer, and beneath it what it means.
  const untimed = (lines: string[]): string[] =>
    lines.map((line) => line.replace(/after \d+ ms|after \d+ milli/, "after"));
  expect(untimed(attended.lines.slice(0, auto.lines.length))).toEqual(untimed(auto.lines));
  expect(attended.lines.at(-1)).toMatch(code === 0 ? /Go on/ : code === 4 ? /was not seen/ : /Do NOT shut/);
  expect(new Set(desk.asked)).toEqual(new Set([`GET /desk/go.txt?pool=${pool}`]));
});

test("nobody listens: UNREACHABLE, with curl's reason and whom to call", async () => {
  const gone = await startLyingDesk();
  await gone.stop();
  const answer = await run("STATUS.cmd", { args: ["/auto"], env: { ND_URL: gone.url } });
  expect(answer.code).toBe(40);
  expectForm(answer, 40, "UNREACHABLE");
  expect(answer.calls.map(({ exit }) => exit)).toEqual([7]);
  expect(answer.shown).toMatch(
    /curl exit code 7.*\n {2}curl: \(7\) .*\n {2}Call Basis on call, \+81 3 1234 5678\n/,
  );
  const stop = await run("STOP.cmd", { args: ["/AUTO"], env: { ND_URL: gone.url } });
  expect([stop.code, stop.calls.length]).toEqual([40, 4]);
});

/** What is answered to the request itself counts for nothing; what a look after it says does. */
test.each(lies)("STOP.cmd /AUTO: the request is answered with: %s", async (name, lie, code, word) => {
  hangs = lie === hang;
  const refused = code === 30 || code === 50;
  const wellSaid = honest.has(name);
  for (const [status, ends, said1] of [
    [http(200, said("CLEAR", 0)), 0, "CLEAR"],
    [http(200, said("REPORTED CLEAR", 4)), 4, "REPORTED CLEAR"],
    [http(200, said("RUNNING", 10)), refused ? code : 20, refused ? word : "UNKNOWN"],
    [http(200, page), refused ? code : 20, refused ? word : "UNKNOWN"],
  ] as const) {
    if (lie === hang && ends === 20) continue;
    desk.asked.length = 0;
    desk.answer = (asked) => (asked.startsWith("POST") ? lie : status);
    const stop = await run("STOP.cmd", { args: ["/AUTO"] });
    expect([stop.code, stop.colours, stop.pauses]).toEqual([ends, [], 0]);
    expectForm(stop, ends, said1);
    const rounds = ends === 20 ? 8 : 1;
    expect(desk.asked).toEqual(
      Array.from({ length: rounds }, () => [
        `POST /desk/stop.txt?all=true&wait=25&pool=${pool}`,
        `GET /desk/status.txt?pool=${pool}`,
      ]).flat(),
    );
    // A request that was answered in words has its answer shown beside that of the look.
    const request = stop.lines.filter((line) => line.startsWith("  REQUEST"));
    const answered = good.has(ends) && wellSaid;
    expect(request).toEqual(answered ? [`  REQUEST CODE ${String(code)} REASON told`] : []);
  }
});

test.each(lies)("STOP.cmd /AUTO: the look after it is answered with: %s", async (name, lie, code, word) => {
  hangs = lie === hang;
  desk.answer = (asked) => (asked.startsWith("POST") ? http(200, said("CLEAR", 0, "STOPPED")) : lie);
  const stop = await run("STOP.cmd", { args: ["/AUTO"] });
  // What goes on running after all that time is a case for a person.
  const [ends, said1] = code === 10 ? [20, "UNKNOWN"] : [code, word];
  expect(stop.code).toBe(ends);
  expectForm(stop, ends, said1);
  expect(desk.asked.length).toBe(code === 10 || code === 20 ? 16 : code === 40 ? 4 : 2);
  const shown = honest.has(name) && code !== 10;
  expect(stop.lines.includes("  REQUEST CODE 0 REASON STOPPED")).toBe(shown);
});

test("a stop that takes its time, with lost answers on the way, is waited for", async () => {
  desk.answer = (asked, before) => {
    if (asked.startsWith("POST")) return before < 4 ? reset : http(202, said("RUNNING", 10));
    if (before < 5) return http(503, said("UNKNOWN", 20));
    return before === 5 ? reset : before === 7 ? http(200, said("RUNNING", 10)) : http(200, said("CLEAR", 0));
  };
  const stop = await run("STOP.cmd", { args: ["/AUTO"] });
  expect([stop.code, stop.lines[0], desk.asked.length]).toEqual([0, "NIGHTDESK CLEAR", 10]);
});

test("by a double-click STOP asks first: only the word itself, in capitals, asks for anything", async () => {
  desk.answer = (asked, before) =>
    http(200, asked.startsWith("GET") && before === 0 ? said("RUNNING", 10) : said("CLEAR", 0, "STOPPED"));
  const stop = await run("STOP.cmd", { typed: ["STOP"] });
  expect([stop.code, stop.pauses]).toEqual([0, 1]);
  expect(desk.asked.map((line) => line.split(" ")[0])).toEqual(["GET", "POST", "GET"]);
  expect(stop.shown).toMatch(
    /^NIGHTDESK RUNNING\n[^]*Type the word STOP[^]*1 of at most 8[^]*\nNIGHTDESK CLEAR\n/,
  );
  for (const typed of [
    [],
    [""],
    ["stop"],
    ["STOP now"],
    [" STOP"],
    ['a" & echo PWNED & "'],
    ['"'],
    ['""'],
    ["%PATH%"],
    ["!x!"],
    ["^"],
    ['" == "" echo PWNED &rem'],
    ["STOP)"],
  ]) {
    desk.asked.length = 0;
    const left = await run("STOP.cmd", { typed });
    expect([typed, left.code, desk.asked.length, left.pauses]).toEqual([typed, 10, 1, 1]);
    expect(left.shown).toContain("Nothing was asked for.");
    expect(left.shown).not.toContain("PWNED");
  }
});

test("one job only; other arguments ask for nothing", async () => {
  desk.answer = () => http(200, said("CLEAR", 0));
  expect((await run("STATUS.cmd", { args: ["/AUTO", "/JOB", job] })).code).toBe(0);
  expect((await run("STOP.cmd", { args: ["/job", job, "/auto"] })).code).toBe(0);
  const query = `job=${job}&pool=${pool}`;
  expect(desk.asked).toEqual([
    `GET /desk/status.txt?${query}`,
    `POST /desk/stop.txt?job=${job}&wait=25&pool=${pool}`,
    `GET /desk/status.txt?${query}`,
  ]);
  for (const args of [
    ["/JOB"],
    ["/AUTO", "/JOB", "x&all=true"],
    ["/JOB", ""],
    ["/FORCE"],
    ["--all"],
    ["/AUTO", job],
  ]) {
    for (const file of ["STATUS.cmd", "STOP.cmd"] as const) {
      const wrong = await run(file, { args });
      expect([args, wrong.code, wrong.pauses]).toEqual([args, 50, 0]);
      expectForm(wrong, 50, "USAGE");
    }
  }
  expect(desk.asked).toHaveLength(3);
});

test("a kit that is not whole asks nothing and says so, and so does one on a machine without curl.exe", async () => {
  desk.answer = () => http(200, said("CLEAR", 0));
  for (const [name, code, word] of [
    ["server.txt", 50, "USAGE"],
    ["settings.txt", 50, "USAGE"],
    ["key.txt", 50, "USAGE"],
    ["lib/ask.cmd", 20, "UNKNOWN"],
  ] as const) {
    const path = join(kit, name);
    const text = await readFile(path);
    await rm(path);
    try {
      for (const file of ["STATUS.cmd", "STOP.cmd"] as const) {
        const broken = await run(file, { args: ["/AUTO"] });
        expect([name, broken.code]).toEqual([name, code]);
        expectForm(broken, code, word);
      }
    } finally {
      await writeFile(path, text);
    }
  }
  const say = await readFile(join(kit, "lib/say.cmd"));
  await rm(join(kit, "lib/say.cmd"));
  expect((await run("STATUS.cmd", { args: ["/AUTO"] })).code).toBe(0);
  await writeFile(join(kit, "lib/say.cmd"), say);
  expect(desk.asked).toHaveLength(1);
  const broken = await run("STATUS.cmd", { args: ["/AUTO"], env: { ND_CURL: "Z:\\nowhere\\curl.exe" } });
  expect(broken.code).toBe(50);
  expectForm(broken, 50, "USAGE");
  expect(broken.shown).toContain("no curl.exe [exit code 9009]");
});

test("what a machine has set already changes nothing: ERRORLEVEL, a code, a word", async () => {
  desk.answer = () => http(200, page);
  expect.hasAssertions();
  const env = {
    ERRORLEVEL: "0",
    ND_CODE: "0",
    ND_WHY: "said",
    ND_WORD: "CLEAR",
    ND_AUTO: "1",
    ND_SEEN: "1",
    ND_HTTP: "200",
  };
  const answer = await run("STATUS.cmd", { args: ["/AUTO"], env });
  expectForm(answer, 20, "UNKNOWN");
  desk.answer = () => reset;
  expectForm(await run("STATUS.cmd", { args: ["/AUTO"], env }), 40, "UNREACHABLE");
});

test("curl is called with these options and no others, the key only in a file", async () => {
  desk.answer = () => http(200, said("CLEAR", 0));
  const { calls } = await run("STOP.cmd", { args: ["/AUTO"], curlWords: (words) => words });
  const [post, get] = calls.map(({ words }) => words);
  const call = (method: string): string[] => [
    "-q",
    "-sS",
    "-K",
    `${kit}/lib/../settings.txt`,
    "-K",
    `${kit}/lib/../key.txt`,
    "-X",
    method,
    "--connect-timeout",
    "10",
    "--max-time",
    "40",
    "-o",
    expect.any(String),
    "-w",
    "%{http_code}\\n",
  ];
  expect(post).toEqual([...call("POST"), `${desk.url}/desk/stop.txt?all=true&wait=25&pool=${pool}`]);
  expect(get).toEqual([...call("GET"), `${desk.url}/desk/status.txt?pool=${pool}`]);
});
