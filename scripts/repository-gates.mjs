/**
 * Gates over the repository as text: the lockfile, paths of a developer's machine, secrets.
 * Pure functions over what was read, so that a test can plant each fault.
 */

/**
 * What must hold of `package-lock.json`: every package is pinned by its integrity, and no registry's host
 * is named (`.npmrc` sets omit-lockfile-registry-resolved), so that any registry may serve the same bytes;
 * and the binaries of every platform are in it, those of this machine are not enough.
 * @param {string} text
 * @returns {{ looked: number, faults: string[] }} `looked`: packages; one line a fault.
 */
export function lockfileFaults(text) {
  const entries = Object.entries(JSON.parse(text).packages ?? {}).filter(([path]) => path !== "");
  const places = new Set(entries.map(([path]) => path));
  const faults = [];
  for (const [path, entry] of entries) {
    if (entry.link === true) continue;
    if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(entry.integrity ?? ""))
      faults.push(`${path}: no sha512 integrity`);
    if (entry.resolved !== undefined) faults.push(`${path}: resolved from ${entry.resolved}`);
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      const known = places.has(`${path}/node_modules/${name}`) || places.has(`node_modules/${name}`);
      if (!known) faults.push(`${path}: ${name} is not in the lockfile, so that npm ci refuses it`);
    }
  }
  return { looked: entries.length, faults };
}

/** Folders where people and build machines keep clones; a path below one is true on one machine only. */
const machinePath =
  /(?<![\w.\-~$}/*])(?:file:\/\/)?\/(?:home|Users|root|work|workspaces?|builds)\/[\w.-]+|\b[A-Za-z]:\\Users\\\w+/;

/**
 * @param {{ path: string, text: string }[]} files
 * @param {string[]} places Folders of this very machine, e.g. the clone's own.
 */
export function machinePathFaults(files, places = []) {
  const telling = places.filter((place) => place.split("/").length > 2);
  return faultsByLine(files, (line) => {
    const found = machinePath.exec(line)?.[0] ?? telling.find((place) => line.includes(place));
    return found === undefined ? null : `path of one machine: ${found}`;
  });
}

const secretForms = [
  { what: "a private key", form: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/ },
  { what: "a Nightdesk key", form: /\bndk_[A-Za-z0-9_-]{43,}/ },
  {
    what: "a token of a code host",
    form: /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,}|glpat-[\w-]{20})/,
  },
  { what: "a token of a registry", form: /\bnpm_[A-Za-z0-9]{36}|_authToken\s*=\s*[^\s$]{8,}/ },
  { what: "a key of a cloud", form: /\bAKIA[0-9A-Z]{16}\b/ },
  // A placeholder is no password: <...>, ${...}, $NAME, PASSWORD, password, ..., ***
  {
    what: "an address with a password",
    form: /\b[a-z][a-z0-9+]*:\/\/[^\s/:@"'`]+:(?![<$*{.%]|[A-Z_]+@|password@)[^\s/@"'`]+@/,
  },
];

/** Secrets of tests carry CANARY- in themselves, and are let through: tests look for them in logs and answers. */
export function secretFaults(files) {
  return faultsByLine(files, (line) => {
    for (const { what, form } of secretForms) {
      const found = form.exec(line)?.[0];
      // What was found is not printed: the report must not be a second copy.
      if (found !== undefined && !found.includes("CANARY-")) return what;
    }
    return null;
  });
}

function faultsByLine(files, faultOf) {
  const faults = files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, at) => {
      const fault = faultOf(line);
      return fault === null ? [] : [`${path}:${String(at + 1)}: ${fault}`];
    }),
  );
  return { looked: files.length, faults };
}
