import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DemoError, diskFull, lastWords, saysDiskFull } from "./demo-error.ts";
import { type Account, newFolderFor, stillOwned } from "./postgres-account.ts";
import { type PostgresBinaries, program } from "./postgres-binaries.ts";
import { readJson, writePrivateJson } from "./private-file.ts";

/** Where a PostgreSQL of ours keeps its files, and what is needed to enter it. Kept in the home, 0600. */
export interface Cluster {
  /** Holds `data`, the server's log, and a copy of the programs where one is needed. */
  folder: string;
  /** Of the superuser `postgres`. */
  password: string;
  /** The port it had last; 0: none yet. */
  port: number;
  /** Process id of the Nightdesk that started it last; 0: none. */
  startedBy: number;
}

export function dataFolder(cluster: Cluster): string {
  return join(cluster.folder, "data");
}

/** The cluster this home remembers, or a new one without data. */
export async function openCluster(home: string, account: Account | null): Promise<Cluster> {
  const known = await readJson<Cluster>(recordPath(home));
  const { folder, password } = known ?? {};
  if (folder !== undefined && password !== undefined) {
    const usable = account === null ? folder.startsWith(home) : await stillOwned(account, folder);
    if (usable) return { folder, password, port: known?.port ?? 0, startedBy: known?.startedBy ?? 0 };
  }
  const cluster = {
    folder: account === null ? join(home, "postgres") : await newFolderFor(account),
    password: randomBytes(24).toString("base64url"),
    port: 0,
    startedBy: 0,
  };
  if (account === null) {
    await rm(cluster.folder, { recursive: true, force: true });
    await mkdir(cluster.folder, { mode: 0o700 });
  }
  await rememberCluster(home, cluster);
  return cluster;
}

export async function rememberCluster(home: string, cluster: Cluster): Promise<void> {
  await writePrivateJson(recordPath(home), cluster);
}

function recordPath(home: string): string {
  return join(home, "postgres.json");
}

/**
 * Makes the data folder with initdb, unless it is there already and fits the binaries' version.
 * @returns whether it was made now.
 */
export async function ensureData(
  cluster: Cluster,
  binaries: PostgresBinaries,
  account: Account | null,
  { signal }: { signal: AbortSignal },
): Promise<boolean> {
  const data = dataFolder(cluster);
  const version = await readFile(join(data, "PG_VERSION"), "utf8").catch(() => "");
  if (version.trim() === String(binaries.major)) return false;

  // Made under another name first: an initdb that was killed leaves nothing that looks complete.
  const fresh = `${data}.new`;
  const passwordFile = join(cluster.folder, "password.new");
  await rm(data, { recursive: true, force: true });
  await rm(fresh, { recursive: true, force: true });
  try {
    await writeFile(passwordFile, `${cluster.password}\n`, { mode: 0o600 });
    if (account !== null) await chown(passwordFile, account.uid, account.gid);
    await initdb(binaries, fresh, passwordFile, cluster.folder, account, signal);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(fresh, data);
  return true;
}

async function initdb(
  binaries: PostgresBinaries,
  data: string,
  passwordFile: string,
  cwd: string,
  account: Account | null,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const child = spawn(
    program(binaries, "initdb"),
    [
      "-D",
      data,
      "--username=postgres",
      "--encoding=UTF8",
      "--no-locale",
      "--auth=scram-sha-256",
      `--pwfile=${passwordFile}`,
    ],
    {
      cwd,
      env: { LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
      ...asAccount(account),
    },
  );
  const onAbort = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", onAbort, { once: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const failure = await new Promise<string | null>((resolve) => {
    child.once("error", (error) => {
      resolve(error.message);
    });
    child.once("close", (code) => {
      resolve(code === 0 ? null : output);
    });
  });
  signal.removeEventListener("abort", onAbort);
  signal.throwIfAborted();
  if (failure === null) return;
  if (saysDiskFull(failure)) throw diskFull(data);
  throw new DemoError(`PostgreSQL could not make its data folder ${data}: ${lastWords(failure)}`, wayAround);
}

/** The spawn options that make a child run as the account. */
export function asAccount(account: Account | null): { uid?: number; gid?: number } {
  return account === null ? {} : { uid: account.uid, gid: account.gid };
}

export const wayAround =
  "Set NIGHTDESK_DEMO_PG_URL to a PostgreSQL that runs, or install another one (apt-get install postgresql).";
