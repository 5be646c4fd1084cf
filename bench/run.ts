/**
 * `npm run bench -- [NAME ...] [--quick] [--out FILE]`: measures, prints a table and then JSON.
 * Exit code 0 also where a goal is missed; 1 where a measurement could not be made or gave wrong results.
 */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { benchCancel } from "./cancel.ts";
import { benchExtraction } from "./extraction.ts";
import { tableOf, type Bench, type Figure } from "./figure.ts";
import { benchMemory } from "./memory.ts";
import { command } from "./stage.ts";
import { benchStartup } from "./startup.ts";
import { benchStatus } from "./status.ts";

const benches: Record<string, Bench> = {
  extraction: async (options) => [...(await benchExtraction(options)), ...(await benchMemory(options))],
  cancel: benchCancel,
  status: benchStatus,
  startup: benchStartup,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, out: { type: "string" } },
});
const names = positionals.length === 0 ? Object.keys(benches) : positionals;
const unknown = names.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  console.error(`no measurement ${unknown.join(", ")}; there are ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
if (!existsSync(command)) {
  console.error("there is no dist/: run npm run build first");
  process.exit(2);
}

const figures: Figure[] = [];
for (const name of names) {
  const say = (line: string): void => console.error(`${name}: ${line}`);
  try {
    figures.push(...((await benches[name]?.({ quick: values.quick, say })) ?? []));
  } catch (error) {
    process.exitCode = 1;
    console.error(
      `${name}: NOT MEASURED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }
}

const json = JSON.stringify(
  {
    at: new Date().toISOString(),
    quick: values.quick,
    machine: {
      node: process.version,
      platform: process.platform,
      cpus: cpus().length,
      memoryBytes: totalmem(),
    },
    figures,
  },
  null,
  2,
);
console.log(`${tableOf(figures)}\n\n${json}`);
if (values.out !== undefined) await writeFile(values.out, `${json}\n`);
