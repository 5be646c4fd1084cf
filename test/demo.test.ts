/** `nightdesk demo` as it is, in small: a real PostgreSQL, a real server, real jobs. */
import { createServer } from "node:net";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { systemClock } from "../src/base/clock.ts";
import { httpFetch } from "../src/relay/http.ts";
import { poolEnvironment, readConfig } from "../src/config.ts";
import { runDemo } from "../src/demo/demo.ts";
import type { DemoFacts } from "../src/demo/facts.ts";
import { type PostgresServer, startPostgres } from "../src/demo/postgres-server.ts";
import { startNightdesk } from "../src/nightdesk.ts";
import { caller, checked, queryPool, statusOf, waitForStatus } from "./support/nightdesk.ts";

const size = { orders: 300, documents: 2000 };
const searchPath = process.env["PATH"];
const folders: string[] = [];
const running: RunningDemo[] = [];

interface RunningDemo {
  home: string;
  /** What it wrote so far. */
  printed: () => string;
  /** Resolves when it says that it is up; rejects with what ended it. */
  up: Promise<DemoFacts>;
  ended: Promise<number>;
  /** Ctrl-C. */
  end: () => Promise<number>;
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-test-"));
  folders.push(folder);
  return folder;
}

function start(
  home: string,
  options: { demoPgUrl?: string; port?: number; isTTY?: boolean; onText?: (text: string) => void } = {},
): RunningDemo {
  const ending = new AbortController();
  let text = "";
  let isUp = (): void => {};
  const said = new Promise<void>((resolve) => (isUp = resolve));
  const ended = runDemo({
    home,
    host: "127.0.0.1",
    port: options.port ?? 0,
    demoPgUrl: options.demoPgUrl,
    searchPath,
    startServer: (settings) =>
      startNightdesk(readConfig({ ...settings, stopGraceSeconds: 0 }, {}), {
        report: () => {},
        poolEnvironment: poolEnvironment(process.env),
      }),
    fetch: httpFetch(),
    out: {
      isTTY: options.isTTY ?? false,
      write: (more: string) => {
        text += more;
        options.onText?.(more);
        if (text.includes("Ctrl-C ends everything")) isUp();
      },
    },
    clock: systemClock,
    signal: ending.signal,
    size,
  });
  const demo: RunningDemo = {
    home,
    printed: () => text,
    ended,
    up: Promise.race([said, ended.then(() => Promise.reject(new Error(`ended by itself: ${text}`)))]).then(
      async () => JSON.parse(await readFile(join(home, "demo.json"), "utf8")) as DemoFacts,
    ),
    end: () => {
      ending.abort();
      return ended;
    },
  };
  demo.up.catch(() => {});
  ended.catch(() => {});
  running.push(demo);
  return demo;
}

/** The wire, as the demo's admin, and one of its jobs. */
function wireOf(facts: DemoFacts): { ok: ReturnType<typeof checked>; call: ReturnType<typeof caller> } {
  const call = caller(facts.url, facts.adminKey);
  return { call, ok: checked(call) };
}

function jobOf({ jobs, poolId }: DemoFacts, name: string): { id: string; path: string } {
  const id = jobs.find((job) => job.name === name)?.id ?? "";
  return { id, path: `/integration/api/pools/${poolId}/jobs/${id}` };
}

async function executionOf(facts: DemoFacts, name: string): Promise<string | null> {
  const { jobs } = (await wireOf(facts).ok("GET", `/desk/v1/pools/${facts.poolId}/status`)) as {
    jobs: { id: string; executionId: string | null }[];
  };
  return jobs.find(({ id }) => id === jobOf(facts, name).id)?.executionId ?? null;
}

async function connectionOf(
  facts: DemoFacts,
): Promise<{ id: string; configuration: Record<string, unknown> }> {
  const { ok } = wireOf(facts);
  const [{ id }] = await ok("GET", `/integration/api/pools/${facts.poolId}/data-sources`);
  return ok("GET", `/integration/api/datasource/POSTGRESQL/${id}`);
}

async function isOpen({ host, port }: { host: string; port: number }): Promise<boolean> {
  const client = new pg.Client({ host, port, user: "nobody", database: "none" });
  return client.connect().then(
    () => true,
    (error: { code?: string }) => error.code !== "ECONNREFUSED",
  );
}

/** A PostgreSQL of this file's own: what the demo makes there is seen by no other test. */
let given: PostgresServer;

beforeAll(async () => {
  given = await startPostgres({
    home: await newFolder(),
    searchPath,
    settings: { fsync: "off" },
    signal: AbortSignal.timeout(60_000),
  });
  folders.push(given.folder);
});

