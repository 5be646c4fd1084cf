/** Every gate of `npm run check` can fail, can pass, and says at how much it looked. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lockfileFaults, machinePathFaults, secretFaults } from "../../scripts/repository-gates.mjs";
import { repository } from "./tree.ts";

/** A clone in small: our configuration and scripts, two modules, and nothing wrong with it. */
let clone: string;

const sound: Record<string, string> = {
  "package.json": JSON.stringify({ name: "small", type: "module", license: "Apache-2.0" }, null, 2) + "\n",
  "package-lock.json": JSON.stringify({
    packages: { "node_modules/a": { integrity: `sha512-${"A".repeat(86)}==` } },
  }),
  "src/bin.ts": 'import { later } from "./later.ts";\n\nawait later("x");\n',
  "console/main.tsx": 'document.title = "small";\n',
  "src/later.ts": "export async function later(text: string): Promise<string> {\n  return text;\n}\n",
};

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(clone, path)), { recursive: true });
  await writeFile(join(clone, path), text);
}

function run(command: string, args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: clone, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, output });
    });
  });
}

function check(...gates: string[]): Promise<{ code: number | null; output: string }> {
  return run(process.execPath, ["scripts/check.mjs", ...gates]);
}

beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), "nightdesk-gates-"));
  const copied = ["scripts/check.mjs", "scripts/repository-gates.mjs", "scripts/repository-gates.d.mts"];
  copied.push(
    "tsconfig.json",
    ".oxlintrc.json",
    ".oxfmtrc.json",
    "knip.json",
    ".gitignore",
    "console/tsconfig.json",
  );
  for (const path of copied) await write(path, await readFile(join(repository, path), "utf8"));
  await symlink(join(repository, "node_modules"), join(clone, "node_modules"));
  for (const [path, text] of Object.entries(sound)) await write(path, text);
  expect((await run("git", ["init", "--quiet"])).code).toBe(0);
});

afterAll(async () => {
  await rm(clone, { recursive: true, force: true });
});

test("a sound clone passes every gate, and each looked at something", async () => {
  const { code, output } = await check();
  expect(output).not.toContain("FAILED");
  expect(code).toBe(0);
  const looked = [...output.matchAll(/^ok +(\w+): looked at (\d+)/gm)].map(([, name, count]) => [
    name,
    Number(count),
  ]);
  expect(looked.map(([name]) => name)).toEqual([
    "types",
    "lint",
    "format",
    "unused",
    "lockfile",
    "paths",
    "secrets",
  ]);
  expect(looked.filter(([, count]) => count === 0)).toEqual([]);
});

const canary = "CANARY-0f5e";
// In pieces, because the gates read this file too.
const privateKey = ["-----BEGIN", "PRIVATE KEY-----"].join(" ");
const [home, users, work] = ["home", "Users", "work"];
const plainPassword = "hunter2";
const registryToken = "abcdef0123456789";

