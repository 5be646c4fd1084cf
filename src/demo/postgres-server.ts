import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { systemClock } from "../base/clock.ts";
import { deferred } from "../base/deferred.ts";
import { DemoError, diskFull, lastWords, saysDiskFull } from "./demo-error.ts";
import { type Account, postgresAccount } from "./postgres-account.ts";
import { type PostgresBinaries, findPostgres, program } from "./postgres-binaries.ts";
import {
  type Cluster,
  asAccount,
  dataFolder,
  ensureData,
  openCluster,
  rememberCluster,
  wayAround,
} from "./postgres-cluster.ts";
import { endEarlier } from "./postgres-earlier.ts";

/** A PostgreSQL of our own that accepts connections on 127.0.0.1. */
export interface PostgresServer {
  host: "127.0.0.1";
  port: number;
  /** The superuser. */
  user: "postgres";
  password: string;
  database: "postgres";
  /** Major version. */
  major: number;
  origin: PostgresBinaries["origin"];
  /** Process id of the postmaster. */
  pid: number;
  /** All its files. Outside of the home where we run as root. */
  folder: string;
  /** Resolves when it has ended, for whatever reason. */
  ended: Promise<void>;
  /** Ends it and resolves when it has: fast shutdown, then harder. Safe to call again. */
  stop(): Promise<void>;
}

/**
 * Brings up a PostgreSQL whose data belongs to the folder `home`; a second start finds the same data.
 * It dies with this process, also where that is killed (on Windows: at the next start).
 * @param options.searchPath folders to look for programs in, as in PATH.
 * @param options.packageOnly uses the npm package even where the machine has a PostgreSQL.
 * @param options.settings server settings on top of ours.
 * @throws DemoError, one line that names the way out; or the signal's reason.
 */
export async function startPostgres(options: {
  home: string;
  searchPath?: string | undefined;
  packageOnly?: boolean | undefined;
  settings?: Record<string, string>;
  signal: AbortSignal;
}): Promise<PostgresServer> {
  const { home, signal } = options;
  await mkdir(home, { recursive: true, mode: 0o700 });
  const account = await postgresAccount();
  const cluster = await openCluster(home, account);
  await endEarlier(cluster, { signal });
  const binaries = await findPostgres({ ...options, account, copyTo: cluster.folder });
  await ensureData(cluster, binaries, account, { signal });

  for (let attempt = 1; ; attempt += 1) {
    cluster.port = await freePort(cluster.port);
    cluster.startedBy = process.pid;
    await rememberCluster(home, cluster);
    const postmaster = await launch(cluster, binaries, account, options.settings ?? {});
    const trouble = await untilReady(postmaster, cluster, signal);
    if (trouble === null) {
      return {
        host: "127.0.0.1",
        port: cluster.port,
        user: "postgres",
        password: cluster.password,
        database: "postgres",
        major: binaries.major,
        origin: binaries.origin,
        folder: cluster.folder,
        ...postmaster,
      };
    }
    await postmaster.stop();
    signal.throwIfAborted();
    if (saysDiskFull(trouble)) throw diskFull(cluster.folder);
    // Backends of a killed postmaster hold its shared memory for a moment; a port can be taken between our look and its bind.
    const passing = /Address already in use|could not bind|still in use/i.test(trouble);
    if (!passing || attempt === 20) {
      throw new DemoError(
        `PostgreSQL ${String(binaries.major)} did not start: ${lastWords(trouble)}`,
        `Its log: ${logPath(cluster)}. ${wayAround}`,
      );
    }
    if (/Address already in use|could not bind/i.test(trouble)) cluster.port = 0;
    await systemClock.sleep(250, { signal });
  }
}

type Postmaster = Pick<PostgresServer, "pid" | "ended" | "stop">;

/** Loopback only, no socket file (its path may not be long), durable; wide WAL limits make the filling quick. */
const ourSettings: Record<string, string> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "100",
  shared_buffers: "256MB",
  maintenance_work_mem: "256MB",
  work_mem: "16MB",
  // Without standbys, rows written in the transaction that made their table skip the WAL.
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "4GB",
  checkpoint_timeout: "30min",
  timezone: "UTC",
  log_timezone: "UTC",
  lc_messages: "C",
};