afterEach(async () => {
  for (const demo of running.splice(0)) await demo.end().catch(() => 0);
});

afterAll(async () => {
  await given.stop();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function rememberPostgresOf(home: string): Promise<void> {
  const text = await readFile(join(home, "postgres.json"), "utf8");
  folders.push((JSON.parse(text) as { folder: string }).folder);
}

test("a first start, and a second that reuses all of it and starts the job again", async () => {
  const home = await newFolder();
  const first = start(home);
  const facts = await first.up;
  await rememberPostgresOf(home);

  expect((await stat(join(home, "demo.json"))).mode & 0o777).toBe(0o600);
  expect(facts).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    poolId: expect.any(String),
    poolName: "SAP ECC",
    jobs: [
      { id: expect.any(String), name: "Order to cash" },
      { id: expect.any(String), name: "Finance documents" },
    ],
    operatorKey: expect.stringMatching(/^ndk_/),
    adminKey: expect.any(String),
    source: { host: "127.0.0.1", port: expect.any(Number), database: "nightdesk_demo", user: "nightdesk" },
  });
  const { ok } = wireOf(facts);
  const orders = jobOf(facts, "Order to cash");
  const finance = jobOf(facts, "Finance documents");
  expect(await statusOf({ ok }, facts.poolId, orders.id)).toBe("SUCCESS");
  await waitForStatus({ ok }, facts.poolId, finance.id, "RUNNING");

  const [[activities, cases]] = (await queryPool(
    { ok },
    orders.path,
    `SELECT (SELECT count(*) FROM "_CEL_O2C_ACTIVITIES"), (SELECT count(*) FROM "O2C_CASES")`,
  )) as [[unknown, unknown]];
  expect(Number(cases)).toBe(size.orders);
  expect(Number(activities)).toBeGreaterThan(size.orders);

  // Loaded once at full speed, and the limit makes the same rows last twenty minutes.
  const connection = await connectionOf(facts);
  expect(connection.configuration).toMatchObject({ database: "nightdesk_demo", user: "nightdesk" });
  const [[rows]] = (await queryPool(
    { ok },
    finance.path,
    `SELECT (SELECT count(*) FROM "BKPF") + (SELECT count(*) FROM "BSEG")`,
  )) as [[unknown]];
  expect(Number(rows)).toBeGreaterThan(size.documents * 5);
  expect(connection.configuration["maxRowsPerSecond"]).toBe(Math.ceil(Number(rows) / 1200));
  expect(connection.configuration).not.toHaveProperty("password");

  const keys = (await ok("GET", "/desk/v1/keys")) as { name: string; grants: unknown }[];
  expect(keys.find(({ name }) => name === "night operator")?.grants).toEqual([
    { poolId: facts.poolId, verbs: ["view", "cancel"] },
  ]);
  const operator = caller(facts.url, facts.operatorKey);
  expect((await operator("GET", `/integration/api/pools/${facts.poolId}/logs/status`)).status).toBe(200);
  expect((await operator("POST", `${orders.path}/execute`)).status).toBe(403);
  expect((await operator("GET", "/desk/v1/keys")).status).toBe(403);

  // The page's address, good for one sign-in with the operator's key.
  const link = new RegExp(`^  (${facts.url}/)#once=(\\S+)$`, "m").exec(first.printed());
  expect((await fetch(link?.[1] ?? "")).headers.get("content-type")).toBe("text/html; charset=utf-8");
  const byLink = caller(facts.url, link?.[2] ?? "");
  const signedIn = await byLink("POST", "/desk/session", { scheme: "Bearer" });
  expect(signedIn.json).toMatchObject({ name: "night operator", pools: [{ verbs: ["view", "cancel"] }] });
  expect((await byLink("POST", "/desk/session", { scheme: "Bearer" })).status).toBe(401);

  const text = first.printed();
  expect(text).not.toContain("\r");
  expect(text).toMatch(/^ +\d+ % {2}BSEG\n/m);
  expect(text).toMatch(/^ {2}Order to cash +SUCCESS +\S+\n {2}Finance documents +(RUNNING|QUEUED) /m);
  const lines = text.split("\n").filter((line) => line.startsWith("  curl"));
  expect(lines.map((line) => [line.includes(facts.operatorKey), line.includes("-X POST")])).toEqual([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ]);
  expect(lines[0]).toContain(`-H "@${join(home, "operator.header")}"`);
  const run = await executionOf(facts, "Finance documents");

  expect(await first.end()).toBe(0);
  expect(await isOpen(facts.source)).toBe(false);

  const second = start(home);
  const again = await second.up;
  expect({ ...again, url: "", source: { ...again.source, port: 0 } }).toEqual({
    ...facts,
    url: "",
    source: { ...facts.source, port: 0 },
  });
  expect(second.printed()).not.toMatch(/Filling|Loading|Running the job/);
  await waitForStatus(wireOf(again), again.poolId, finance.id, "RUNNING");
  expect(await executionOf(again, "Finance documents")).not.toBe(run);
  const key = caller(again.url, facts.operatorKey);
  expect((await key("POST", `${finance.path}/cancel`)).status).toBe(200);
  expect(await statusOf(wireOf(again), again.poolId, finance.id)).toBe("CANCEL");
  expect(await second.end()).toBe(0);
});

