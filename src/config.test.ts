import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commands } from "./cli/commands.ts";
import { type ConfigInput, isLoopback, poolEnvironment, readConfig } from "./config.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nightdesk-config-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const read = (env: Record<string, string> = {}, input: Partial<ConfigInput> = {}) =>
  readConfig({ home: "h", ...input }, env);

/** The one line of what is thrown. */
function complaint(env: Record<string, string>, input: Partial<ConfigInput> = {}): string {
  try {
    read(env, input);
  } catch (error) {
    return (error as { line: string }).line;
  }
  return "";
}

const numbers = [
  ["port", "NIGHTDESK_PORT", 4480, "8080", ["abc", "-1", "65536", "1.5"]],
  ["mostRunning", "NIGHTDESK_MOST_RUNNING", 4, "64", ["abc", "0", "65", "2.5"]],
  ["stopGraceSeconds", "NIGHTDESK_STOP_GRACE_SECONDS", 10, "0", ["abc", "-1", "3601"]],
  ["noProgressSeconds", "NIGHTDESK_NO_PROGRESS_SECONDS", 120, "0.5", ["abc", "-1", "86401"]],
  ["executionLimitSeconds", "NIGHTDESK_EXECUTION_LIMIT_SECONDS", 0, "3600", ["abc", "-1", "2000001"]],
] as const;

test.each(numbers)("%s comes from %s", (setting, variable, usual, good, bad) => {
  expect(read()[setting]).toBe(usual);
  expect(read({ [variable]: good })[setting]).toBe(Number(good));
  expect(read({ [variable]: ` ${good} ` })[setting]).toBe(Number(good));
  // Set and empty is how a shell says "not given".
  expect(read({ [variable]: "" })[setting]).toBe(usual);
  for (const value of bad) {
    expect(complaint({ [variable]: value }), value).toMatch(
      new RegExp(
        `^read the configuration: ${variable}( or --port)? takes .* to \\d+\\. Next: see nightdesk serve --help$`,
      ),
    );
  }
});

test("an option comes before the environment", () => {
  expect(read({ NIGHTDESK_PORT: "8080" }, { port: 0 }).port).toBe(0);
  expect(read({ NIGHTDESK_STOP_GRACE_SECONDS: "9" }, { stopGraceSeconds: 0 }).stopGraceSeconds).toBe(0);
  expect(read({ NIGHTDESK_ADMIN_KEY: "a" }, { adminKey: "b" }).adminKey).toBe("b");
});

test.each(["0.0.0.0", "::", "192.0.2.1", "db.example", "127.evil.example", "localhost.example"])(
  "plain HTTP on %s needs --insecure-http",
  (host) => {
    expect(complaint({}, { host })).toBe(
      `read the configuration: plain HTTP on ${host} would send keys over the network in clear. ` +
        "Next: listen on 127.0.0.1, add --https-port, or accept the risk with --insecure-http",
    );
    expect(complaint({}, { host, insecureHttp: false })).not.toBe("");
    expect(read({}, { host, insecureHttp: true })).toMatchObject({ host, insecureHttp: true });
  },
);

test.each(["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "::1", "[::1]"])(
  "%s never leaves the machine",
  (host) => {
    expect(isLoopback(host)).toBe(true);
    expect(read({}, { host }).host).toBe(host);
  },
);

test("the admin key is the first line of its file, which comes before the variable", () => {
  const file = join(folder, "admin.key");
  writeFileSync(file, "  CANARY-in-the-file\r\nnot this\n");
  expect(read({ NIGHTDESK_ADMIN_KEY_FILE: file, NIGHTDESK_ADMIN_KEY: "CANARY-other" }).adminKey).toBe(
    "CANARY-in-the-file",
  );
  expect(read({ NIGHTDESK_ADMIN_KEY_FILE: "", NIGHTDESK_ADMIN_KEY: "CANARY-other" }).adminKey).toBe(
    "CANARY-other",
  );
  expect(read({ NIGHTDESK_ADMIN_KEY: "" }).adminKey).toBeNull();
});

test.each([
  ["is not there", null, "it cannot be read: ENOENT"],
  ["is empty", "", "its first line is empty"],
  ["begins with an empty line", "\nCANARY-second\n", "its first line is empty"],
])("an admin key file that %s is one line", (_, text, why) => {
  const file = join(folder, `key-${String(text?.length)}`);
  if (text !== null) writeFileSync(file, text);
  expect(complaint({ NIGHTDESK_ADMIN_KEY_FILE: file, NIGHTDESK_ADMIN_KEY: "CANARY-other" })).toBe(
    `read the admin key (${file}): ${why}. ` +
      "Next: put the key into its first line, or unset NIGHTDESK_ADMIN_KEY_FILE",
  );
});

test("the help of serve names every variable that it reads", () => {
  const told = commands.find(({ verb }) => verb === "serve")?.environment?.map(({ name }) => name);
  expect(told).toEqual(expect.arrayContaining(numbers.map(([, variable]) => variable)));
  expect(told).toEqual(expect.arrayContaining(["NIGHTDESK_ADMIN_KEY", "NIGHTDESK_ADMIN_KEY_FILE"]));
});

test("a pool's process gets no setting of ours and no secret", () => {
  const env = { PATH: "/bin", TMPDIR: "/tmp", NIGHTDESK_ADMIN_KEY: "CANARY-key", HOME: "/h" };
  expect(poolEnvironment(env)).toEqual({ PATH: "/bin", TMPDIR: "/tmp" });
});

test("proxies are trusted by name alone, and a word that is no address starts no server", () => {
  expect(read().trustedProxies).toEqual([]);
  const given = " 127.0.0.1, 192.0.2.0/24 ,::1 ";
  expect(read({ NIGHTDESK_TRUSTED_PROXIES: given }).trustedProxies).toEqual([
    "127.0.0.1",
    "192.0.2.0/24",
    "::1",
  ]);
  for (const wrong of ["yes", "127.0.0.1;::1", "192.0.2.0/33"])
    expect(() => read({ NIGHTDESK_TRUSTED_PROXIES: wrong })).toThrow(
      "NIGHTDESK_TRUSTED_PROXIES takes addresses",
    );
});
