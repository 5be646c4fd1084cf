/** `nightdesk keys ...` and the keys it makes, against a real server on a port. */
import { readFile, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CreatedKey, KeyTransport } from "../src/contract/index.ts";
import type { CliContext } from "../src/cli/index.ts";
import { runNightdesk, type CliRun } from "./support/cli-run.ts";
import { mayMount, mountSmallDisk } from "./support/small-disk.ts";
import { startTestServer, type TestServer } from "./support/nightdesk.ts";

let server: TestServer;
let folder: string;
let poolId: string;
let jobId: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-keys-"));
  server = await startTestServer({ settings: { NIGHTDESK_TRUSTED_PROXIES: "127.0.0.1, ::1" } });
  ({ id: poolId } = await server.ok("POST", "/integration/api/pools", { name: "Own" }));
  const jobs = `/integration/api/pools/${poolId}/jobs`;
  ({ id: jobId } = await server.ok("POST", jobs, { name: "Finance documents" }));
  await server.ok("POST", jobs, { name: "Hidden job" });
  await writeFile(join(folder, "admin"), server.adminKey, { mode: 0o600 });
});

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const keyFile = (name: string): string => join(folder, name);
const run = (argv: string[], file = "admin", context: Partial<CliContext> = {}): Promise<CliRun> =>
  runNightdesk([...argv, "--url", server.url, "--key-file", keyFile(file)], context);
const create = (name: string, ...more: string[]): Promise<CliRun> =>
  run(["keys", "create", name, "--pool", poolId, "--verbs", "view,cancel,hold", ...more]);
const listed = async (): Promise<KeyTransport[]> =>
  (JSON.parse((await run(["keys", "list", "--json"])).stdout) as { keys: KeyTransport[] }).keys;

test("a key is made, shown once on standard output, listed without it, and revoked", async () => {
  const made = await create("night", "--expires", "+90d");
  expect(made).toMatchObject({ code: 0, stderr: "" });
  const [word, key = "", line, last] = made.lines;
  expect(word).toBe("NIGHTDESK KEY");
  expect(key).toMatch(/^ {2}ndk_[0-9A-Za-z]{49}$/);
  expect(line).toContain(`view cancel hold on ${poolId}`);
  expect(last).toBe("CODE 0 REASON key made; it is shown only now");
  const list = await run(["keys", "list"]);
  expect([list.code, list.lines[0]]).toEqual([0, "NIGHTDESK KEYS"]);
  expect(list.stdout).not.toContain(key.trim());
  const shown = list.lines.find((one) => one.includes('"night"'));
  expect(shown).toMatch(/never used, key [0-9a-f-]{36}$/);
  const id = shown?.slice(-36) ?? "";
  await writeFile(keyFile("night"), key.trim(), { mode: 0o600 });
  const status = ["status", "--pool", poolId];
  expect((await run(status, "night")).code).toBe(0);
  for (let time = 0; time < 2; time += 1) expect((await run(["keys", "revoke", id])).code).toBe(0);
  expect((await run(status, "night")).code).toBe(30);
  expect((await run(["keys", "list"])).stdout).toMatch(/"night" .*, REVOKED /);
});

test("--out: only in the file, for its owner alone, as curl and --key-file take it", async () => {
  const out = keyFile("operator.header");
  const made = await create("operator", "--expires", "never", "--out", out);
  expect(made.code).toBe(0);
  const text = await readFile(out, "utf8");
  expect(text).toMatch(/^Authorization: AppKey ndk_[0-9A-Za-z]{49}\n$/);
  expect(made.stdout + made.stderr).not.toContain(text.slice(22, -1));
  expect((await stat(out)).mode & (process.platform === "win32" ? 0 : 0o777)).toBe(
    process.platform === "win32" ? 0 : 0o600,
  );
  expect((await run(["status", "--pool", poolId], "operator.header")).code).toBe(0);
  const before = (await listed()).length;
  const again = await create("operator", "--expires", "never", "--out", out);
  expect([again.code, again.lines[0]]).toEqual([50, "NIGHTDESK USAGE"]);
  expect([(await listed()).length, await readFile(out, "utf8")]).toEqual([before, text]);
  const json = await create("j", "--expires", "never", "--json", "--out", keyFile("j"));
  expect(JSON.parse(json.stdout)).toMatchObject({ code: 0, word: "KEY", key: { name: "j" } });
  expect(json.stdout).not.toContain((await readFile(keyFile("j"), "utf8")).slice(22, -1));
});

