#!/usr/bin/env node
/**
 * Packs the SDK as a package of its own, `nightdesk-sdk`, without any dependency: `dist/sdk` and, of the contract,
 * the types alone. `node scripts/pack-sdk.mjs DIR` writes the tarball into DIR and prints its name. `dist/` must be
 * built.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** What the package says of itself: version, licence and Node are those of the whole. */
async function manifest() {
  const { version, license, engines } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  return {
    name: "nightdesk-sdk",
    version,
    description: "The client of Nightdesk and of the Celonis Data Integration wire. No dependency.",
    license,
    type: "module",
    sideEffects: false,
    engines,
    exports: {
      ".": { types: "./sdk/index.d.ts", default: "./sdk/index.js" },
      "./package.json": "./package.json",
    },
    files: ["sdk", "contract", "README.md", "LICENSE"],
  };
}

/** Copies the files of one folder of `dist` that end in one of `endings`. */
async function copyFiles(from, to, endings) {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (endings.some((ending) => name.endsWith(ending))) await cp(join(from, name), join(to, name));
  }
}

/**
 * @param {string} target Folder for the tarball.
 * @returns {Promise<string>} Path of the tarball.
 */
export async function packSdk(target) {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-sdk-"));
  try {
    await copyFiles(join(root, "dist", "sdk"), join(folder, "sdk"), [".js", ".d.ts"]);
    await copyFiles(join(root, "dist", "contract"), join(folder, "contract"), [".d.ts"]);
    await cp(join(root, "LICENSE"), join(folder, "LICENSE"));
    await cp(join(root, "docs", "sdk.md"), join(folder, "README.md"));
    await writeFile(join(folder, "package.json"), `${JSON.stringify(await manifest(), null, 2)}\n`);
    const args = ["pack", "--json", "--offline", "--pack-destination", resolve(target)];
    const { stdout } = await promisify(execFile)("npm", args, {
      cwd: folder,
      shell: process.platform === "win32",
    });
    const [{ filename }] = JSON.parse(stdout);
    return join(resolve(target), filename);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const target = process.argv[2];
  if (target === undefined) {
    console.error("usage: node scripts/pack-sdk.mjs DIR");
    process.exitCode = 2;
  } else {
    console.log(await packSdk(target));
  }
}
