/** The kit handed out by the command: each command of its run-book run against a real server and a real source. */
import { execFile } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { poolEnvironment, readConfig } from "../src/config.ts";
import { startNightdesk } from "../src/nightdesk.ts";
import { runBatch, type BatchRun } from "./support/batch-run.ts";
import { runNightdesk, type CliRun } from "./support/cli-run.ts";
import { commandsIn, isPrinted, wordsOf } from "./support/kit-commands.ts";
import {
  caller,
  checked,
  makeExtractionJob,
  makePool,
  startTestServer,
  statusOf,
  taggedSessions,
  waitForStatus,
  type TestServer,
} from "./support/nightdesk.ts";
import { createDatabase, type TestDatabase } from "./support/postgres.ts";
import { execute, keyOf, makeSmallTables, sleeperOf, sleeping } from "./support/text-answer.ts";

let source: TestDatabase;
let server: TestServer;
let folder: string;
let out: string;
let kits = 0;
/** As the commands print it, up to where it is not ASCII. */
const printed = String.raw`50% off %PATH% & \"calc\" ! ^ | > `;
const evil = `50% off %PATH% & "calc" ! ^ | > \u4f1a\u8a08 <b>`;

beforeAll(async () => {
  source = await createDatabase("kit");
  await makeSmallTables(source);
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "nightdesk-kit-"));
  await mkdir(join(folder, "temp"));
});
beforeEach(() => {
  out = join(folder, `kit ${String((kits += 1))}`);
});
afterAll(async () => {
  await server?.stop();
  expect(await taggedSessions(source)).toEqual([]);
  await source?.end();
  await rm(folder, { recursive: true, force: true });
});

const kit = (
  poolId: string,
  argv: string[],
  { key = server.adminKey, url = server.url } = {},
): Promise<CliRun> =>
  runNightdesk(["kit", "--url", url, "--pool", poolId, ...argv], { env: { NIGHTDESK_KEY: key } });
const withCaller = ["--contact", "Basis on call, ext. 4711"];
const keys = async (): Promise<
  { name: string; revokedAt: number | null; expiresAt: number; grants: unknown }[]
> =>
  (await server.ok("GET", "/desk/v1/keys")).filter(({ name }: { name: string }) =>
    name.startsWith("kit for"),
  );

/** Runs a line of the run-book in the folder of the kit; what it printed, without what stands around the answer. */
async function follow(at: string, line: string): Promise<{ code: number; lines: string[] }> {
  const [program = "", ...args] = wordsOf(line);
  if (program === "curl.exe") {
    const { stdout } = await promisify(execFile)("curl", args, { cwd: at });
    return { code: 0, lines: stdout.split("\r\n").slice(0, -1) };
  }
  const run: BatchRun = await runBatch(join(at, program), {
    args,
    temp: join(folder, "temp"),
    typed: ["STOP"],
  });
  const from = run.lines.findLastIndex((text) => text.startsWith("NIGHTDESK "));
  const to = run.lines.findLastIndex((text) => text.startsWith("CODE "));
  return { code: run.code, lines: run.lines.slice(from, to + 1) };
}

