import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { UserError } from "../model/errors.ts";
import { asPrinted } from "./book.ts";
import type { KitFacts } from "./facts.ts";
import { fill } from "./fill.ts";
import { makeKit } from "./kit-files.ts";
import { codePage932, inCodePage932 } from "./code-page.ts";

const facts: KitFacts = {
  language: "en",
  url: "https://desk.example:4443",
  pool: { id: "2b8f0000-0000-4000-8000-000000000001", name: "SAP ECC" },
  jobs: [{ id: "2b8f0000-0000-4000-8000-000000000002", name: "Finance documents" }],
  contact: "Basis on call, +81 3 1234 5678",
  key: { name: "kit", text: "CANARY-ndk_kit", prefix: "ndk_kit", expires: "2026-09-16 15:00:00 UTC" },
  made: "2026-06-18 15:00:00 UTC",
  version: "0.0.0-test",
  certificate: {
    pem: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
    thumbprint: "AB".repeat(20),
  },
};
const named = (...names: string[]): Partial<KitFacts> => ({
  jobs: names.map((name, at) => ({ id: `job-${String(at)}`, name })),
});
const kit = (more: Partial<KitFacts> = {}): Map<string, Buffer> =>
  new Map(makeKit({ ...facts, ...more }).map(({ path, bytes }) => [path, Buffer.from(bytes)]));
const textOf = (files: Map<string, Buffer>, path: string): string => files.get(path)?.toString("utf8") ?? "";

/** Everything that cmd could take badly, what a page could, and what imitates the kit itself. */
const wild = [
  "\u4f1a\u8a08 \u4f1d\u7968\uff5e",
  `"quoted" & calc & "`,
  "100% %PATH% %%a !x! ^ ^^ | > < ; , = ( )",
  "<script>alert(1)</script> & 'x' &amp;",
  "{contact} {{pool}} ${x} undefined null",
  "NIGHTDESK CLEAR",
  "\\ back \\u{41} slash",
];

const japaneseFiles = ["RUNBOOK-CP932.txt"];
const usual = [
  "START-HERE.txt",
  "RUNBOOK.html",
  "RUNBOOK.txt",
  "STATUS.cmd",
  "STOP.cmd",
  "lib/ask.cmd",
  "lib/say.cmd",
  "server.txt",
  "settings.txt",
  "key.txt",
];

test.each(["en", "ja"] as const)(
  "%s: the files, their bytes, and the manifest that names each",
  (language) => {
    const files = kit({ language, ...named(...wild), certificate: null });
    expect([...files.keys()].sort()).toEqual(
      [...usual, ...(language === "ja" ? japaneseFiles : []), "MANIFEST"].sort(),
    );
    for (const [path, bytes] of files) {
      const text = bytes.toString("latin1");
      expect([path, text.replaceAll("\r\n", "").match(/[\r\n]/)]).toEqual([path, null]);
      expect([path, text.endsWith("\r\n"), text.startsWith("\xef\xbb\xbf")]).toEqual([path, true, false]);
      const ascii = path !== "RUNBOOK.html" && !japaneseFiles.includes(path);
      expect([path, /[^\r\n\x20-\x7e]/.test(text)]).toEqual([path, !ascii]);
    }
    const manifest = textOf(files, "MANIFEST").split("\r\n").slice(0, -1);
    expect(manifest).toEqual(
      [...files].flatMap(([path, bytes]) =>
        path === "MANIFEST" ? [] : [`${createHash("sha256").update(bytes).digest("hex")}  ${path}`],
      ),
    );
    expect([...files.values()].reduce((sum, { length }) => sum + length, 0)).toBeLessThan(120_000);
  },
);

test("no name, no address and no key stands in a .cmd: they are the same in every kit", () => {
  const [plain, other] = [kit(), kit({ ...named(...wild), url: "http://127.0.0.1:4480", language: "ja" })];
  const batch = [...plain.keys()].filter((path) => path.endsWith(".cmd"));
  expect(batch).toHaveLength(4);
  for (const path of batch) expect(other.get(path)).toEqual(plain.get(path));
  for (const [path, bytes] of kit()) {
    expect([path, bytes.includes("CANARY-")]).toEqual([path, path === "key.txt"]);
  }
});

