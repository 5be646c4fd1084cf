#!/usr/bin/env node
/**
 * Builds `dist/`: every module by tsc, the .sql files beside them, the command as one bundled file,
 * `dist/bin.js`, and the night page as static files, `dist/page`. Does nothing when `dist/.build` says that nothing changed since the last build.
 * A build that fails leaves the earlier `dist/` as it was.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** npm packages that may be part of the bundled command; everything else would slow its start down. */
const bundledPackages = ["commander", "croner"];

/** All files below a folder, sorted, so that a digest over them does not depend on the file system. */
async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** One digest over everything that decides what the build gives. */
async function digestOfInputs(root) {
  const inputs = [
    ...(await filesBelow(join(root, "src"))),
    ...(await filesBelow(join(root, "console"))),
    ...["scripts/build.mjs", "tsconfig.json", "tsconfig.build.json", "package-lock.json"].map((name) =>
      join(root, name),
    ),
  ];
  const hash = createHash("sha256");
  for (const path of inputs) {
    if (path.endsWith(".test.ts")) continue;
    const content = await readFile(path);
    hash.update(`${relative(root, path).replaceAll(sep, "/")}\0${String(content.length)}\0`).update(content);
  }
  return hash.digest("hex");
}

async function isBuilt(root, digest) {
  try {
    return (await readFile(join(root, "dist", ".build"), "utf8")).trim() === digest;
  } catch {
    return false;
  }
}

async function compile(root, outDir, signal) {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  // A process group of its own: the compiler is another program that this one starts, and it goes on writing
  // after a mere request to end.
  const detached = process.platform !== "win32";
  const child = spawn(process.execPath, [compiler, "-p", "tsconfig.build.json", "--outDir", outDir], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    detached,
  });
  const end = () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    if (detached && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    else child.kill();
  };
  signal.addEventListener("abort", end);
  const code = await new Promise((ended, failed) => {
    child.on("error", failed);
    child.on("close", ended);
  });
  signal.removeEventListener("abort", end);
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`tsc found errors (exit code ${String(code)})`);
}

async function copySql(root, outDir) {
  const source = join(root, "src");
  for (const path of await filesBelow(source)) {
    if (!path.endsWith(".sql")) continue;
    const target = join(outDir, relative(source, path));
    await mkdir(dirname(target), { recursive: true });
    await copyFile(path, target);
  }
}

/**
 * Modules directly in src/ put the server together and load what is heavy: the command reaches them by
 * `import()` only, as the files tsc made, and so does not pay for them at its start.
 */
function rootFilesStayOutside(sourceFolder) {
  return {
    name: "root files stay outside",
    setup(build) {
      build.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir, kind }) => {
        if (kind === "entry-point") return undefined;
        const target = resolve(resolveDir, path);
        if (dirname(target) !== sourceFolder) return undefined;
        return { path: `./${relative(sourceFolder, target).replace(/\.ts$/, ".js")}`, external: true };
      });
    },
  };
}

async function bundleCommand(root, outDir) {
  const { build } = await import("esbuild");
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, "src", "bin.ts")],
    outfile: join(outDir, "bin.js"),
    allowOverwrite: true,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    // commander is CommonJS and calls require() for modules of Node, which an ES module does not have.
    banner: {
      js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);',
    },
    plugins: [rootFilesStayOutside(join(root, "src"))],
  });
  const strangers = Object.keys(metafile.inputs)
    .map((path) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
    .filter((name) => name !== undefined && !bundledPackages.includes(name));
  if (strangers.length > 0) {
    throw new Error(
      `the bundled command must not hold ${[...new Set(strangers)].join(", ")}: load it behind import() of a root file`,
    );
  }
  await rm(join(outDir, "bin.js.map"), { force: true });
  await rm(join(outDir, "bin.d.ts"), { force: true });
  await chmod(join(outDir, "bin.js"), 0o755);
}

/** The page: Vite's configuration is the console's own. */
async function buildPage(root, outDir) {
  const { build } = await import("vite");
  const configFile = join(root, "console", "vite.config.ts");
  await build({ configFile, mode: "production", build: { outDir: join(outDir, "page") } });
}

/**
 * Builds if anything changed.
 * @param {{ root?: string, signal?: AbortSignal }} [options] `root`: the folder of package.json.
 * @returns {Promise<"built" | "unchanged">}
 * @throws Error with one line; what the compilers found went to standard error before.
 */
export async function build({ root = repository, signal = new AbortController().signal } = {}) {
  const digest = await digestOfInputs(root);
  if (await isBuilt(root, digest)) return "unchanged";
  const fresh = join(root, `dist.${String(process.pid)}`);
  try {
    await compile(root, fresh, signal);
    await copySql(root, fresh);
    await bundleCommand(root, fresh);
    await buildPage(root, fresh);
    signal.throwIfAborted();
    await writeFile(join(fresh, ".build"), `${digest}\n`);
    await rm(join(root, "dist"), { recursive: true, force: true });
    await rename(fresh, join(root, "dist"));
  } finally {
    // A compiler that was told to end may write for another moment.
    await rm(fresh, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
  return "built";
}

/** A signal fails the build instead of ending us at once, so that the half of it goes away again. */
function failOnSignal() {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      stop.abort(new Error(`stopped by ${signal}`));
    });
  }
  return stop.signal;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.error(`dist: ${await build({ signal: failOnSignal() })}`);
  } catch (error) {
    console.error(`build failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