test.each(["en", "ja"])(
  "%s: each command of the run-book gives the answer printed beside it",
  async (language) => {
    const pool = await makePool(server, source, `Night ${language}`);
    const job = await makeExtractionJob(server, pool, "plain", [sleeping]);
    await server.ok("PUT", job.path, { name: evil });
    await makeExtractionJob(server, pool, "Finance", ["LIKP"]);
    const made = await kit(pool.poolId, ["--out", out, "--lang", language, ...withCaller]);
    expect([made.code, made.stdout]).toEqual([
      0,
      expect.stringMatching(/^KIT .*, 2 jobs, key ndk_\w+\.\.\. \(view, cancel\) until .* UTC\n$/),
    ]);
    const page = await readFile(join(out, "RUNBOOK.html"), "utf8");
    expect(page).toContain("50% off %PATH% &amp; &quot;calc&quot; ! ^ | &gt; \u4f1a\u8a08 &lt;b&gt;");
    const commands = commandsIn(page);
    expect(commands.map(({ line }) => line.split(" ")[0])).toEqual([
      "STATUS.cmd",
      "STATUS.cmd",
      "STOP.cmd",
      "STATUS.cmd",
      "curl.exe",
      "curl.exe",
      "STATUS.cmd",
      "STOP.cmd",
      "STATUS.cmd",
      "STOP.cmd",
    ]);
    for (const { line, answers } of commands) {
      expect(answers.length).toBeGreaterThan(0);
      for (const { state, code, lines } of answers) {
        const runs = (await statusOf(server, pool.poolId, job.jobId)) === "RUNNING";
        if (state === "running" && !runs) await sleeperOf(source, await execute(server, job));
        if (state === "idle" && runs) {
          await server.ok("POST", `/desk/v1/pools/${pool.poolId}/stop?wait=30`, {});
          await waitForStatus(server, pool.poolId, job.jobId, "CANCEL");
        }
        const answer = await follow(out, line);
        expect([line, state, answer.code]).toEqual([line, state, code]);
        expect([line, state, answer.lines, isPrinted(answer.lines, lines)]).toEqual([
          line,
          state,
          answer.lines,
          true,
        ]);
        // What a stop says is so at the source; what a look says names the job as the run-book has it.
        const atSource = await taggedSessions(source);
        expect(atSource.length === 0).toBe(state === "idle" || /stop/i.test(line));
        expect(answer.lines.join("\n")).toContain(`"${printed}`);
      }
    }
    expect(await readdir(join(folder, "temp"))).toEqual([]);
  },
);

test("STATUS.cmd is not CLEAR while another pool reads the same source; STOP.cmd leaves that alone", async () => {
  const pool = await makePool(server, source, "Tonight");
  await makeExtractionJob(server, pool, "Finance", ["LIKP"]);
  const other = await makePool(server, source, "Next door");
  const neighbour = await makeExtractionJob(server, other, "Neighbour", [sleeping]);
  expect((await kit(pool.poolId, ["--out", out, ...withCaller])).code).toBe(0);
  await sleeperOf(source, await execute(server, neighbour));
  try {
    const { code, lines } = await follow(out, "STATUS.cmd /AUTO");
    expect([code, lines[0]]).toEqual([10, "NIGHTDESK RUNNING"]);
    expect(lines.join("\n")).toMatch(/^ {2}ALSO another pool .* 1 RUNNING/m);
    expect((await follow(out, "STOP.cmd /AUTO")).code).toBe(0);
    expect(await statusOf(server, other.poolId, neighbour.jobId)).toBe("RUNNING");
  } finally {
    await server.ok("POST", `/desk/v1/pools/${other.poolId}/stop?wait=30`, {});
  }
  expect((await follow(out, "STATUS.cmd /AUTO")).code).toBe(0);
});

test("the kit's key can look and stop in its pool, until its end, and nothing else", async () => {
  const pool = await makePool(server, source, "Rights");
  await makeExtractionJob(server, pool, "Finance", ["LIKP"]);
  await server.ok("PUT", `/desk/v1/pools/${pool.poolId}/settings`, {
    zone: "Asia/Tokyo",
    hours24to47: true,
    contact: "Basis \u5f53\u756a",
  });
  const run = await kit(pool.poolId, ["--out", out, "--expires", "2999-06-18T15:00Z"]);
  expect([run.code, run.stdout]).toEqual([50, expect.stringContaining("ends within 366 days")]);
  const made = await kit(pool.poolId, ["--out", out, "--lang", "ja", "--expires", "+30d", "--json"]);
  const told = JSON.parse(made.stdout);
  expect(told).toMatchObject({
    code: 0,
    word: "KIT",
    url: server.url,
    pool: { id: pool.poolId },
    kit: { out },
  });
  const all = await keys();
  const own = all.find(({ name }) => name.includes(pool.poolId));
  expect(own).toMatchObject({
    revokedAt: null,
    grants: [{ poolId: pool.poolId, verbs: ["view", "cancel"] }],
    expiresAt: told.kit.key.expiresAt,
  });
  const key = /AppKey (\S+)"/.exec(await readFile(join(out, "key.txt"), "latin1"))?.[1] ?? "";
  expect(made.stdout + made.stderr).not.toContain(key);
  expect((await server.call("GET", `/desk/v1/pools/${pool.poolId}/status`, { key })).status).toBe(200);
  expect((await server.call("GET", "/desk/v1/keys", { key })).status).toBe(403);
  // Only the owner reads it; the settings of the pool say whom to call, and the hours of the night.
  expect((await stat(out)).mode & 0o777).toBe(0o700);
  expect((await stat(join(out, "key.txt"))).mode & 0o777).toBe(0o600);
  const page = await readFile(join(out, "RUNBOOK.html"), "utf8");
  expect(page).toContain("Basis \u5f53\u756a");
  expect(page).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d JST = \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  for (const line of (await readFile(join(out, "MANIFEST"), "latin1")).split("\r\n").slice(0, -1)) {
    const [hash, path = ""] = line.split("  ");
    expect(
      createHash("sha256")
        .update(await readFile(join(out, path)))
        .digest("hex"),
    ).toBe(hash);
  }
  expect((await readdir(out, { recursive: true })).length).toBe(told.kit.files.length + 1);
  await server.ok("DELETE", `/desk/v1/keys/${told.kit.key.id}`);
  expect((await follow(out, "STATUS.cmd /AUTO")).lines[0]).toBe("NIGHTDESK DENIED");
});

