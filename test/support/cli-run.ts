/** The command in this process, with everything it touches in the hands of the test. */
import { systemClock } from "../../src/base/clock.ts";
import { handOutKit } from "../../src/hand-out-kit.ts";
import { runCli } from "../../src/cli/index.ts";
import type { CliContext } from "../../src/cli/index.ts";

export interface CliRun {
  code: number;
  stdout: string;
  stderr: string;
  lines: string[];
}

export async function runNightdesk(
  argv: readonly string[],
  context: Partial<CliContext> = {},
): Promise<CliRun> {
  let stdout = "";
  let stderr = "";
  const code = await runCli(argv, {
    env: {},
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    clock: systemClock,
    signal: new AbortController().signal,
    version: "0.0.0-test",
    secret: () => Promise.reject(new Error("no secret was to be typed")),
    serve: () => Promise.reject(new Error("serve was not asked for")),
    demo: () => Promise.reject(new Error("demo was not asked for")),
    handOutKit,
    probes: () => Promise.reject(new Error("probes were not asked for")),
    verifyAudit: () => Promise.reject(new Error("verifyAudit was not asked for")),
    ...context,
  });
  return { code, stdout, stderr, lines: stdout.split("\n").slice(0, -1) };
}
