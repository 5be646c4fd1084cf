/** How long the command takes to start, as a whole process, against Node with nothing to do. */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { figureOf, percentile, seconds, type Figure, type Measure } from "./figure.ts";
import { adminKey, command, startShippedServer } from "./shipped-server.ts";

export async function bench({ quick, folder, say }: Measure): Promise<Figure[]> {
  const turns = quick ? 5 : 30;
  const empty = join(folder, "empty.mjs");
  const keyFile = join(folder, "key");
  await writeFile(empty, "");
  await writeFile(keyFile, adminKey, { mode: 0o600 });
  const server = await startShippedServer(join(folder, "home"));
  try {
    const { id: pool } = await server.ok("POST", "/integration/api/pools", { name: "SAP ECC" });
    const status = [command, "status", "--url", server.url, "--pool", pool, "--key-file", keyFile];
    const samples: Record<"empty" | "help" | "status", number[]> = { empty: [], help: [], status: [] };
    // The first turn reads the files from disk, and is not counted.
    for (let turn = 0; turn <= turns; turn += 1) {
      const took = {
        empty: await seconds(() => run([empty])),
        help: await seconds(() => run([command, "--help"])),
        status: await seconds(() => run(status)),
      };
      if (turn === 0) continue;
      for (const name of ["empty", "help", "status"] as const) samples[name].push(took[name]);
    }
    say(`${String(turns)} turns`);
    const against = (name: "help" | "status", atMost: number): Figure =>
      figureOf(
        `start-up: nightdesk ${name === "help" ? "--help" : name}, against an empty Node script`,
        samples[name].map((took, turn) => took / (samples.empty[turn] ?? Number.NaN)),
        { atMost },
        `${milliseconds(samples[name])} and ${milliseconds(samples.empty)} ms`,
      );
    return [against("help", 1.5), against("status", 2.5)];
  } finally {
    await server.end();
  }
}

function milliseconds(samples: readonly number[]): string {
  return (percentile(samples, 0.5) * 1000).toFixed(0);
}

async function run(argv: string[]): Promise<void> {
  const child = spawn(process.execPath, argv, { stdio: "ignore" });
  const code = await new Promise<number | null>((ended) => child.once("close", ended));
  if (code !== 0) throw new Error(`node ${argv.join(" ")} ended with ${String(code)}`);
}