test("a zip holds the same files, and nothing is left beside it", async () => {
  const pool = await makePool(server, source, "Zip");
  await makeExtractionJob(server, pool, "Finance", ["LIKP"]);
  const place = join(folder, "zips");
  await mkdir(place);
  const zip = join(place, "kit.zip");
  expect((await kit(pool.poolId, ["--out", zip, ...withCaller])).code).toBe(0);
  expect((await stat(zip)).mode & 0o777).toBe(0o600);
  const files = unzipSync(await readFile(zip));
  expect(Object.keys(files).sort()).toEqual([
    "MANIFEST",
    "RUNBOOK.html",
    "RUNBOOK.txt",
    "START-HERE.txt",
    "STATUS.cmd",
    "STOP.cmd",
    "key.txt",
    "lib/ask.cmd",
    "lib/say.cmd",
    "server.txt",
    "settings.txt",
  ]);
  expect(Buffer.from(files["server.txt"] ?? []).toString()).toContain(
    `url=${server.url}\r\npool=${pool.poolId}\r\n`,
  );
  expect(await readdir(place)).toEqual(["kit.zip"]);
});

test("what cannot be made or written leaves nothing: no folder, no half of one, no key that is good", async () => {
  const pool = await makePool(server, source, "Refused");
  await makeExtractionJob(server, pool, "Finance", ["LIKP"]);
  const empty = await makePool(server, source, "Empty");
  const before = (await keys()).length;
  const weak = await keyOf(server, { poolId: pool.poolId, verbs: ["view", "cancel"] });
  const noCertificate = join(folder, "no.pem");
  await writeFile(noCertificate, "CANARY-is no certificate\n");
  const there = join(folder, "there");
  await mkdir(there);
  await writeFile(join(folder, "there.zip"), "");
  const nobody = "--contact is not given";
  for (const [why, poolId, argv, code, said, key] of [
    [nobody, pool.poolId, ["--out", out], 50, /nobody to call is named/, server.adminKey],
    ["no job", empty.poolId, ["--out", out, ...withCaller], 50, /no job to look at/, server.adminKey],
    [
      "a folder that is there",
      pool.poolId,
      ["--out", there, ...withCaller],
      50,
      /is there already/,
      server.adminKey,
    ],
    [
      "a zip that is there",
      pool.poolId,
      ["--out", `${there}.zip`, ...withCaller],
      50,
      /is there already/,
      server.adminKey,
    ],
    [
      "a language",
      pool.poolId,
      ["--out", out, "--lang", "de", ...withCaller],
      50,
      /en or ja/,
      server.adminKey,
    ],
    [
      "a zone",
      pool.poolId,
      ["--out", out, "--zone", "Mars/Olympus", ...withCaller],
      50,
      /--zone/,
      server.adminKey,
    ],
    [
      "a time that is over",
      pool.poolId,
      ["--out", out, "--expires", "2020-01-01T00:00Z", ...withCaller],
      50,
      /in the past/,
      server.adminKey,
    ],
    [
      "an address",
      pool.poolId,
      ["--out", out, "--operator-url", "ftp://x", ...withCaller],
      50,
      /not an http or https/,
      server.adminKey,
    ],
    [
      "an address with a path",
      pool.poolId,
      ["--out", out, "--operator-url", "https://desk.example/nightdesk", ...withCaller],
      50,
      /ends after its host and port NEXT give it as https:\/\/desk\.example;/,
      server.adminKey,
    ],
    [
      "a certificate",
      pool.poolId,
      ["--out", out, "--certificate", noCertificate, ...withCaller],
      50,
      /no certificate in PEM/,
      server.adminKey,
    ],
    [
      "code page 932",
      pool.poolId,
      ["--out", out, "--lang", "ja", "--contact", "Ren\u00e9"],
      50,
      /code page 932/,
      server.adminKey,
    ],
    ["a key that may make none", pool.poolId, ["--out", out, ...withCaller], 30, /./, weak],
    ["no such pool", weakId, ["--out", out, ...withCaller], 30, /./, server.adminKey],
  ] as const) {
    const refused = await kit(poolId, [...argv], { key });
    expect([why, refused.code, refused.stdout]).toEqual([why, code, expect.stringMatching(said)]);
    expect([why, refused.stdout]).toEqual([why, expect.not.stringContaining("CANARY")]);
  }
  expect((await keys()).length).toBe(before);
  // A place that turns out not to be one, when the key is made already.
  const lost = await kit(pool.poolId, ["--out", join(folder, "no", "such", "place"), ...withCaller]);
  expect([lost.code, lost.stdout]).toEqual([50, expect.stringMatching(/cannot be written: .*ENOENT/)]);
  const now = await keys();
  expect([now.length, now.at(-1)?.revokedAt]).toEqual([before + 1, expect.any(Number)]);
  expect(await readdir(there)).toEqual([]);
  expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
  await expect(stat(out)).rejects.toThrow(/ENOENT/);
});

