/**
 * `npm run bench -- [NAME ...] [--quick] [--out FILE]`: measures, prints a table and JSON. A goal that was not
 * met is no failure; a measurement that could not be made, or whose rows are wrong, is.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isMet, tableOf, type Bench, type Figure } from "./figure.ts";

const benches: Record<string, () => Promise<{ bench: Bench }>> = {
  extraction: () => import("./extraction.ts"),
  cancel: () => import("./cancel.ts"),
  status: () => import("./status.ts"),
  startup: () => import("./startup.ts"),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, out: { type: "string" } },
});
const wanted = positionals.length === 0 ? Object.keys(benches) : positionals;
const unknown = wanted.filter((name) => benches[name] === undefined);
if (unknown.length > 0) {
  console.error(`no such measurement: ${unknown.join(", ")}; there are: ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}

const figures: Figure[] = [];
for (const name of wanted) {
  const folder = await mkdtemp(join(tmpdir(), "nightdesk-bench-"));
  try {
    const { bench } = (await benches[name]?.()) ?? {};
    const measured = await bench?.({
      quick: values.quick,
      folder,
      say: (line) => {
        console.error(`${name}: ${line}`);
      },
    });
    figures.push(...(measured ?? []));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
for (const line of tableOf(figures)) console.log(line);
const report = JSON.stringify(
  {
    node: process.version,
    cores: cpus().length,
    quick: values.quick,
    figures: figures.map((figure) => ({ ...figure, met: isMet(figure) })),
  },
  null,
  2,
);
console.log(report);
if (values.out !== undefined) await writeFile(values.out, `${report}\n`);
