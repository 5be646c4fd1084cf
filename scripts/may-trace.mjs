import { spawnSync } from "node:child_process";

/** Whether another process's calls can be looked into and made to fail here: strace, and the right to trace. */
export function mayTrace() {
  return spawnSync("strace", ["-o", "/dev/null", "true"], { stdio: "ignore" }).status === 0;
}