test("no file is left when no key was made", async () => {
  const out = keyFile("refused");
  const refused = await create("x", "--expires", "+1d", "--address", "192.0.2.0/33", "--out", out);
  expect([refused.code, refused.stdout]).toEqual([50, expect.stringContaining("192.0.2.0/33")]);
  await expect(stat(out)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a key for one job, by the command: status, hold and release of it, and nothing of the pool", async () => {
  const out = keyFile("one-job");
  const limits = [
    "--job",
    jobId,
    "--hours",
    "00:00-24:00",
    "--zone",
    "Asia/Tokyo",
    "--days",
    "mon,tue,wed,thu,fri,sat,sun",
  ];
  expect((await create("one job", "--expires", "+1d", ...limits, "--out", out)).code).toBe(0);
  const [key] = (await listed()).filter(({ name }) => name === "one job");
  expect(key).toMatchObject({ jobs: [jobId], hours: { zone: "Asia/Tokyo", from: "00:00", to: "24:00" } });
  const at = ["--pool", poolId];
  const status = await run(["status", ...at], "one-job");
  expect([status.code, status.stdout.includes("Hidden")]).toEqual([0, false]);
  expect(await run(["status", "Hidden job", ...at], "one-job")).toMatchObject({ code: 50 });
  const held = await run(["hold", "Finance documents", ...at], "one-job");
  expect([held.code, held.stdout]).toEqual([0, expect.stringContaining("HOLD job")]);
  expect((await run(["holds", ...at], "one-job")).stdout).toContain("1 hold in force");
  const stop = await run(["stop", "Finance documents", ...at], "one-job");
  expect([stop.code, stop.stdout]).toEqual([0, expect.stringContaining("WAS NOT RUNNING")]);
  expect((await run(["release", "Finance documents", ...at], "one-job")).code).toBe(0);
  for (const whole of [["hold"], ["go"]])
    expect([whole, (await run([...whole, ...at], "one-job")).code]).toEqual([whole, 30]);
  const { holds } = JSON.parse((await run(["holds", ...at, "--json"])).stdout) as { holds: unknown[] };
  expect(holds).toEqual([]);
});

test("addresses: the socket's, and a trusted proxy's word for who is behind it", async () => {
  const made = await create("far", "--expires", "+1d", "--address", "203.0.113.0/24", "--json");
  const { key } = (JSON.parse(made.stdout) as { key: CreatedKey }).key;
  const call = async (forwarded: string | null): Promise<number> => {
    const headers = {
      authorization: `AppKey ${key}`,
      ...(forwarded === null ? {} : { "x-forwarded-for": forwarded }),
    };
    return (await fetch(`${server.url}/desk/v1/about`, { headers })).status;
  };
  expect(await call(null)).toBe(401);
  expect(await call("203.0.113.9")).toBe(200);
  expect(await call("203.0.113.9, 192.0.2.1")).toBe(401);
  const near = await create("near", "--expires", "+1d", "--address", "127.0.0.1,::1", "--json");
  await writeFile(keyFile("near"), (JSON.parse(near.stdout) as { key: CreatedKey }).key.key, { mode: 0o600 });
  expect((await run(["status", "--pool", poolId], "near")).code).toBe(0);
});

test("without a proxy that is trusted, nobody forwards an address", async () => {
  const alone = await startTestServer();
  try {
    const grants = [{ poolId: "*", verbs: ["view"] }];
    const { key } = await alone.ok("POST", "/desk/v1/keys", {
      name: "x",
      grants,
      addresses: ["203.0.113.9"],
    });
    const headers = { authorization: `AppKey ${key}`, "x-forwarded-for": "203.0.113.9" };
    expect((await fetch(`${alone.url}/desk/v1/about`, { headers })).status).toBe(401);
  } finally {
    await alone.stop();
  }
});

test.each([
  ["no expiry", ["--verbs", "view"], "--expires"],
  ["an expiry that could mean two", ["--verbs", "view", "--expires", "2026-12-31T00:00"], "no zone"],
  ["no verbs", ["--expires", "never"], "--verbs"],
  ["a verb that is none", ["--verbs", "view,look", "--expires", "never"], "--verbs takes"],
  ["a job by its name", ["--verbs", "view", "--expires", "never", "--job", "Finance documents"], "ids"],
  ["hours without a zone", ["--verbs", "view", "--expires", "never", "--hours", "22:00-06:00"], "--zone"],
  ["a zone without hours", ["--verbs", "view", "--expires", "never", "--zone", "Asia/Tokyo"], "--hours"],
  ["an empty address", ["--verbs", "view", "--expires", "never", "--address", ""], "--address"],
])("%s is USAGE, and no key is made", async (_, argv, words) => {
  const before = (await listed()).length;
  const answer = await run(["keys", "create", "x", "--pool", poolId, ...argv]);
  expect([answer.code, answer.lines[0], answer.stdout]).toEqual([
    50,
    "NIGHTDESK USAGE",
    expect.stringContaining(words),
  ]);
  expect((await listed()).length).toBe(before);
});

test("whoever is no admin is DENIED, and nobody's answer is no key", async () => {
  await writeFile(keyFile("unknown"), "CANARY-unknown-key-of-32-characters", { mode: 0o600 });
  const argv = ["keys", "create", "x", "--pool", poolId, "--verbs", "view", "--expires", "never"];
  for (const one of [argv, ["keys", "list"], ["keys", "revoke", jobId]])
    expect((await run(one, "unknown")).code).toBe(30);
  const gone = await runNightdesk([...argv, "--url", "http://127.0.0.1:1", "--key-file", keyFile("admin")]);
  expect([gone.code, gone.stdout]).toEqual([
    20,
    expect.stringContaining("whether the key was made is not known"),
  ]);
  expect(await run(["keys", "revoke", "ndk_CANARY-text"])).toMatchObject({ code: 50 });
});

test.skipIf(!mayMount())(
  "a key that cannot be written to its file is revoked, and the file is gone",
  async () => {
    const disk = mountSmallDisk(join(folder, "full"), 1);
    try {
      disk.fill();
      const out = join(disk.folder, "key");
      const answer = await create("lost", "--expires", "never", "--out", out);
      expect([answer.code, answer.stdout]).toEqual([20, expect.stringContaining("is revoked again")]);
      await expect(stat(out)).rejects.toMatchObject({ code: "ENOENT" });
      const made = (await listed()).filter(({ name }) => name === "lost");
      expect(made).toMatchObject([{ revokedAt: expect.any(Number) }]);
    } finally {
      disk.unmount();
    }
  },
);
