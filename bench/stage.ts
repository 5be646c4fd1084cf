/** What measurements stand on: a folder, a PostgreSQL and servers of their own, all gone afterwards. */
import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { startPostgres } from "../src/demo/postgres-server.ts";
import { caller, checked, type TestServer } from "../test/support/nightdesk.ts";

/** The command as it is shipped: built and bundled. */
export const command = fileURLToPath(new URL("../dist/bin.js", import.meta.url));

/** Undone in the reverse order when the measurement ends, however it ends. */
export class Stage {
  readonly folder: string;
  readonly #undo: (() => Promise<unknown>)[] = [];

  private constructor(folder: string) {
    this.folder = folder;
    this.later(() => rm(folder, { recursive: true, force: true }));
  }

  static async with<T>(work: (stage: Stage) => Promise<T>): Promise<T> {
    const stage = new Stage(await mkdtemp(join(tmpdir(), "nightdesk-bench-")));
    try {
      return await work(stage);
    } finally {
      for (const step of stage.#undo.reverse()) await step();
    }
  }

  later(step: () => Promise<unknown>): void {
    this.#undo.push(step);
  }

  /** A real PostgreSQL, brought up as the demo does it; only its writing is not durable. */
  async postgres(): Promise<SourceDatabase> {
    const server = await startPostgres({
      home: join(this.folder, "source"),
      searchPath: process.env["PATH"],
      settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off" },
      signal: AbortSignal.timeout(120_000),
    });
    this.later(() => rm(server.folder, { recursive: true, force: true }));
    this.later(() => server.stop());
    const { host, port, user, password, database } = server;
    return { host, port, user, password, database };
  }

  /** A session at the source. */
  async session(source: SourceDatabase, name = "nightdesk-bench"): Promise<pg.Client> {
    const client = new pg.Client({ ...source, application_name: name });
    client.on("error", () => {});
    await client.connect();
    this.later(() => client.end());
    return client;
  }

  /** `nightdesk serve` on a home below the folder, in a process of its own. */
  async nightdesk(name: string): Promise<ServedNightdesk> {
    const served = await serveNightdesk(join(this.folder, name));
    this.later(() => served.end());
    return served;
  }

  /** A script of this folder as a process with a channel; it ends when the channel closes. */
  script(file: string, ...args: string[]): ChildProcess {
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
      execArgv: ["--import", import.meta.resolve("tsx")],
    });
    this.later(() => ended(child, () => child.disconnect()));
    return child;
  }
}

export interface SourceDatabase {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}

export interface ServedNightdesk extends Pick<TestServer, "call" | "ok" | "url"> {
  /** Of the server's process. */
  pid: number;
  adminKey: string;
  /** In order, with its pools' processes. Harmless twice. */
  end(): Promise<void>;
}

const adminKey = "CANARY-bench-admin-0123456789abcdefghijklmnopqrstuvwxyz";

async function serveNightdesk(home: string): Promise<ServedNightdesk> {
  const child = spawn(process.execPath, [command, "serve", "--home", home, "--port", "0"], {
    env: { ...process.env, NIGHTDESK_ADMIN_KEY: adminKey },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (data: Buffer) => {
      output += data.toString();
      const found = /listens on (\S+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on("close", (code) => reject(new Error(`nightdesk serve ended with ${String(code)}: ${output}`)));
  });
  const call = caller(url, adminKey);
  const end = (): Promise<void> => ended(child, () => child.kill("SIGTERM"));
  return { url, call, ok: checked(call), pid: child.pid ?? 0, adminKey, end };
}

/** A pool with a connection to the source, without a limit of rows per second. */
export async function makePool(
  server: ServedNightdesk,
  source: SourceDatabase,
): Promise<{ poolId: string; dataSourceId: string }> {
  const { id: poolId } = await server.ok("POST", "/integration/api/pools", { name: "Bench" });
  const { id: dataSourceId } = await server.ok("POST", "/integration/api/datasource/POSTGRESQL", {
    name: "ECC",
    poolId,
    configuration: { ...source, ssl: { mode: "disable" } },
  });
  return { poolId: poolId as string, dataSourceId: dataSourceId as string };
}

/** Waits until the process is gone; `ask` is not called where it is already. */
async function ended(child: ChildProcess, ask: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // Not "close": after a disconnect from our side Node 20 never tells it.
  const exited = once(child, "exit");
  ask();
  await exited;
}

/** The next message of a script, or an error when it ends without one. */
export async function answerOf<T>(child: ChildProcess): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const onClose = (code: number | null): void => {
      reject(new Error(`a process of the measurement ended with ${String(code)}`));
    };
    child.once("close", onClose);
    child.once("message", (message) => {
      child.off("close", onClose);
      resolve(message as T);
    });
  });
}
