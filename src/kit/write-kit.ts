import { randomUUID } from "node:crypto";
import { link, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { zipSync } from "fflate";
import { refusal, type KitFile } from "./facts.ts";

/** Refuses a place where something is: a kit never replaces anything. @throws UserError */
export async function refuseExisting(out: string): Promise<void> {
  const there = await lstat(out).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  });
  if (there !== null) throw refusal(`${out} is there already`, "remove it, or name another with --out");
}

/**
 * Writes a kit as a folder, or as a zip where the name ends so. It is there as a whole or not at all: it comes
 * about beside its place and is moved there at the end. Only its owner may read it, for the key in it.
 * @throws UserError where something is already; an error of the file system.
 */
export async function writeKit(
  out: string,
  files: readonly KitFile[],
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const target = resolve(out);
  const fresh = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
  const zip = /\.zip$/i.test(target);
  await refuseExisting(target);
  try {
    if (zip) {
      const entries = files.map(({ path, bytes }) => [path, new Uint8Array(bytes)] as const);
      await writeWhole(fresh, zipSync(Object.fromEntries(entries), { level: 9 }));
    } else {
      await mkdir(fresh, { mode: 0o700 });
      for (const { path, bytes } of files) {
        signal.throwIfAborted();
        await mkdir(dirname(join(fresh, path)), { recursive: true, mode: 0o700 });
        await writeWhole(join(fresh, path), bytes);
      }
    }
    signal.throwIfAborted();
    await refuseExisting(target);
    // Of a file a second name is refused where there is one already; a folder can only be moved.
    if (zip) await link(fresh, target);
    else await rename(fresh, target);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
