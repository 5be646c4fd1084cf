/**
 * The SDK as others get it: packed, installed without a network in an empty project, type-checked there with two
 * versions of TypeScript, and used by the examples against a real server with a real PostgreSQL.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { filesBelow, repository } from "./house/tree.ts";
import { makeExtractionJob, makePool, startTestServer, waitForStatus } from "./support/nightdesk.ts";
import type { TestServer } from "./support/nightdesk.ts";
import { createDatabase } from "./support/postgres.ts";
import type { TestDatabase } from "./support/postgres.ts";
import { makeTables } from "./support/source-tables.ts";

let project: string;
let server: TestServer;
let source: TestDatabase;
let pool: Awaited<ReturnType<typeof makePool>>;
let slowPool: Awaited<ReturnType<typeof makePool>>;

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function run(
  program: string,
  argv: string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, argv, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

async function inRepository(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(process.execPath, argv, { cwd: repository });
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

const compilerOptions = {
  target: "es2022",
  module: "nodenext",
  moduleResolution: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
};

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "nightdesk-sdk-user-"));
  await inRepository("scripts/build.mjs");
  const tarball = await inRepository("scripts/pack-sdk.mjs", project);
  await writeFile(
    join(project, "package.json"),
    JSON.stringify({ name: "user", private: true, type: "module" }),
  );
  const install = ["install", "--offline", "--no-audit", "--no-fund", tarball];
  const installed = await run("npm", install, { cwd: project });
  expect(installed.code, installed.stderr).toBe(0);

  source = await createDatabase("sdk");
  await makeTables(source);
  server = await startTestServer();
  pool = await makePool(server, source);
  slowPool = await makePool(server, source, "slow");
  await writeFile(join(project, "key.txt"), `${server.adminKey}\n`, { mode: 0o600 });
}, 120_000);

afterAll(async () => {
  await server?.stop();
  await source?.end();
  await rm(project, { recursive: true, force: true });
});

test("what is packed: the SDK, types of the contract, no dependency", async () => {
  const installed = await readdir(join(project, "node_modules"));
  expect(installed.filter((name) => !name.startsWith("."))).toEqual(["nightdesk-sdk"]);
  const folder = join(project, "node_modules", "nightdesk-sdk");
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  expect(Object.keys(manifest).filter((key) => /dependencies/i.test(key))).toEqual([]);
  expect((await readdir(folder)).sort()).toEqual(["LICENSE", "README.md", "contract", "package.json", "sdk"]);
  const contract = await readdir(join(folder, "contract"));
  expect(contract.filter((name) => !name.endsWith(".d.ts"))).toEqual([]);
  for (const name of (await readdir(join(folder, "sdk"))).filter((file) => file.endsWith(".js"))) {
    const imports = [...(await readFile(join(folder, "sdk", name), "utf8")).matchAll(/\bfrom "([^"]+)"/g)];
    expect(
      imports.filter(([, from]) => !/^\.\/[\w-]+\.js$/.test(from ?? "")),
      name,
    ).toEqual([]);
  }
});

test("the whole package has the SDK as an entry of its own, and no sources or tests", async () => {
  const packed = await run("npm", ["pack", "--dry-run", "--json", "--offline"], { cwd: repository });
  const [{ files }] = JSON.parse(packed.stdout) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      "dist/bin.js",
      "dist/sdk/index.js",
      "dist/sdk/index.d.ts",
      "dist/contract/index.d.ts",
    ]),
  );
  expect(paths.filter((path) => /^(?!dist\/|README|LICENSE|package\.json)|\.test\./.test(path))).toEqual([]);
  const use =
    'import { createClient, isEnded } from "nightdesk/sdk"; console.log(typeof createClient, isEnded("FAIL"))';
  expect(await inRepository("--input-type=module", "-e", use)).toBe("function true");
});

const compilers = ["typescript", "typescript-5.4"].map((name) => [
  name,
  join(repository, "node_modules", name),
]);

test.each(compilers)("a user's types hold with %s, without types of Node", async (name, compiler) => {
  const folder = join(project, `types-${name ?? ""}`);
  await mkdir(folder);
  await cp(join(repository, "test", "support", "sdk-user.ts.txt"), join(folder, "user.ts"));
  // The SDK's own declarations are checked too: skipLibCheck stays off.
  const options = { ...compilerOptions, types: [], noEmit: true };
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, include: ["*.ts"] }),
  );
  const tsc = join(compiler ?? "", "bin", "tsc");
  expect(await run(process.execPath, [tsc, "-p", folder], { cwd: project })).toMatchObject({
    code: 0,
    stdout: "",
  });
  await writeFile(join(folder, "wrong.ts"), 'import { noSuchThing } from "nightdesk-sdk"; noSuchThing();');
  const wrong = await run(process.execPath, [tsc, "-p", folder], { cwd: project });
  expect(wrong.stdout).toMatch(/wrong\.ts.*noSuchThing/);
});

test.each(compilers)("the examples compile with %s and do what they say", async (name, compiler) => {
  const folder = join(project, `examples-${name ?? ""}`);
  await cp(join(repository, "examples"), folder, { recursive: true });
  const types = join(project, "node_modules", "@types");
  await mkdir(types, { recursive: true });
  for (const [from, to] of [
    ["@types/node", join(types, "node")],
    ["undici-types", join(project, "node_modules", "undici-types")],
  ] as const) {
    await symlink(join(repository, "node_modules", from), to, "junction").catch(() => undefined);
  }
  const options = { ...compilerOptions, types: ["node"], skipLibCheck: true, outDir: "out" };
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, include: ["*.ts"] }),
  );
  const compiled = await run(process.execPath, [join(compiler ?? "", "bin", "tsc"), "-p", folder], {
    cwd: project,
  });
  expect(compiled).toMatchObject({ code: 0, stdout: "" });

  const env = { ...process.env, NIGHTDESK_URL: server.url, NIGHTDESK_KEY_FILE: join(project, "key.txt") };
  const example = (file: string, ...argv: string[]): Promise<Ended> =>
    run(process.execPath, [join(folder, "out", file), ...argv], { cwd: project, env });

  const { jobId } = await makeExtractionJob(server, pool, `Order to cash ${name ?? ""}`, ["BKPF"]);
  const ran = await example("run-and-wait.js", pool.poolId, jobId);
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).toMatch(/Order to cash .*: SUCCESS\n$/);
  expect((await example("run-and-wait.js", pool.poolId, jobId)).code).toBe(0);
  await example("run-and-wait.js", pool.poolId, jobId);

  const history = await example("history.js", pool.poolId, jobId);
  expect(history.stdout.match(/SUCCESS/g)).toHaveLength(3);
  const [executionId = ""] = /[0-9a-f-]{36}/.exec(history.stdout) ?? [];
  const log = await example("follow-logs.js", pool.poolId, executionId);
  expect(log).toMatchObject({ code: 0, stderr: "" });
  expect(log.stdout.split("\n")[0]).toMatch(/^\d{4}-.*Z INFO /);

  const slow = await makeExtractionJob(server, slowPool, `Finance ${name ?? ""}`, [
    { tableName: "BKPF", filterDefinition: "pg_sleep(600) is not null" },
  ]);
  await server.ok("POST", `${slow.path}/execute`, { mode: "FULL" });
  await waitForStatus(server, slowPool.poolId, slow.jobId, "RUNNING");
  const refused = await example("run-and-wait.js", slowPool.poolId, slow.jobId);
  expect(refused).toMatchObject({ code: 10, stdout: expect.stringMatching(/^not started: .*RUNNING/) });
  const stopped = await example("see-and-stop.js", slowPool.poolId);
  expect(stopped).toMatchObject({ code: 0, stderr: "" });
  expect(stopped.stdout).toMatch(/: STOPPED, proof: source idle\n {2}BKPF: (discarded|untouched)\n$/);

  const speaks = await example("desk-settings.js", pool.poolId, "Asia/Tokyo", "Basis duty");
  expect(speaks).toMatchObject({
    code: 0,
    stderr: "",
    stdout: expect.stringContaining("times in Asia/Tokyo, to call: Basis duty;"),
  });
  const { settings } = await server.ok("GET", `/desk/v1/pools/${pool.poolId}/status`);
  expect(settings).toMatchObject({ zone: "Asia/Tokyo", contact: "Basis duty", escalateAfterSeconds: null });
  const nowhere = await example("desk-settings.js", pool.poolId, "Asia/Nowhere", "Basis duty");
  expect([nowhere.code, nowhere.stderr.includes("InvalidRequestError")]).toEqual([1, true]);

  expect((await example("errors.js", pool.poolId)).stdout).toMatch(/^\d+ jobs\n$/);
  const unknown = "99999999-3a52-4f0e-9a57-2f4f3c1f0a01";
  expect(await example("errors.js", unknown)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("no such pool"),
  });
});

test("every example is in the list of examples", () => {
  const [readme] = filesBelow("examples", ["README.md"]);
  const programs = filesBelow("examples", [".ts"]).map(({ path }) => path.replace("examples/", ""));
  expect(programs.length).toBeGreaterThan(3);
  const missing = programs.filter(
    (name) => name !== "connect.ts" && readme?.text.includes(`](${name})`) !== true,
  );
  expect(missing).toEqual([]);
});
