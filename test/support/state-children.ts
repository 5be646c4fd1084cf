import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** A script in a process of its own, killed at the end of the test if it still runs. */
export interface ScriptProcess {
  /** The next line it prints; null once it printed its last. */
  line(): Promise<string | null>;
  /** Writes a line to its standard input. */
  tell(line: string): void;
  /** kill -9, then waits until the process is gone. */
  kill(): Promise<void>;
}

export function startScript(script: URL, ...args: string[]): ScriptProcess {
  const child = spawn(process.execPath, ["--import", "tsx", fileURLToPath(script), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  // It may have ended before it reads.
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  onTestFinished(() => kill(child));
  return {
    async line() {
      const next = await lines.next();
      return next.done === true ? null : next.value;
    },
    tell: (line) => void child.stdin.write(`${line}\n`),
    kill: () => kill(child),
  };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
