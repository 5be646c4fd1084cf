/** The sample's PostgreSQL: brought up as whoever we are, found again, ended, and gone when we are killed. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { postgresAccount } from "../src/demo/postgres-account.ts";
import { type PostgresServer, startPostgres } from "../src/demo/postgres-server.ts";

let home: string;
const folders = new Set<string>();
const pids = new Set<number>();
const { signal } = new AbortController();
const searchPath = process.env["PATH"];
const isRoot = process.getuid?.() === 0;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "nightdesk-test-"));
  folders.add(home);
});

afterEach(async () => {
  const left = [...pids].filter((pid) => isAlive(pid));
  for (const pid of left) process.kill(pid, "SIGQUIT");
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  folders.clear();
  pids.clear();
  expect(left).toEqual([]);
});

/** False also for a process that ended and that nobody reaped. */
/** The process's user, as the operating system lists it. */
async function userOfProcess(pid: number): Promise<number> {
  if (process.platform === "linux") return (await stat(`/proc/${String(pid)}`)).uid;
  return Number(execFileSync("ps", ["-o", "uid=", "-p", String(pid)], { encoding: "utf8" }));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  try {
    return !/\) Z /.test(readFileSync(`/proc/${String(pid)}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function start(options: { packageOnly?: boolean } = {}): Promise<PostgresServer> {
  const server = await startPostgres({ home, searchPath, signal, ...options });
  pids.add(server.pid);
  folders.add(server.folder);
  return server;
}

type Access = Pick<PostgresServer, "host" | "port" | "user" | "password" | "database">;

async function ask(server: Access, text: string): Promise<Record<string, unknown>> {
  const { host, port, user, password, database } = server;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text);
    return rows[0] ?? {};
  } finally {
    await client.end();
  }
}

const facts = `SELECT current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync,
  current_setting('listen_addresses') AS listens, current_setting('unix_socket_directories') AS sockets,
  (SELECT count(*)::int FROM pg_database) AS databases, current_setting('server_version_num')::int / 10000 AS major`;

test("brings up a server on loopback, in UTF-8, durable, behind a password", async () => {
  const server = await start();
  expect(await ask(server, facts)).toMatchObject({
    encoding: "UTF8",
    fsync: "on",
    listens: "127.0.0.1",
    sockets: "",
    major: server.major,
  });
  await expect(ask({ ...server, password: "CANARY-wrong" }, "SELECT 1")).rejects.toThrow(
    /password authentication failed/,
  );

  const record = join(home, "postgres.json");
  expect((await stat(record)).mode & 0o777).toBe(0o600);
  expect(await readFile(record, "utf8")).toContain(server.password);
  expect((await stat(server.folder)).mode & 0o077).toBe(0);

  await server.stop();
  expect(isAlive(server.pid)).toBe(false);
  await expect(ask(server, "SELECT 1")).rejects.toThrow(/ECONNREFUSED/);
});

test.runIf(isRoot)(
  "as root, an unprivileged user runs it, outside of a home that this user cannot enter",
  async () => {
    await chmod(home, 0o700);
    const account = await postgresAccount();
    const server = await start();
    expect(server.folder.startsWith(home)).toBe(false);
    expect((await stat(server.folder)).uid).toBe(account?.uid);
    expect(account?.uid).not.toBe(0);
    expect(await userOfProcess(server.pid)).toBe(account?.uid);
    await server.stop();
  },
);

test("the npm package's binaries do the same where the machine has none", async () => {
  const server = await start({ packageOnly: true });
  expect(server.origin).toBe("package");
  expect(await ask(server, facts)).toMatchObject({ encoding: "UTF8", major: server.major });
  await server.stop();
});

test("a second start finds the same data, password and port", async () => {
  const first = await start();
  await ask(first, "CREATE TABLE kept AS SELECT 42 AS answer");
  await first.stop();
  const second = await start();
  expect([second.port, second.password, second.folder]).toEqual([first.port, first.password, first.folder]);
  expect(await ask(second, "SELECT answer FROM kept")).toEqual({ answer: 42 });
  await second.stop();
});

test("a second start takes another port when the old one is taken by then", async () => {
  const first = await start();
  await first.stop();
  const squatter = createServer().listen(first.port, "127.0.0.1");
  await new Promise((resolve) => squatter.once("listening", resolve));
  const second = await start();
  expect(second.port).not.toBe(first.port);
  await second.stop();
  await new Promise((resolve) => squatter.close(resolve));
});

test("a data folder of another version is made anew", async () => {
  const first = await start();
  await ask(first, "CREATE TABLE gone AS SELECT 1");
  await first.stop();
  const second = await start({ packageOnly: true });
  // Where the machine's binaries are of the package's version, or it has none, the folder is kept.
  const kept = second.major === first.major ? "gone" : null;
  expect(await ask(second, "SELECT to_regclass('gone')::text AS gone")).toEqual({ gone: kept });
  await second.stop();
});

test("an abort while it starts leaves nothing running", async () => {
  const stop = new AbortController();
  const starting = startPostgres({ home, searchPath, signal: stop.signal });
  stop.abort(new Error("changed my mind"));
  await expect(starting).rejects.toThrow("changed my mind");
  const { folder } = JSON.parse(await readFile(join(home, "postgres.json"), "utf8").catch(() => "{}")) as {
    folder?: string;
  };
  // Aborted before it had a folder: nothing can lie in the home then.
  if (folder !== undefined) folders.add(folder);
  await expect(stat(join(folder ?? home, "data", "postmaster.pid"))).rejects.toThrow(/ENOENT/);
});

/** A Node process of its own that starts the server, says where, and stays. */
async function startInChild(
  childHome: string,
  account: { uid: number; gid: number } | null,
): Promise<{ child: ChildProcess; server: Access & { pid: number; folder: string } }> {
  const script = join(import.meta.dirname, "support", "postgres-child.ts");
  const tsx = join(import.meta.dirname, "..", "node_modules", "tsx", "dist", "loader.mjs");
  const child = spawn(process.execPath, ["--import", tsx, script, childHome], {
    cwd: "/",
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: searchPath, TMPDIR: tmpdir() },
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
  });
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(text);
    });
    child.once("exit", (code) => {
      reject(new Error(`the child ended with ${String(code)}`));
    });
  });
  const server = JSON.parse(line) as Access & { pid: number; folder: string };
  pids.add(server.pid);
  folders.add(server.folder);
  return { child, server };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null)
    await new Promise((resolve) => child.once("exit", resolve));
}

test("kill -9 of the one who started it ends it too, and the next start goes on with the data", async () => {
  const { child, server } = await startInChild(home, null);
  await ask(server, "CREATE TABLE kept AS SELECT 42 AS answer");
  child.kill("SIGKILL");
  await ended(child);
  const next = await start();
  expect(next.folder).toBe(server.folder);
  expect(isAlive(server.pid)).toBe(false);
  expect(await ask(next, "SELECT answer FROM kept")).toEqual({ answer: 42 });
  await next.stop();
});

test("after kill -9 of the postmaster itself the next start recovers what was committed", async () => {
  const account = await postgresAccount();
  const bystander = spawn("sleep", ["60"], {
    stdio: "ignore",
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
  });
  const first = await start();
  await ask(first, "CREATE TABLE kept AS SELECT 42 AS answer");
  process.kill(first.pid, "SIGKILL");
  await first.ended;
  // Its id belongs to somebody else by now, as in a container that was started again.
  const mark = join(first.folder, "data", "postmaster.pid");
  const text = await readFile(mark, "utf8");
  await writeFile(mark, text.replace(/^\d+/, String(bystander.pid)));
  const second = await start();
  expect(await ask(second, "SELECT answer FROM kept")).toEqual({ answer: 42 });
  await second.stop();
  expect(isAlive(bystander.pid ?? 0)).toBe(true);
  bystander.kill();
});

test("a start on a home whose server is in use is refused in one line that names the holder", async () => {
  const { child, server } = await startInChild(home, null);
  await expect(startPostgres({ home, searchPath, signal })).rejects.toThrow(
    new RegExp(
      `^The sample database in .* is in use by process ${String(child.pid)}\\. End that one first, or set NIGHTDESK_HOME`,
    ),
  );
  expect(await ask(server, "SELECT 1 AS one")).toEqual({ one: 1 });
  child.kill("SIGTERM");
  await ended(child);
  expect(isAlive(server.pid)).toBe(false);
});

test.runIf(isRoot)("an ordinary user has it in the home", async () => {
  const nobody = { uid: 65534, gid: 65534 };
  const childHome = join(home, "home of nobody");
  await chmod(home, 0o755);
  await mkdir(childHome, { mode: 0o700 });
  await chown(childHome, nobody.uid, nobody.gid);
  const { child, server } = await startInChild(childHome, nobody);
  expect(server.folder).toBe(join(childHome, "postgres"));
  expect(await ask(server, facts)).toMatchObject({ encoding: "UTF8" });
  child.kill("SIGTERM");
  await ended(child);
  expect(isAlive(server.pid)).toBe(false);
});
