import { readConfig, poolEnvironment, type ConfigInput } from "./config.ts";
import { startNightdesk } from "./nightdesk.ts";

export interface ServeOptions extends ConfigInput {
  env: Record<string, string | undefined>;
  out: (line: string) => void;
  report: (line: string) => void;
  /** Ends the process at once, see `startNightdesk`. */
  onBrokenDisk: () => void;
  /** Aborts to end the server: a first time in order, see `Nightdesk.stop`. */
  signal: AbortSignal;
}

/**
 * `nightdesk serve`: the server alone, until `signal` aborts. Resolves with the exit code:
 * 0 when every execution ended with proof, 20 when one could not be proven (a later start goes on with it).
 */
export async function serve(options: ServeOptions): Promise<number> {
  const { env, out, report, signal, onBrokenDisk } = options;
  const server = await startNightdesk(readConfig(options, env), {
    report,
    log: out,
    poolEnvironment: poolEnvironment(env),
    onBrokenDisk,
  });
  out(`Nightdesk listens on ${server.url}`);
  if (server.https !== null) {
    const { url, certificateFile, made } = server.https;
    out(
      `Nightdesk listens on ${url}, certificate ${certificateFile}${made ? ", made now: clients have to be told to trust it" : ""}`,
    );
  }
  if (server.newAdminKey !== null) {
    out(`Admin key, shown only now: ${server.newAdminKey}`);
  }
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  out("Nightdesk stops: no new work");
  const { unproven } = await server.stop();
  if (unproven > 0)
    report(`${String(unproven)} execution(s) not proven to have ended; the next start goes on with them`);
  return unproven === 0 ? 0 : 20;
}
