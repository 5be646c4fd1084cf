import { systemClock } from "./base/clock.ts";
import { httpFetch } from "./relay/index.ts";
import { poolEnvironment, readConfig } from "./config.ts";
import { runDemo } from "./demo/demo.ts";
import { startNightdesk } from "./nightdesk.ts";

export interface StartDemoOptions {
  home?: string;
  port?: number;
  env: Record<string, string | undefined>;
  stdout: NodeJS.WriteStream;
  report: (line: string) => void;
  signal: AbortSignal;
}

/** `nightdesk demo`: the demo room with the real server handed in. Resolves with the exit code. */
export function startDemo({ home, port, env, stdout, report, signal }: StartDemoOptions): Promise<number> {
  const config = readConfig({ home: home ?? (env["NIGHTDESK_HOME"] || ".nightdesk"), port }, env);
  return runDemo({
    home: config.home,
    host: config.host,
    port: config.port,
    demoPgUrl: env["NIGHTDESK_DEMO_PG_URL"],
    searchPath: env["PATH"],
    startServer: (settings) =>
      startNightdesk(readConfig({ ...settings, stopGraceSeconds: 0 }, env), {
        report,
        poolEnvironment: poolEnvironment(env),
      }),
    fetch: httpFetch(),
    out: stdout,
    clock: systemClock,
    signal,
  });
}