test("a given PostgreSQL is used, and a new password of it is taken over", async () => {
  const home = await newFolder();
  const { host, port, user, password } = given;
  const client = new pg.Client({ host, port, user, password, database: "postgres" });
  await client.connect();
  await client.query("CREATE ROLE erp LOGIN PASSWORD 'CANARY-old'");
  await client.query("CREATE DATABASE erp OWNER erp TEMPLATE template0 ENCODING 'UTF8'");
  const url = (secret: string): string => `postgresql://erp:${secret}@${host}:${String(port)}/erp`;

  const first = start(home, { demoPgUrl: url("CANARY-old"), isTTY: true });
  const facts = await first.up;
  // It may make no role, so it reads as itself.
  expect(facts.source).toEqual({ host, port, database: "erp", user: "erp" });
  expect(first.printed()).toContain(`PostgreSQL at ${host}:${String(port)}, as NIGHTDESK_DEMO_PG_URL says`);
  // On a terminal a bar is drawn in place, and cleared before the next line.
  expect(first.printed().split("\r\u001B[K")).toContainEqual(
    expect.stringMatching(/^ {2}\[#{4}\.{21}\] +1[4-7] % {2}\S+$/),
  );
  expect(await first.end()).toBe(0);
  expect(await isOpen({ host, port })).toBe(true);

  await client.query("ALTER ROLE erp PASSWORD 'CANARY-new'");
  await client.end();
  const second = start(home, { demoPgUrl: url("CANARY-new") });
  const again = await second.up;
  const { id } = await connectionOf(again);
  const base = `/integration/api/pools/${again.poolId}/data-sources`;
  expect(await wireOf(again).ok("POST", `${base}/${id}/test`)).toMatchObject({ reachable: true });
  await waitForStatus(wireOf(again), again.poolId, jobOf(again, "Finance documents").id, "RUNNING");
  expect(await second.end()).toBe(0);
});

test("a taken port is one line that names the way out, before anything is started", async () => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => squatter.once("listening", resolve));
  const address = squatter.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const demo = start(await newFolder(), { port });
  await expect(demo.ended).rejects.toThrow(
    new RegExp(`^The port 127\\.0\\.0\\.1:${String(port)} is taken\\. Stop what .* NIGHTDESK_PORT .*$`),
  );
  expect(demo.printed()).toBe("");
  await new Promise((resolve) => squatter.close(resolve));
});

test("a home that is a file, and an address that is none, are one line each", async () => {
  const file = join(await newFolder(), "file");
  await writeFile(file, "");
  await expect(start(file).ended).rejects.toThrow(/^The folder .*file cannot be used: .* NIGHTDESK_HOME .*$/);
  const home = await newFolder();
  const wrong = start(home, {
    demoPgUrl: `postgresql://erp:CANARY-wrong@127.0.0.1:${String(given.port)}/erp`,
  });
  await expect(wrong.ended).rejects.toThrow(
    /^The sample could not be made in PostgreSQL at (?!.*CANARY).* Check that address, its password .*$/,
  );
});

test("an end while it fills ends PostgreSQL too, and the next start goes on", async () => {
  const home = await newFolder();
  let endIt = (): void => {};
  const demo = start(home, { onText: (text) => void (/ \d+ % /.test(text) && endIt()) });
  endIt = () => void demo.end();
  expect(await demo.ended).toBe(0);
  await rememberPostgresOf(home);
  expect(demo.printed()).not.toContain("Nightdesk listens");
  const port = Number(/PostgreSQL \d+ .* on 127\.0\.0\.1:(\d+)/.exec(demo.printed())?.[1]);
  expect(await isOpen({ host: "127.0.0.1", port })).toBe(false);
  const next = start(home);
  await next.up;
  expect(next.printed()).toContain("Filling");
  expect(await next.end()).toBe(0);
});