const weakId = "2b8f0000-0000-4000-8000-00000000ffff";

test("HTTPS with the server's own certificate: UNREACHABLE until it is trusted, and the kit brings what is to be trusted", async () => {
  const home = join(folder, "https-home");
  const config = readConfig({ home, port: 0, httpsPort: 0 }, {});
  const secure = await startNightdesk(config, {
    report: () => {},
    poolEnvironment: poolEnvironment(process.env),
  });
  try {
    const adminKey = secure.newAdminKey ?? "";
    const ok = checked(caller(secure.url, adminKey));
    const pool = await makePool({ ok }, source, "Secure");
    await makeExtractionJob({ ok }, pool, "Finance", ["LIKP"]);
    const { url = "", certificateFile = "" } = secure.https ?? {};
    const elsewhere = ["--operator-url", "https://desk.example:4443", "--certificate", certificateFile];
    const refused = await kit(pool.poolId, ["--out", out, ...elsewhere, ...withCaller], {
      key: adminKey,
      url: secure.url,
    });
    expect([refused.code, refused.stdout]).toEqual([
      50,
      expect.stringMatching(/the certificate is not for desk\.example, but for .*--tls-name desk\.example/s),
    ]);
    const argv = ["--out", out, "--operator-url", url, "--certificate", certificateFile, ...withCaller];
    const made = await kit(pool.poolId, argv, { key: adminKey, url: secure.url });
    expect(made.code).toBe(0);
    const untrusted = await follow(out, "STATUS.cmd /AUTO");
    expect([untrusted.code, untrusted.lines[0], untrusted.lines[1]]).toEqual([
      40,
      "NIGHTDESK UNREACHABLE",
      expect.stringContaining("curl exit code 60"),
    ]);
    // On Windows the store is asked; the same file, told to this curl by its own setting.
    const certificate = join(out, "certificate.crt");
    await chmod(join(out, "settings.txt"), 0o600);
    await writeFile(join(out, "settings.txt"), `cacert = "${certificate}"\r\n`);
    expect(await follow(out, "STATUS.cmd /AUTO")).toMatchObject({
      code: 0,
      lines: [
        "NIGHTDESK CLEAR",
        expect.any(String),
        expect.stringMatching(/^ {2}SOURCE /),
        expect.any(String),
      ],
    });
    const raw = commandsIn(await readFile(join(out, "RUNBOOK.html"), "utf8")).find(({ line }) =>
      line.startsWith("curl.exe"),
    );
    expect((await follow(out, raw?.line ?? "")).lines[0]).toBe("NIGHTDESK CLEAR");
    const { fingerprint } = new X509Certificate(await readFile(certificate));
    expect(await readFile(join(out, "RUNBOOK.txt"), "latin1")).toContain(fingerprint.replaceAll(":", ""));
  } finally {
    await secure.stop();
  }
});
