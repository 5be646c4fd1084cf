import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { caller, checked, type TestServer } from "../test/support/nightdesk.ts";

/** The command as it is shipped. */
export const command = fileURLToPath(new URL("../dist/bin.js", import.meta.url));
export const adminKey = "CANARY-the-first-key-of-a-server-that-is-measured";

export interface ShippedServer extends Pick<TestServer, "call" | "ok" | "url"> {
  home: string;
  /** Highest resident memory so far (bytes) of the server's process and of its pools' processes together with it. */
  peaks(): Promise<{ server: number; pools: number[] }>;
  end(): Promise<void>;
}

/** `nightdesk serve` on a home, from dist/, in a process of its own; resolves when it listens. */
export async function startShippedServer(home: string): Promise<ShippedServer> {
  const child = spawn(process.execPath, [command, "serve", "--home", home, "--port", "0"], {
    env: { ...process.env, NIGHTDESK_ADMIN_KEY: adminKey },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let output = "";
    child.stdout.on("data", (data: Buffer) => {
      output += data.toString();
      const found = /https?:\/\/\S+/.exec(output)?.[0];
      if (found !== undefined) resolve(found);
    });
    child.once("close", (code) => {
      reject(new Error(`the server ended with ${String(code)}: ${output}`));
    });
  });
  const pid = String(child.pid);
  const call = caller(url, adminKey);
  return {
    home,
    url,
    call,
    ok: checked(call),
    peaks: async () => ({
      server: await peakOf(pid),
      pools: await Promise.all((await childrenOf(pid)).map(peakOf)),
    }),
    end: async () => {
      const closed = once(child, "close");
      child.kill("SIGTERM");
      await closed;
    },
  };
}

async function childrenOf(pid: string): Promise<string[]> {
  const lists = await Promise.all(
    (await readdir(`/proc/${pid}/task`)).map((thread) =>
      readFile(`/proc/${pid}/task/${thread}/children`, "utf8"),
    ),
  );
  return lists.join(" ").split(" ").filter(Boolean);
}

async function peakOf(pid: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