async function launch(
  cluster: Cluster,
  binaries: PostgresBinaries,
  account: Account | null,
  settings: Record<string, string>,
): Promise<Postmaster> {
  const log = await open(logPath(cluster), "w", 0o600);
  const all = { ...ourSettings, port: String(cluster.port), ...settings };
  const child = spawn(
    program(binaries, "postgres"),
    [
      "-D",
      dataFolder(cluster),
      ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    // A session of its own: Ctrl-C in a terminal reaches us alone, and we decide the order of ending.
    {
      cwd: cluster.folder,
      env: { LC_ALL: "C" },
      stdio: ["ignore", log.fd, log.fd],
      detached: true,
      windowsHide: true,
      ...asAccount(account),
    },
  );
  const { promise: ended, resolve: hasEnded } = deferred<void>();
  child.once("exit", () => {
    hasEnded();
  });
  child.once("error", () => {
    hasEnded();
  });
  await log.close();
  if (child.pid === undefined) {
    throw new DemoError(`PostgreSQL could not be started: ${program(binaries, "postgres")}.`, wayAround);
  }
  const watcher = watch(child.pid, account);
  void ended.then(() => watcher?.kill("SIGKILL"));
  let stopping: Promise<void> | null = null;
  return {
    pid: child.pid,
    ended,
    stop: () => (stopping ??= end(child, ended, binaries, dataFolder(cluster))),
  };
}

/**
 * A shell that waits for our death (its standard input is a pipe that only we hold open) and then asks
 * the postmaster to end: the one thing that still happens after a kill -9 of ours.
 */
function watch(pid: number, account: Account | null): ChildProcess | null {
  if (process.platform === "win32") return null;
  const watcher = spawn(
    "/bin/sh",
    ["-c", 'while read -r line; do :; done; kill -INT "$1" 2>/dev/null', "sh", String(pid)],
    {
      cwd: "/",
      env: {},
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      ...asAccount(account),
    },
  );
  watcher.on("error", () => {});
  watcher.stdin?.on("error", () => {});
  return watcher;
}

/** Fast shutdown (ends sessions, writes everything), then immediate, then by force; each after a limit. */
async function end(
  child: ChildProcess,
  ended: Promise<void>,
  binaries: PostgresBinaries,
  data: string,
): Promise<void> {
  if (process.platform === "win32") {
    // Windows has no signals: PostgreSQL takes them through a pipe that pg_ctl knows.
    spawn(program(binaries, "pg_ctl"), ["stop", "-D", data, "-m", "fast"], {
      stdio: "ignore",
      windowsHide: true,
    }).on("error", () => child.kill());
  } else {
    child.kill("SIGINT");
  }
  const harder = [
    setTimeout(() => child.kill("SIGQUIT"), 30_000),
    setTimeout(() => child.kill("SIGKILL"), 40_000),
  ];
  await ended;
  harder.forEach(clearTimeout);
}

/** null when it lets us in; else the end of its log. */
async function untilReady(
  postmaster: Postmaster,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<string | null> {
  let over = false;
  void postmaster.ended.then(() => (over = true));
  let refusal = "";
  const deadline = systemClock.monotonic() + 60_000;
  while (!over && !signal.aborted && systemClock.monotonic() < deadline) {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: cluster.port,
      user: "postgres",
      database: "postgres",
      password: cluster.password,
      connectionTimeoutMillis: 5_000,
    });
    client.on("error", () => {});
    try {
      await client.connect();
      return null;
    } catch (error) {
      refusal = error instanceof Error ? error.message : String(error);
    } finally {
      await client.end().catch(() => {});
    }
    await systemClock.sleep(50);
  }
  if (!over) return `it does not let us in: ${refusal}`;
  return readFile(logPath(cluster), "utf8").catch(() => "it ended at once");
}

function logPath(cluster: Cluster): string {
  return join(cluster.folder, "server.log");
}

/** The wanted port if nobody listens there, else any free one. */
async function freePort(wanted: number): Promise<number> {
  // Below those that the system hands out by itself: one of these may be a passing connection's at the next start.
  const quiet = Array.from({ length: 10 }, () => randomInt(15_000, 30_000));
  for (const port of [...(wanted === 0 ? [] : [wanted]), ...quiet, 0]) {
    const free = await new Promise<number | null>((resolve) => {
      const probe = createServer();
      probe.once("error", () => {
        resolve(null);
      });
      probe.listen(port, "127.0.0.1", () => {
        const address = probe.address();
        probe.close(() => {
          resolve(typeof address === "object" && address !== null ? address.port : null);
        });
      });
    });
    if (free !== null) return free;
  }
  throw new DemoError(
    "This machine gives no free port on 127.0.0.1 for PostgreSQL.",
    "End something that listens, or set NIGHTDESK_DEMO_PG_URL.",
  );
}