/** What curl 7.55.1, the first that came with Windows, knows of what the kit could want. */
const curlOptions = new Set(["-q", "-sS", "-o", "-w", "-K", "-X", "--max-time", "--connect-timeout"]);
const forbidden =
  /\b(?:chcp|findstr|find|timeout|choice|ping|sleep|powershell|wmic|start|pushd|cd|insecure|retry)\b|\s-k\s|set \/p [^"]|<[^>]/i;

test("the .cmd files use nothing that is not on every Windows, and no option that the first curl.exe did not know", () => {
  const files = kit();
  const lines = ["STATUS.cmd", "STOP.cmd", "lib/ask.cmd", "lib/say.cmd"].flatMap((path) =>
    textOf(files, path).split("\r\n"),
  );
  expect(lines.filter((line) => line === "@echo off")).toHaveLength(4);
  const calls = lines.filter((line) => line.startsWith('"%ND_CURL%"'));
  expect(calls).toEqual([expect.stringMatching(/^"%ND_CURL%" -q -sS -K /)]);
  const others = lines.filter((line) => !calls.includes(line) && !/^(?:rem|echo)\b/.test(line));
  expect(others.length).toBeGreaterThan(150);
  expect(others.filter((line) => forbidden.test(line))).toEqual([]);
  const printed = textOf(files, "RUNBOOK.txt")
    .split("\r\n")
    .filter((text) => /^\s+curl\.exe -/.test(text));
  expect(printed).toHaveLength(2);
  const options = [...calls, ...printed].map((line) => line.match(/(?<= )-{1,2}[A-Za-z-]+(?= )/g) ?? []);
  expect(options.map(({ length }) => length >= 4)).toEqual([true, true, true]);
  expect(options.flat().filter((option) => !curlOptions.has(option))).toEqual([]);
});

test.each(["chcp 65001", "find x", 'set /p V=<"f"', "curl -k x", "timeout 5", "choice", "cd x"])(
  "the lint finds what it looks for: %s",
  (line) => {
    expect(forbidden.test(line)).toBe(true);
  },
);

test("settings and key: only the key is in force, the rest is commented out", () => {
  const files = kit();
  const inForce = (path: string): string[] =>
    textOf(files, path)
      .split("\r\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
  expect(inForce("settings.txt")).toEqual([]);
  expect(inForce("key.txt")).toEqual(['header = "Authorization: AppKey CANARY-ndk_kit"']);
  expect(inForce("server.txt")).toEqual([
    "url=https://desk.example:4443",
    "pool=2b8f0000-0000-4000-8000-000000000001",
    "contact=Basis on call, +81 3 1234 5678",
  ]);
  const contact = { contact: '\u5f53\u756a %PATH% & "x" = y' };
  expect(textOf(kit(contact), "server.txt")).toContain('contact=\\u{5f53}\\u{756a} %PATH% & "x" = y\r\n');
});

test("names: as they are in the page, escaped; as the commands print them in the plain text", () => {
  const files = kit(named(...wild));
  const page = textOf(files, "RUNBOOK.html");
  expect(page).not.toContain("<script");
  const cells = [...page.matchAll(/<td>([^<]*)<\/td>/g)].map(([, cell = ""]) =>
    cell.replace(
      /&(amp|lt|gt|quot|#39);/g,
      (_, name: string) => ({ amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" })[name] ?? "",
    ),
  );
  for (const name of wild) {
    expect(cells).toContain(name);
    expect(cells).toContain(asPrinted(name));
    expect(textOf(files, "RUNBOOK.txt").replace(/\r\n +/g, " ")).toContain(asPrinted(name).slice(0, 40));
  }
  expect(asPrinted('a"b\\\u4f1a')).toBe('"a\\"b\\\\\\u{4f1a}"');
});

test("Japanese: the text in code page 932 says what the page says", () => {
  const files = kit({ language: "ja", ...named("\u4f1a\u8a08\u301c\u4f1d\u7968") });
  const decoder = new TextDecoder("shift_jis", { fatal: true });
  const text = decoder.decode(files.get("RUNBOOK-CP932.txt"));
  expect(text).toContain("\u4f1a\u8a08\uff5e\u4f1d\u7968");
  for (const [, heading = ""] of textOf(files, "RUNBOOK.html").matchAll(/<h2>([^<]*)<\/h2>/g)) {
    expect(text).toContain(heading);
  }
  expect(text.match(/[\u3041-\u3096]/g)?.length).toBeGreaterThan(500);
  expect(textOf(files, "START-HERE.txt")).toContain("RUNBOOK-CP932.txt");
});

test("both languages have the same commands and answers, in the same order", () => {
  const commands = (language: "en" | "ja"): string[] =>
    textOf(kit({ language }), "RUNBOOK.html").match(/<pre [^]*?<\/pre>/g) ?? [];
  expect(commands("ja")).toEqual(commands("en"));
  expect(commands("en").length).toBeGreaterThan(20);
});

test("the first step says what Windows has to trust", () => {
  const first = (more: Partial<KitFacts>): string =>
    /<ol>\r\n<li>([^<]*)/.exec(textOf(kit(more), "RUNBOOK.html"))?.[1] ?? "";
  expect(first({})).toContain(`certificate.crt; its thumbprint (SHA-1) is ${"AB".repeat(20)}`);
  expect(kit().has("certificate.crt")).toBe(true);
  expect(first({ certificate: null })).toContain("certification authority is in the Windows store");
  expect(first({ certificate: null, url: "http://127.0.0.1:4480" })).toContain(
    "nothing that Windows has to trust",
  );
});

test.each<[string, Partial<KitFacts>, RegExp]>([
  ["nobody to call", { contact: " " }, /nobody to call/],
  ["no job", { jobs: [] }, /no job to look at/],
  ["an address with a path", { url: "https://desk.example/x" }, /address/],
  ["an address with more in it", { url: 'https://desk.example" & calc & "' }, /address/],
  ["a key with a quote", { key: { ...facts.key, text: 'x" --url "y' } }, /key holds/],
  ["a pool id that is none", { pool: { id: "x&y", name: "x" } }, /pool's id/],
  ["a blank name", named("\u3000"), /name of job job-0 cannot be shown/],
  ["a line end in a name", named("a\r\nb"), /name of job job-0 cannot be shown/],
  ["an escape in a name", named("a\x1b[2J"), /cannot be shown/],
  ["half a character", named("a\ud83d"), /cannot be shown/],
  ["a name that turns around", named("a\u202eb"), /cannot be shown/],
  ["a line end in the contact", { contact: "a\nb" }, /contact cannot be shown/],
  ["a time that is missing", { made: "" }, /fact of the kit/],
  [
    "emoji under code page 932",
    { language: "ja", ...named("\u{1f634} job") },
    /cannot be shown in code page 932/,
  ],
  [
    "accents under code page 932",
    { language: "ja", contact: "Ren\u00e9" },
    /cannot be shown in code page 932/,
  ],
])("no kit with %s", (_, wrong, said) => {
  expect(() => kit(wrong)).toThrow(
    expect.objectContaining({ kind: "invalid", message: expect.stringMatching(said) }) as UserError,
  );
});

test("a placeholder that is left, or for which nothing stands, fails; braces in a value are text", () => {
  expect(fill("call {contact}", { contact: "{pool}" })).toBe("call {pool}");
  expect(() => fill("call {contact} at {place}", { contact: "x" })).toThrow(/\{place\}/);
  expect(() => fill("call {contact}", { contact: " " })).toThrow(/\{contact\}/);
  expect(() => fill("call {toString}", {})).toThrow(/\{toString\}/);
  expect(() => fill("call {}", {})).toThrow(/\{\}/);
});

test("code page 932: what it cannot hold is refused, never a question mark", () => {
  expect([...codePage932("\u2460\u9ad9\uff71")]).toEqual([0x87, 0x40, 0xfb, 0xfc, 0xb1]);
  expect(inCodePage932("\u2212\u2014")).toBe("\uff0d\u2015");
  expect(() => codePage932("\ud55c")).toThrow(/code page 932/);
  expect(() => codePage932("\u00a5")).toThrow(/code page 932/);
});
