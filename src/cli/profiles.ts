import { randomUUID } from "node:crypto";
import { chmod, mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "./context.ts";

/** What `nightdesk login` keeps under a name. */
export interface Profile {
  /** Origin of the team. The key goes there and nowhere else. */
  url: string;
  poolId: string | null;
  key: string;
  scheme: "AppKey" | "Bearer";
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The profile that is taken when none is named. */
export const usualProfile = "default";

/** Also a file name on every system, and never a path. */
const name = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * Where the profiles are: a file each, so that two logins at once, or a killed one, spoil nothing of another. null where
 * the environment tells of no home.
 */
function profilesFolder(env: Environment): string | null {
  const home = env["HOME"] || env["USERPROFILE"];
  const config =
    process.platform === "win32"
      ? env["APPDATA"] || (home && join(home, "AppData", "Roaming"))
      : env["XDG_CONFIG_HOME"] || (home && join(home, ".config"));
  return config ? join(config, "nightdesk", "profiles") : null;
}

/** @throws UsageError for what cannot be the name of one. */
export function checkedName(text: string): string {
  if (name.test(text) && !text.endsWith(".")) return text;
  throw new UsageError(
    "the name of a profile has letters, digits, dots and dashes, 64 at most",
    "give --profile NAME",
  );
}

/** null: there is none of this name. @throws UsageError if it cannot be read; never with its content. */
export async function readProfile(env: Environment, named: string): Promise<Profile | null> {
  const path = pathOf(env, named);
  if (path === null) return null;
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw new UsageError(`the profile ${path} cannot be read (${codeOf(error)})`, "check its rights");
  }
  const profile = parsed(text);
  if (profile === null) {
    throw new UsageError(
      `the profile ${path} is not one`,
      `nightdesk login --profile ${named} writes it anew`,
    );
  }
  return profile;
}

/**
 * Whole or not at all, for this user alone: written beside it, brought to the disk, then renamed.
 * @throws UsageError if it cannot be written.
 */
export async function writeProfile(env: Environment, named: string, profile: Profile): Promise<void> {
  const path = pathOf(env, named);
  if (path === null) throw new UsageError("there is no home for a profile", "set HOME or XDG_CONFIG_HOME");
  const fresh = `${path}.${randomUUID()}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(fresh, "wx", 0o600);
    try {
      await file.writeFile(`${JSON.stringify(profile, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    if (process.platform !== "win32") await chmod(fresh, 0o600);
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw new UsageError(`the profile ${path} cannot be written (${codeOf(error)})`, "check its folder");
  }
}

/** False if there was none. @throws UsageError if it cannot be removed. */
export async function removeProfile(env: Environment, named: string): Promise<boolean> {
  const path = pathOf(env, named);
  if (path === null) return false;
  try {
    await rm(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw new UsageError(`the profile ${path} cannot be removed (${codeOf(error)})`, "check its folder");
  }
}

/** Their names in order. */
export async function profileNames(env: Environment): Promise<string[]> {
  const folder = profilesFolder(env);
  if (folder === null) return [];
  const files = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw new UsageError(`the profiles cannot be read (${codeOf(error)})`, "check their folder");
  });
  return files
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .filter((one) => name.test(one))
    .sort();
}

function pathOf(env: Environment, named: string): string | null {
  const folder = profilesFolder(env);
  return folder === null ? null : join(folder, `${checkedName(named)}.json`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function parsed(text: string): Profile | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { url, poolId, key, scheme } = value as Record<string, unknown>;
  const whole =
    typeof url === "string" &&
    (poolId === null || typeof poolId === "string") &&
    typeof key === "string" &&
    (scheme === "AppKey" || scheme === "Bearer");
  return whole ? { url, poolId, key, scheme } : null;
}
