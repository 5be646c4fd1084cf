import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { caller, checked, type TestServer } from "./nightdesk.ts";

export interface ServerProcess extends Pick<TestServer, "call" | "ok" | "url"> {
  child: ChildProcess;
  /** Everything it printed so far, both streams. */
  output: () => string;
  /** Sends the signal and waits until it is gone; the exit code, or null after a kill. */
  end: (signal: "SIGTERM" | "SIGKILL") => Promise<number | null>;
}

/**
 * A real server in its own process on a home; resolves when it listens, rejects with its output if it ends.
 * `settings` are variables of its environment. Without one it gives what runs no time of its own when it is ended.
 */
export async function startServerProcess(
  home: string,
  adminKey: string,
  settings: Record<string, string> = {},
  port = 0,
): Promise<ServerProcess> {
  const script = fileURLToPath(new URL("./serve-child.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, home, String(port)], {
    env: {
      ...process.env,
      NIGHTDESK_ADMIN_KEY: adminKey,
      NIGHTDESK_STOP_GRACE_SECONDS: "0",
      ...settings,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    const onData = (data: Buffer): void => {
      output += data.toString();
      const found = /listens on (\S+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on("data", onData);
    child.stderr.on("data", onData);
    child.on("close", (code) => {
      reject(new Error(`the server ended with ${String(code)}: ${output}`));
    });
  });
  const call = caller(url, adminKey);
  return {
    child,
    url,
    call,
    ok: checked(call),
    output: () => output,
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      // Not "close": a process of a pool that outlives it holds the same streams.
      const exited = once(child, "exit");
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}
