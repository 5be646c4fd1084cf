/** The command as a process of its own: exit code, streams, signals. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../src/bin.ts", import.meta.url));

export interface Ended {
  /** null after a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Program and arguments, before the command's own. */
export const command = [process.execPath, "--import", "tsx", bin];

export interface Started {
  pid: number;
  /** Nobody reads what it writes from now on. */
  closeOutput: () => void;
  /** What it wrote so far, both streams. */
  output: () => string;
  /** Sends a signal, unless it has ended. */
  kill: (signal: NodeJS.Signals) => void;
  ended: Promise<Ended>;
}

/** `input`: what it reads from standard input; nothing if it is not given. */
export function startProcess(
  program: string,
  argv: string[],
  env: Record<string, string>,
  input?: string,
): Started {
  const child = spawn(program, argv, {
    env: { ...env, PATH: process.env["PATH"] },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("latin1")));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("latin1")));
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code) => resolve({ code, stdout, stderr })),
  );
  return {
    pid: child.pid ?? 0,
    closeOutput: () => child.stdout.destroy(),
    output: () => stdout + stderr,
    kill: (signal) => void child.kill(signal),
    ended,
  };
}

export function startCommand(argv: string[], env: Record<string, string>, input?: string): Started {
  return startProcess(process.execPath, [...command.slice(1), ...argv], env, input);
}
