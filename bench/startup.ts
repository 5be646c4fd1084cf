/**
 * How long the command takes from start to end as a process: `nightdesk --help`, and `nightdesk status` against a
 * server on this machine with one job, each against a Node that runs an empty file.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeExtractionJob } from "../test/support/nightdesk.ts";
import { interleave, pairwise, secondsOf, type Bench } from "./figure.ts";
import { command, makePool, Stage } from "./stage.ts";

export const benchStartup: Bench = ({ quick }) =>
  Stage.with(async (stage) => {
    const empty = join(stage.folder, "empty.mjs");
    await writeFile(empty, "");
    const server = await stage.nightdesk("home");
    // The address is never called: nothing runs.
    const nowhere = {
      host: "127.0.0.1",
      port: 9,
      user: "reader",
      password: "CANARY-bench",
      database: "none",
    };
    const pool = await makePool(server, nowhere);
    await makeExtractionJob(server, pool, "Order to cash", ["VBAK"]);
    const keyFile = join(stage.folder, "admin.key");
    await writeFile(keyFile, `${server.adminKey}\n`, { mode: 0o600 });

    const status = ["status", "--url", server.url, "--pool", pool.poolId, "--key-file", keyFile];
    const sides = {
      empty: () => secondsOf(() => run([empty], "")),
      help: () => secondsOf(() => run([command, "--help"], "Usage: nightdesk")),
      status: () => secondsOf(() => run([command, ...status], "Order to cash")),
    };
    await interleave(2, sides); // not counted: files are read for the first time
    const seconds = await interleave(quick ? 5 : 40, sides);

    const inMs = (taken: number[]): number[] => taken.map((one) => one * 1000);
    const limit = inMs(seconds.empty);
    const figure = { bench: "startup", limit, unit: "ms" };
    return [
      pairwise({
        ...figure,
        name: "time: nightdesk --help / an empty script",
        ours: inMs(seconds.help),
        goal: { sign: "<=", value: 1.5 },
      }),
      pairwise({
        ...figure,
        name: "time: nightdesk status / an empty script",
        ours: inMs(seconds.status),
        goal: { sign: "<=", value: 2.5 },
      }),
    ];
  });

/** A whole process with what it prints read; it must print `expected` and end with 0. */
async function run(args: string[], expected: string): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0 || !output.includes(expected))
    throw new Error(`node ${args.join(" ")} ended with ${String(code)} and said ${JSON.stringify(output)}`);
}