test.each([
  ["types", "src/bin.ts", 'import { later } from "./later.ts";\n\nawait later(1);\n', "TS2345"],
  ["types", "console/main.tsx", "document.title = process.title;\n", "TS2591"],
  ["lint", "src/bin.ts", 'import { later } from "./later.ts";\n\nlater("x");\n', "no-floating-promises"],
  ["lint", "src/later.ts", 'import "./bin.ts";\n' + sound["src/later.ts"], "no-cycle"],
  [
    "lint",
    "src/later.ts",
    "export async function later(x: any): Promise<string> {\n  return String(x);\n}\n",
    "no-explicit-any",
  ],
  ["lint", "src/later.ts", sound["src/later.ts"] + "//\n".repeat(400), "max-lines"],
  ["lint", "src/bin.ts", 'console.log("x");\n', "no-console"],
  [
    "lint",
    "src/later.ts",
    'export function later(a: "x" | "y"): string {\n  switch (a) {\n    case "x":\n      return a;\n  }\n  return "";\n}\n',
    "switch-exhaustiveness-check",
  ],
  ["format", "src/bin.ts", "import { later } from './later.ts'\n\nawait later('x')\n", "src/bin.ts"],
  ["unused", "src/later.ts", sound["src/later.ts"] + "\nexport const never = 1;\n", "never"],
  ["unused", "src/forgotten.ts", "export {};\n", "src/forgotten.ts"],
  [
    "unused",
    "src/bin.ts",
    'import "left-pad";\nimport { later } from "./later.ts";\n\nawait later("x");\n',
    "left-pad",
  ],
  ["lockfile", "package-lock.json", '{"packages":{"node_modules/a":{}}}', "no sha512 integrity"],
  [
    "lockfile",
    "package-lock.json",
    '{"packages":{"node_modules/a":{"optionalDependencies":{"a-darwin-arm64":"1.0.0"}}}}',
    "a-darwin-arm64 is not in the lockfile",
  ],
  ["lockfile", "package-lock.json", '{"packages":{"":{"name":"empty"}}}', "looked at 0"],
  ["paths", "docs/notes.md", `Look into /${home}/anna/clone.\n`, "docs/notes.md:1"],
  ["secrets", "docs/notes.md", `a\n${privateKey}\n`, "docs/notes.md:2: a private key"],
])("the gate %s fails on a planted %s", async (gate, path, text, told) => {
  await write(path, text);
  try {
    const { code, output } = await check(gate);
    expect(output).toContain(told);
    expect(output).toContain(`FAILED ${gate}`);
    expect(code).toBe(1);
  } finally {
    const before = sound[path];
    await (before === undefined ? rm(join(clone, path)) : write(path, before));
  }
});

test("a gate that nobody knows is an error, not a pass", async () => {
  expect((await check("lnit")).code).toBe(2);
});

test("the lockfile gate reads our own lockfile, and finds a named registry and a weak digest", async () => {
  const { looked, faults } = lockfileFaults(await readFile(join(repository, "package-lock.json"), "utf8"));
  expect(looked).toBeGreaterThan(100);
  expect(faults).toEqual([]);
  const integrity = `sha512-${"A".repeat(86)}==`;
  const entryFaults = (entry: object): string[] =>
    lockfileFaults(JSON.stringify({ packages: { a: entry } })).faults;
  expect(entryFaults({ integrity })).toEqual([]);
  expect(entryFaults({ integrity, resolved: "https://registry.example/a.tgz" })).toHaveLength(1);
  expect(entryFaults({ integrity: "sha1-AAAA" })).toHaveLength(1);
});

test.each([
  [`cd /${work}/clone`, true],
  [`file:///${users}/anna/x`, true],
  [`C:\\${users}\\anna`, true],
  [join(repository, "dist"), true],
  ["/integration/api/pools/{id}/jobs", false],
  ["/var/lib/postgresql and /tmp/x", false],
  ["https://host.example/home/page", false],
  ["a 0700 folder such as /root", false],
])("a path of one machine: %s", (line, found) => {
  const { faults } = machinePathFaults([{ path: "a.md", text: line }], [repository, homedir()]);
  expect(faults).toHaveLength(found ? 1 : 0);
});

test.each([
  [`key: ndk_${"a1B2".repeat(11)}`, true],
  [`key: ndk_${canary}${"a1B2".repeat(11)}`, false],
  [`postgres://reader:${plainPassword}@db.example/x`, true],
  [`postgres://reader:${canary}@db.example/x`, false],
  ["postgres://USER:PASSWORD@HOST/x", false],
  ["postgres://${user}:${password}@${host}/x", false],
  [`//registry.example/:_authToken=${registryToken}`, true],
  ["a key has the form ndk_ and 43 characters", false],
])("a secret: %s", (line, found) => {
  const { faults } = secretFaults([{ path: "a.md", text: line }]);
  expect(faults).toHaveLength(found ? 1 : 0);
  expect(faults.join()).not.toContain(plainPassword);
});
