import { spawn, type ChildProcess } from "node:child_process";
import { systemClock, type Clock } from "../base/clock.ts";
import { foundLines, type Probe, type ProbeLook } from "../model/probe.ts";

/** A check that prints more has found something, and is not read to its end. */
const mostBytes = 64 * 1024;

/** What a program needs to find others, its settings and wallets, and to speak plainly; nothing else is handed on. */
const handedOn = ["PATH", "HOME", "SystemRoot", "USERPROFILE"] as const;

/**
 * A program that prints what it finds. Exit code 0 and nothing printed is clear; any line is a finding, whatever comes
 * after it, for a look that saw something must not read as one that saw nothing; anything else is unknown.
 * Standard error is thrown away: tools put what they were called with there, passwords too.
 * @param argv program and arguments; no shell reads them.
 * @param env of which a few variables are handed on.
 */
export function commandProbe(
  argv: readonly [string, ...string[]],
  {
    limitMs,
    env,
    clock = systemClock,
  }: { limitMs: number; env: Readonly<Record<string, string | undefined>>; clock?: Clock },
): Probe {
  return {
    look: async ({ signal }): Promise<ProbeLook> => {
      signal.throwIfAborted();
      const at = clock.now();
      const ended = await run(argv, { limitMs, env: minimal(env), signal });
      signal.throwIfAborted();
      const lines = ended.printed.split(/\r?\n/).filter((line) => line.trim() !== "");
      if (lines.length > 0) return { clear: false, found: foundLines(lines), at };
      if (ended.trouble !== null) return { unknown: ended.trouble };
      if (ended.printed !== "")
        return { unknown: "the command printed blank lines, and nothing is expected" };
      return { clear: true, at };
    },
  };
}

interface Ended {
  printed: string;
  /** Why it did not end as it should; null: exit code 0. */
  trouble: string | null;
}

/** Resolves when the process and its group are gone. */
function run(
  [program, ...args]: readonly [string, ...string[]],
  { limitMs, env, signal }: { limitMs: number; env: Record<string, string>; signal: AbortSignal },
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env,
      stdio: ["ignore", "pipe", "ignore"],
      // A group of its own, so that what it started can be ended with it.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let trouble: string | null = null;
    const end = (why: string): void => {
      trouble ??= why;
      killGroup(child);
      // Whoever left the group keeps the pipe open, and must not keep us.
      child.stdout.destroy();
    };
    const limit = setTimeout(
      () => end(`the command did not end within ${String(limitMs / 1000)} s`),
      limitMs,
    );
    const onAbort = (): void => end("the look was given up");
    signal.addEventListener("abort", onAbort, { once: true });
    child.stdout.on("data", (chunk: Buffer) => {
      if (bytes < mostBytes) chunks.push(chunk.subarray(0, mostBytes - bytes));
      bytes += chunk.length;
      if (bytes > mostBytes) end("the command printed more than is read");
    });
    const settle = (): void => {
      clearTimeout(limit);
      signal.removeEventListener("abort", onAbort);
      resolve({ printed: Buffer.concat(chunks).toString("utf8"), trouble });
    };
    child.once("error", (error: NodeJS.ErrnoException) => {
      trouble ??= `the command cannot be started (${error.code ?? "no code"})`;
      if (child.pid === undefined) settle();
    });
    child.once("close", (code, killedBy) => {
      if (killedBy !== null) trouble ??= `the command was ended by ${killedBy}`;
      else if (code !== 0) trouble ??= `the command ended with code ${String(code)}`;
      settle();
    });
  });
}

function killGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  if (process.platform === "win32") {
    spawn("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore", windowsHide: true }).once(
      "error",
      () => child.kill("SIGKILL"),
    );
    return;
  }
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of it is gone already.
  }
}

function minimal(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = handedOn.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return { ...Object.fromEntries(kept), LC_ALL: "C", TZ: "UTC" };
}
