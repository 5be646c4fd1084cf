#!/usr/bin/env node
/** The command `nightdesk`. Only here the process is touched: arguments, environment, streams, signals. */
import { readFileSync } from "node:fs";
import { systemClock } from "./base/clock.ts";
import { answersForSource, readSecret, runCli, unknownCode } from "./cli/index.ts";

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

const argv = process.argv.slice(2);
const answers = answersForSource(argv);
/** The answer could not be given to its end: whoever waits for it must not take it for a good one. */
const noAnswer = (): void => {
  if (answers) process.exitCode = Math.max(unknownCode, Number(process.exitCode ?? 0));
};
// An answer that nobody could read is none. A server goes on without its output; what only warns may be lost.
// And whoever looks again and again for a reader that is gone would do so for ever.
stdout.on("error", () => {
  noAnswer();
  if (answers) ending.abort();
});
stderr.on("error", () => {});
if (answers) {
  const onFault = (error: unknown): void => {
    noAnswer();
    report(`a fault of nightdesk itself: ${error instanceof Error ? error.message : String(error)}`);
    process.exit();
  };
  process.on("uncaughtException", onFault).on("unhandledRejection", onFault);
}

const code = await runCli(argv, {
  env,
  stdout,
  stderr,
  clock: systemClock,
  signal: ending.signal,
  version,
  secret: async (prompt) => {
    try {
      return await readSecret(prompt, process.stdin, stderr);
    } finally {
      // What was opened for reading keeps the process alive.
      process.stdin.destroy();
    }
  },
  serve: async (options) => {
    const { serve } = await import("./serve.ts");
    const out = (line: string): void => void stdout.write(`${line}\n`);
    const onBrokenDisk = (): void => {
      process.exit(1);
    };
    return serve({ ...options, env, out, report, onBrokenDisk, signal: ending.signal });
  },
  probes: async (file) => {
    const { readProbesFile } = await import("./probes-file.ts");
    return readProbesFile(file, { env, warn: (line) => void stderr.write(`${line}\n`) });
  },
  verifyAudit: async (home, known) => {
    const { verifyHome } = await import("./verify-home.ts");
    return verifyHome(home, known);
  },
  handOutKit: async (client, order, options) => {
    const { handOutKit } = await import("./hand-out-kit.ts");
    return handOutKit(client, order, options);
  },
  demo: async (options) => {
    const { startDemo } = await import("./start-demo.ts");
    return startDemo({ ...options, env, stdout, report, signal: ending.signal });
  },
});
process.exitCode = Math.max(code, Number(process.exitCode ?? 0));
