#!/usr/bin/env node
/** The command `nightdesk`. Only here the process is touched: arguments, environment, streams, signals. */
import { readFileSync } from "node:fs";
import { systemClock } from "./base/clock.ts";
import { runCli } from "./cli/index.ts";

const ending = new AbortController();
// A terminal sends Ctrl-C to npm and to us, and npm hands it on: the second one is the same wish.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    ending.abort();
  });
}

const report = (line: string): void => {
  process.stderr.write(`nightdesk: ${line}\n`);
};
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};
const { env, stdout, stderr } = process;

process.exitCode = await runCli(process.argv.slice(2), {
  env,
  stdout,
  stderr,
  clock: systemClock,
  signal: ending.signal,
  version,
  serve: async (options) => {
    const { serve } = await import("./serve.ts");
    const out = (line: string): void => void stdout.write(`${line}\n`);
    return serve({ ...options, env, out, report, signal: ending.signal });
  },
  verifyAudit: async (home, known) => {
    const { verifyHome } = await import("./verify-home.ts");
    return verifyHome(home, known);
  },
  demo: async (options) => {
    const { startDemo } = await import("./start-demo.ts");
    return startDemo({ ...options, env, stdout, report, signal: ending.signal });
  },
});
